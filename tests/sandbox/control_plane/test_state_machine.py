"""Whatever is asked in whatever order with whatever faults, the endpoint keeps its promises."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import (
    CapacityRefused,
    Fault,
    OutsideChange,
    ScalingActivity,
    SystemUpdating,
    UpdateRollbackFails,
    UpdateRollsBack,
)
from rollway.sandbox.sagemaker.serving import Serving

ENDPOINT = "shop"
CONFIGS = {"one": {"a": 9.0, "b": 1.0}, "two": {"a": 1.0, "b": 1.0}, "solo": {"a": 1.0}}
IN_PROGRESS = ("Creating", "Updating", "RollingBack", "Deleting", "SystemUpdating")
SERVING = ("InService", "UpdateRollbackFailed", "Updating", "RollingBack", "SystemUpdating")
ROLE = "arn:aws:iam::123456789012:role/rollway"
FAULTS: list[Fault] = [
    CapacityRefused(variant="a"),
    UpdateRollsBack(),
    UpdateRollsBack(silent=False, times=2),
    UpdateRollbackFails(),
    SystemUpdating(duration=timedelta(seconds=4)),
    OutsideChange(endpoint=ENDPOINT, weights={"a": 3}),
    OutsideChange(endpoint=ENDPOINT, config="two"),
    OutsideChange(endpoint=ENDPOINT, instances={"a": 3}),
    ScalingActivity(endpoint=ENDPOINT, variant="b", instances=2),
]


class EndpointLife(RuleBasedStateMachine):
    """Drives one endpoint at random and checks, after every step, what must always hold."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock(datetime(2026, 6, 1, tzinfo=UTC))
        self.cloud = Cloud(self.clock)
        self.in_flight: tuple[str | None, datetime | None] = (None, None)
        self.served: Serving | None = None
        model = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "m:1"}}
        self.cloud.call("CreateModel", model)
        for name, weights in CONFIGS.items():
            self.cloud.call("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": lineup(weights)})

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule(config=st.sampled_from(sorted(CONFIGS)))
    def create(self, config: str) -> None:
        self.ask("CreateEndpoint", EndpointConfigName=config)

    @rule(config=st.sampled_from(sorted(CONFIGS)), retain=st.booleans())
    def update(self, config: str, *, retain: bool) -> None:
        self.ask("UpdateEndpoint", EndpointConfigName=config, RetainAllVariantProperties=retain)

    @rule(variant=st.sampled_from(["a", "b"]), weight=st.integers(0, 9), count=st.integers(1, 4))
    def adjust(self, variant: str, weight: int, count: int) -> None:
        change = {"VariantName": variant, "DesiredWeight": weight, "DesiredInstanceCount": count}
        self.ask("UpdateEndpointWeightsAndCapacities", DesiredWeightsAndCapacities=[change])

    @rule()
    def delete(self) -> None:
        self.ask("DeleteEndpoint")

    @rule(fault=st.sampled_from(FAULTS))
    def go_wrong(self, fault: Fault) -> None:
        self.cloud.faults.plant(fault)

    @precondition(lambda self: self.status() is not None)
    @rule()
    def comes_to_rest(self) -> None:
        """After any faults, time alone brings the endpoint to rest, and one update of a served one to InService."""
        self.cloud.faults.clear()
        self.clock.advance(timedelta(minutes=5))
        assert self.status() in ("InService", "Failed", "UpdateRollbackFailed", None)
        if self.status() in ("InService", "UpdateRollbackFailed"):
            other = "solo" if self.describe()["EndpointConfigName"] != "solo" else "one"
            self.ask("UpdateEndpoint", EndpointConfigName=other)
            self.clock.advance(timedelta(minutes=5))
            assert (self.status(), self.describe()["EndpointConfigName"]) == ("InService", other)

    @invariant()
    def promises_hold(self) -> None:
        """What serves changes only by a completed deployment; at rest nothing is pending and Current equals Desired."""
        shown, serving = self.describe(), self.serving()
        status = shown.get("EndpointStatus")
        assert (serving is not None) is (status in SERVING)
        in_flight = (status, shown.get("LastModifiedTime"))
        if status in ("Updating", "RollingBack") and in_flight == self.in_flight:
            assert serving == self.served
        if status in ("InService", "UpdateRollbackFailed"):
            assert "PendingDeploymentSummary" not in shown
            for variant in shown["ProductionVariants"]:
                assert variant["CurrentWeight"] == variant["DesiredWeight"]
                assert variant["CurrentInstanceCount"] == variant["DesiredInstanceCount"]
        self.in_flight, self.served = in_flight, serving

    def ask(self, operation: str, **members: object) -> None:
        """Ask for a change: while one is in flight, it must be refused."""
        self.cloud.tick()
        before = self.status()
        try:
            self.cloud.call(operation, {"EndpointName": ENDPOINT, **members})
        except Refusal as refusal:
            assert refusal.code == "ValidationException"  # noqa: PT017 - both ways of ending are allowed
        else:
            assert before not in IN_PROGRESS

    def status(self) -> str | None:
        return self.cloud.endpoints.status(ENDPOINT)

    def serving(self) -> Serving | None:
        try:
            return self.cloud.endpoints.serving(ENDPOINT)
        except Refusal:
            return None

    def describe(self) -> dict[str, Any]:
        try:
            return self.cloud.call("DescribeEndpoint", {"EndpointName": ENDPOINT})
        except Refusal:
            return {}


def lineup(weights: dict[str, float]) -> list[dict[str, Any]]:
    fixed = {"ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return [{"VariantName": name, "InitialVariantWeight": weight, **fixed} for name, weight in weights.items()]


TestEndpointLife = EndpointLife.TestCase
TestEndpointLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)
