"""From a request to a rollout under way: read the facts, plan, claim the endpoint, open the journal. Changes nothing in SageMaker."""

import getpass
import hashlib
import socket
from dataclasses import dataclass
from datetime import datetime

from policies.errors import NotFound, PreflightError, Problem
from policies.lifecycle import begin
from policies.plan import Plan, make_plan
from policies.spec import Policy
from rollway.aws.facts import read_facts
from rollway.aws.objects import ObjectStore, parse_location
from rollway.aws.session import Aws
from rollway.journal.claims import Claim, claim_endpoint
from rollway.journal.journal import Journal
from rollway.journal.records import Started
from rollway.loop.hands import Hands
from rollway.loop.rollout import Rollout


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes:
        endpoint: the endpoint's name.
        model: name of the SageMaker model that shall take over.
        policy: how the rollout goes.
    """

    endpoint: str
    model: str
    policy: Policy


def plan_rollout(aws: Aws, request: Request, now: datetime) -> Plan:
    """Read the facts and plan.

    Raises:
        PreflightError: with every reason why the rollout cannot start.
        AwsError: AWS could not be read.
    """
    try:
        facts = read_facts(aws, request.endpoint, request.model)
    except NotFound as error:
        problem = Problem(f"endpoint {request.endpoint}", str(error), error.hint or "check the name and the Region")
        raise PreflightError([problem]) from error
    return make_plan(request.policy, facts, _name_rollout(request, now), now)


def open_journal(aws: Aws, location: str) -> ObjectStore:
    """Return the store that a journal's location names."""
    bucket, prefix = parse_location(location)
    return ObjectStore(aws, bucket, prefix)


def start(plan: Plan, store: ObjectStore, hands: Hands) -> Rollout:
    """Open the journal and claim the endpoint.

    Raises:
        JournalError: another rollout is under way on the endpoint.
        AwsError: the journal's bucket cannot be written.
    """
    by = whoami()
    journal = Journal(store, plan.rollout_id)
    journal.append(Started(at=plan.started_at, by=by, plan=plan))
    # Last, so that a journal which cannot be written never leaves the endpoint taken.
    claim_endpoint(store, plan.endpoint, Claim(rollout_id=plan.rollout_id, by=by, since=plan.started_at))
    return Rollout(plan, begin(plan), journal, hands)


def whoami() -> str:
    """Return who drives a rollout, for people who read the journal: user and host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _name_rollout(request: Request, now: datetime) -> str:
    digest = hashlib.sha256(f"{request.endpoint}\n{request.model}\n{now.isoformat()}".encode()).hexdigest()
    return f"{request.endpoint}-{now:%Y%m%dT%H%M%SZ}-{digest[:4]}"
