"""The alarms around an update by SageMaker's guardrails, made, kept quiet, sounded and removed on the simulated AWS."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from policies.commands import ApplyConfig, ArmGuard, CreateConfig, RemoveGuard, SoundAlarm
from policies.endpoint_config import make, replace_model
from policies.guard import Guard, make_guard
from policies.loading import parse_policy
from rollway.aws.execution import carry_out, put_off
from rollway.aws.guarding import read_alarm_states
from rollway.aws.sagemaker import describe_config, describe_endpoint
from rollway.aws.session import Aws
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud

MINUTE = timedelta(minutes=1)
POLICY: dict[str, Any] = {
    "strategy": "guardrail",
    "stages": [{"share": 50, "bake": "4m"}, {"share": 100, "bake": "3m"}],
    "gates": {
        "failing": {"metric": "Invocation5XXErrors", "at_most": 0.1},
        "slow": {"metric": "ModelLatency", "statistic": "p99", "at_most": 500000},
        "fast": {"metric": "ModelLatency", "statistic": "PR(:300000)", "at_least": 90},
    },
}


@pytest.fixture
def guard(live: str) -> Guard:
    """The guard of an update of the live endpoint."""
    return make_guard(parse_policy(POLICY), "r-1", live, "AllTraffic", "fraud-new")


@pytest.fixture
def pass_time(cloud: Cloud, clock: VirtualClock) -> Callable[[timedelta], None]:
    """Let time pass, a minute at a time, as the alarms look."""

    def move(length: timedelta) -> None:
        for _ in range(int(length / MINUTE)):
            clock.advance(MINUTE)
            cloud.tick()

    return move


def states(aws: Aws, guard: Guard) -> dict[str, str]:
    """What each alarm says, by the last word of its name."""
    found = read_alarm_states(aws, [alarm.name for alarm in guard.alarms])
    return {name.rpartition("-")[2]: state for name, state in found.items()}


def test_an_armed_guard_is_quiet_while_somebody_is_alive(aws: Aws, guard: Guard, clock: VirtualClock, pass_time: Any):
    """All alarms that CloudWatch can keep are there and none goes off, as long as signs of life come."""
    assert carry_out(aws, ArmGuard(guard=guard, at=clock.now())).status == "done"
    for _ in range(4):
        pass_time(2 * MINUTE)
        assert put_off(aws, ArmGuard(guard=guard, at=clock.now())).status == "done"
    assert states(aws, guard) == dict.fromkeys(("abort", "pulse", "failing", "slow"), "OK")


def test_silence_sounds_the_pulse(aws: Aws, guard: Guard, clock: VirtualClock, pass_time: Any):
    """A lease without a sign of life, and the alarm goes off by itself; a late sign quiets it again."""
    carry_out(aws, ArmGuard(guard=guard, at=clock.now()))
    pass_time(4 * MINUTE)
    assert states(aws, guard)["pulse"] == "OK"
    pass_time(3 * MINUTE)
    assert states(aws, guard)["pulse"] == "ALARM"
    put_off(aws, ArmGuard(guard=guard, at=clock.now()))
    pass_time(MINUTE)
    assert states(aws, guard)["pulse"] == "OK"


def test_a_guard_that_rings_already_is_not_armed(aws: Aws, guard: Guard, clock: VirtualClock):
    """An update must not begin under an alarm that would take it back at once."""
    arm = ArmGuard(guard=guard, at=clock.now())
    carry_out(aws, arm)
    carry_out(aws, SoundAlarm(endpoint="fraud-prod", alarm=guard.abort))
    assert states(aws, guard)["abort"] == "ALARM"
    answer = carry_out(aws, arm)
    assert (answer.status, "rollway-r-1-abort" in answer.message) == ("busy", True)


def test_removing_is_idempotent(aws: Aws, guard: Guard, clock: VirtualClock):
    """Alarms that are gone stay gone, and that is no error; alarms of others stay."""
    carry_out(aws, ArmGuard(guard=guard, at=clock.now()))
    other = guard.abort.model_copy(update={"name": "somebody-elses"})
    carry_out(aws, ArmGuard(guard=guard.model_copy(update={"abort": other}), at=clock.now()))
    for _ in range(2):
        assert carry_out(aws, RemoveGuard(guard=guard)).status == "done"
    assert read_alarm_states(aws, ["somebody-elses", guard.abort.name]) == {"somebody-elses": "OK"}


def test_a_sounded_alarm_takes_the_update_back(
    aws: Aws, live: str, guard: Guard, clock: VirtualClock, settle: Callable[[], None]
):
    """The update begins with its guardrails, bakes, and is undone by SageMaker when our alarm goes off."""
    wanted = make(replace_model(describe_config(aws, "fraud-v6-config"), "fraud-v7"), live, "r-1")
    arm = ArmGuard(guard=guard, at=clock.now())
    apply = ApplyConfig(
        endpoint=live, config=wanted.name, replaces="fraud-v6-config", deployment=dict(guard.deployment)
    )
    for command, status in ((CreateConfig(config=wanted), "done"), (arm, "done"), (apply, "accepted")):
        assert carry_out(aws, command).status == status
    settle()
    baking = describe_endpoint(aws, live)
    assert (baking.pending_config, baking.baking_since is not None) == (wanted.name, True)

    carry_out(aws, SoundAlarm(endpoint=live, alarm=guard.abort))

    back = describe_endpoint(aws, live)
    assert (back.settled, back.config, back.baking_since) == (True, "fraud-v6-config", None)
    assert "rollway-r-1-abort" in back.failure_reason
