"""A scene for following registries: endpoints on the simulated AWS, rollouts that have run there, and a starter that notes its orders."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from policies.bindings.matching import Start
from policies.bindings.origin import Origin
from policies.errors import RolloutError
from policies.fleet.loading import load_fleet
from policies.lifecycle import Ending, Outcome, Phase
from policies.loading import load_policy
from policies.serving import read_back
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import ATTEMPTS
from rollway.fleet.record import open_record
from rollway.journal.journal import Journal
from rollway.journal.leases import Bid, Held, acquire
from rollway.journal.records import Decided, Started
from rollway.loop.hands import read_config
from rollway.loop.starting import Request, plan_rollout
from rollway.registries.catching_up import Begun, Reach
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Throttle
from tests.bindings.documents import IMAGE, ROLE

ENDPOINTS = ("fraud-prod", "fraud-eu")


@dataclass
class Orders:
    """Begins rollouts by writing down what was asked for: what the caller of ``follow`` would do with it is not its business.

    Attributes:
        given: start and key of every new order.
        refusing: whether it cannot begin anything just now.
    """

    given: dict[str, Start] = field(default_factory=dict)
    refusing: bool = False

    def __call__(self, start: Start, key: str, journal: str) -> Begun:
        """Write the order down, once for each key."""
        assert journal == "s3://journal/rollway"
        if self.refusing:
            raise RolloutError("nobody takes orders", hint="later")
        if key in self.given:
            return Begun("", "it was asked for already")
        self.given[key] = start
        return Begun(f"run-{len(self.given)}", f"flow run run-{len(self.given)} was started")

    @property
    def models(self) -> list[tuple[str, str]]:
        """Endpoint and version of every order."""
        return [(start.place, start.origin.version) for start in self.given.values()]


@dataclass
class Scene:
    """The account, and what has happened in it.

    Attributes:
        rest: longer than any endpoint is left alone after a failure.
    """

    cloud: Cloud
    clock: VirtualClock
    reach: Reach
    orders: Orders = field(default_factory=Orders)
    rest: timedelta = timedelta(days=2)

    def begin(self, model: str, endpoint: str = "fraud-prod", origin: Origin | None = None) -> tuple[Held, Journal]:
        """Have a rollout begin on an endpoint, as its own process would."""
        policy = load_policy("canary")
        plan = plan_rollout(self.reach.aws, Request(endpoint, model, policy, origin=origin), self.clock.now())
        bid = Bid(rollout_id=plan.rollout_id, model=model, by="tester", lasts=timedelta(hours=1))
        held, journal = acquire(self.reach.store, endpoint, bid), Journal(self.reach.store, plan.rollout_id)
        journal.append(Started(at=self.clock.now(), by="tester", plan=plan, token=held.lease.token))
        return held, journal

    def end(
        self, begun: tuple[Held, Journal], outcome: Outcome, reason: str = "errors", meanwhile: str | None = None
    ) -> str:
        """Have it end, and return its name. A promotion moves the endpoint to the model, or to what somebody puts there meanwhile."""
        held, journal = begun
        chronicle = journal.read()
        at = self.clock.now()
        if outcome is Outcome.PROMOTED:
            self.serve(chronicle.plan.endpoint, meanwhile or held.lease.model)
        live = describe_endpoint(self.reach.aws, chronicle.plan.endpoint)
        serving = read_back(chronicle.plan, live, self.clock.now(), read_config(self.reach.aws, live.config))
        ending = Ending(outcome=outcome, reason=reason, at=at, serving=serving)
        state = chronicle.state.model_copy(update={"phase": Phase.FINISHED, "ending": ending})
        journal.append(Decided(at=self.clock.now(), action="finish", reason=reason, state=state))
        held.release(outcome)
        return chronicle.plan.rollout_id

    def serve(self, endpoint: str, model: str) -> None:
        """Move an endpoint to a model, as anybody could."""
        config = {"EndpointConfigName": f"{endpoint}-{self.clock.now():%d%H%M%S}"}
        self.cloud.call("CreateEndpointConfig", config | {"ProductionVariants": [variant(model)]})
        self.cloud.call("UpdateEndpoint", {"EndpointName": endpoint} | config)
        self.clock.advance(timedelta(minutes=1))
        self.cloud.tick()

    def lose_journal(self) -> None:
        """Have the journal turn down the next reading of a lease, however often it is tried."""
        self.cloud.faults.plant(Throttle(operation="GetObject", times=ATTEMPTS))

    def note_fleet(self, file: Path, model: str) -> None:
        """Have a fleet begin, as its own process would."""
        open_record(self.reach.store, load_fleet(file, model))

    def models(self) -> list[str]:
        """The SageMaker models that were made here."""
        names = [each["ModelName"] for each in self.cloud.call("ListModels", {})["Models"]]
        return sorted(name for name in names if name not in {"old", "other"})


def variant(model: str) -> dict[str, object]:
    """The one variant of a configuration."""
    sizes = {"InitialInstanceCount": 2, "InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}
    return {"VariantName": "AllTraffic", "ModelName": model} | sizes


def furnish(cloud: Cloud) -> None:
    """Have the endpoints serve the model ``old``; there is another one, too."""
    for model in ("old", "other"):
        cloud.call("CreateModel", {"ModelName": model, "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": ROLE})
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "old-config", "ProductionVariants": [variant("old")]})
    for endpoint in ENDPOINTS:
        cloud.call("CreateEndpoint", {"EndpointName": endpoint, "EndpointConfigName": "old-config"})
