"""From a request to a rollout under way: read the facts, plan, take the endpoint, open the journal. Changes nothing in SageMaker."""

import contextlib
import getpass
import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from policies.bindings.origin import Origin
from policies.blueprint.model import Blueprint
from policies.brake import find_brakes, find_rest, is_wished_anew
from policies.endpoint_config import EndpointConfig
from policies.errors import NotFound, PreflightError, Problem, RolloutError
from policies.lifecycle import Outcome, begin
from policies.plan import Plan, make_plan
from policies.spec import Policy
from policies.windows.starting import find_window_obstacles
from rollway.aws.facts import read_declared, read_facts
from rollway.aws.load import measure_load
from rollway.aws.objects import ObjectStore, parse_location, utc_now
from rollway.aws.session import Aws
from rollway.journal.halts import read_halt
from rollway.journal.journal import Journal
from rollway.journal.leases import acquire, read_standing
from rollway.journal.records import Started
from rollway.loop.concluding import make_bid
from rollway.loop.hands import Hands
from rollway.loop.rollout import Rollout


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes:
        endpoint: the endpoint's name.
        model: name of the SageMaker model that shall take over.
        policy: how the rollout goes.
        config: a whole configuration that shall take over instead of just a model.
        rivals: names of further models that compete for it, in an A/B test.
        blueprint: what the configuration was read from: it may declare models and scaling besides.
        origin: the registered version that the model was made of; None where a person asks.
    """

    endpoint: str
    model: str
    policy: Policy
    config: EndpointConfig | None = None
    rivals: tuple[str, ...] = ()
    blueprint: Blueprint | None = None
    origin: Origin | None = None


def plan_rollout(aws: Aws, request: Request, now: datetime) -> Plan:
    """Read the facts and plan.

    Raises:
        PreflightError: with every reason why the rollout cannot start.
        AwsError: AWS could not be read.
    """
    try:
        wanted, alarms = request.config or request.model, request.policy.deployment_guardrails.alarms
        facts = read_facts(aws, request.endpoint, wanted, request.rivals, alarms)
        facts = read_declared(aws, facts, request.blueprint) if request.blueprint else facts
    except NotFound as error:
        problem = Problem(f"endpoint {request.endpoint}", str(error), error.hint or "check the name and the Region")
        raise PreflightError([problem]) from error
    load = measure_load(aws, facts.endpoint, request.policy.capacity, now)
    facts = facts.model_copy(update={"load": load})
    plan = make_plan(request.policy, facts, name_rollout(request, now), now)
    return plan.model_copy(update={"origin": request.origin})


def open_journal(aws: Aws, location: str, now: Callable[[], datetime] = utc_now) -> ObjectStore:
    """Return the store that a journal's location names; ``now`` tells this machine's time."""
    bucket, prefix = parse_location(location)
    return ObjectStore(aws, bucket, prefix, now)


def start(plan: Plan, store: ObjectStore, hands: Hands) -> Rollout:
    """Take the endpoint and open the journal.

    Raises:
        JournalError: another rollout is under way on the endpoint.
        PreflightError: every rollout is halted, or the policy's windows are closed and it does not hold.
        AwsError: the journal's bucket cannot be written.
    """
    refuse_if_halted(store)
    obstacles = list(find_window_obstacles(plan, store.server_now()))
    if obstacles:
        raise PreflightError(obstacles)
    bid = make_bid(plan, whoami())
    lease = acquire(store, plan.endpoint, bid)
    # One clock for the beginning and for all that is measured from it: until here, nothing has made sure that the local one is right.
    plan = plan.model_copy(update={"started_at": store.now() + lease.offset})
    journal = Journal(store, plan.rollout_id)
    try:
        journal.append(Started(at=plan.started_at, by=bid.by, plan=plan, token=lease.lease.token))
    except RolloutError:
        with contextlib.suppress(
            RolloutError
        ):  # if this fails too, whoever reconciles finds a rollout that never began
            lease.release(Outcome.ABORTED)
        raise
    return Rollout(plan, begin(plan), journal, hands, lease)


def refuse_if_halted(store: ObjectStore) -> None:
    """Refuse to start while every rollout is halted.

    Raises:
        PreflightError: they are.
    """
    halt = read_halt(store)
    if halt is not None:
        what = f"every rollout is halted since {halt.since:%Y-%m-%d %H:%M} UTC by {halt.by}: {halt.reason}"
        raise PreflightError([Problem("journal", what, "once the cause is gone: rollway lift --reason REASON")])


def refuse_if_braked(plan: Plan, store: ObjectStore, now: datetime) -> None:
    """Refuse what nothing but a person may start: the same model again after it was taken back, or an endpoint that needs a rest.

    Raises:
        PreflightError: with every reason.
    """
    standing = read_standing(store, plan.endpoint)
    past = standing.lease.history if standing else ()
    brake = plan.policy.brake
    wish = plan.origin.wish if plan.origin else ""
    found = (
        find_rest(brake, plan.endpoint, past, now)
        if is_wished_anew(wish, each.model, past)
        else find_brakes(brake, plan.endpoint, each.model, past, now)
        for each in plan.challengers
    )
    problems = list(
        dict.fromkeys(chain.from_iterable(found))
    )  # an endpoint that needs a rest needs it whichever model it is
    if problems:
        raise PreflightError(problems)


def whoami() -> str:
    """Return who drives a rollout, for people who read the journal: user and host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def name_rollout(request: Request, now: datetime) -> str:
    """Return the name of the rollout that is asked for at a moment: always the same for the same request."""
    what = "\n".join([request.config.name if request.config else request.model, *request.rivals])
    digest = hashlib.sha256(f"{request.endpoint}\n{what}\n{now.isoformat()}".encode()).hexdigest()
    return f"{request.endpoint}-{now:%Y%m%dT%H%M%SZ}-{digest[:4]}"
