"""What SageMaker's guardrails are asked to do for a policy, and what no policy may ask of them."""

from datetime import timedelta
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from policies.errors import PolicyError
from policies.guard import make_guard
from policies.loading import parse_policy

LIMIT = {"failing": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 2, "of": 3}}
HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}
LADDERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "all at once": (
        {"stages": [{"share": 100, "bake": "10m"}]},
        {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 960},
    ),
    "canary": (
        {"stages": [{"share": 50, "bake": "4m"}, {"share": 100, "bake": "10m"}]},
        {"Type": "CANARY", "CanarySize": HALF, "WaitIntervalInSeconds": 600},
    ),
    "linear": (
        {"step": {"share": 40, "bake": "10m"}},
        {"Type": "LINEAR", "LinearStepSize": HALF | {"Value": 40}, "WaitIntervalInSeconds": 960},
    ),
}


def guard_of(**fields: Any) -> Any:
    policy = parse_policy({"strategy": "guardrail", "gates": LIMIT, **fields})
    return make_guard(policy, "r1", "fraud-prod", "AllTraffic", "fraud-new")


@pytest.mark.parametrize("name", LADDERS)
def test_a_ladder_is_said_in_sagemakers_words(name: str):
    """Shares become SageMaker's routing; a wait is the bake, a period, the settling of metrics and the brake's time."""
    fields, routing = LADDERS[name]
    guard = guard_of(**fields)
    policy = guard.deployment["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"] == routing
    assert policy["TerminationWaitInSeconds"] == 960
    assert policy["MaximumExecutionTimeoutInSeconds"] == (guard.takes + timedelta(hours=1)).total_seconds()


ROLLING = {"step": {"share": 5, "bake": "2m"}, "deployment_guardrails": {"rolling": True}}


@pytest.mark.parametrize("fields", [*(fields for fields, _ in LADDERS.values()), ROLLING])
def test_what_is_asked_is_a_request_that_sagemaker_knows(fields: dict[str, Any]):
    """Whatever kind of ladder it is, botocore's model of UpdateEndpoint accepts what comes of it."""
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model("UpdateEndpoint").input_shape
    request = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": guard_of(**fields).deployment}
    assert ParamValidator().validate(request, shape).generate_report() == ""


def test_alarms_look_at_the_new_fleet_alone():
    """A fixed limit becomes an alarm on the metrics of the new configuration; our own two look at nothing of SageMaker's."""
    guard = guard_of(stages=[{"share": 100, "bake": "10m"}], deployment_guardrails={"alarms": ["mine"]})
    (limit,) = guard.limits
    assert limit.dimensions == {
        "EndpointName": "fraud-prod",
        "VariantName": "AllTraffic",
        "EndpointConfigName": "fraud-new",
    }
    assert (limit.at_most, limit.breaches, limit.of, limit.silence) == (0.1, 2, 3, "notBreaching")
    named = [each["AlarmName"] for each in guard.deployment["AutoRollbackConfiguration"]["Alarms"]]
    assert named == ["rollway-r1-abort", "rollway-r1-pulse", "rollway-r1-failing", "mine"]
    assert (guard.pulse.silence, guard.pulse.of * guard.pulse.period_s) == ("breaching", 300)


def test_without_a_dead_mans_switch_there_is_no_pulse():
    """A policy that wants nothing to act by itself gets no alarm on our silence."""
    guard = guard_of(stages=[{"share": 100, "bake": "10m"}], dead_mans_switch={"mode": "none"})
    assert [alarm.name for alarm in guard.alarms] == ["rollway-r1-abort", "rollway-r1-failing"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"stages": [{"share": 10, "bake": "10m"}]}, "the ladder ends at 10 %"),
        ({"stages": [{"share": 60, "bake": "10m"}, {"share": 100, "bake": "10m"}]}, "begins with 60 %"),
        (
            {"stages": [{"share": share, "bake": "10m"} for share in (10, 30, 100)]},
            "uneven steps",
        ),
        ({"stages": [{"share": 2.5, "bake": "10m"}, {"share": 100, "bake": "10m"}]}, "has fractions"),
        (
            {
                "stages": [{"share": 50, "bake": "10m"}, {"share": 100, "bake": "5m"}],
                "deployment_guardrails": {"rolling": True},
            },
            "bakes unequally long",
        ),
        ({"stages": [{"share": 100, "bake": "58m"}]}, "stages[0].bake: with warm_up, metrics.period"),
        ({"step": {"share": 10, "bake": "50m"}, "deadline": "20h"}, "all waits together are"),
        (
            {"stages": [{"share": 100, "bake": "5m", "approval": True}]},
            "stages[0].approval: SageMaker waits for nobody",
        ),
        ({"stages": [{"share": 100, "bake": "5m", "instances": 3}]}, "stages[0].instances: SageMaker brings up"),
        ({"stages": [{"share": 100, "bake": "5m"}], "probes": {"body": "1"}}, "probes: cannot be sent"),
        (
            {"stages": [{"share": 100, "bake": "5m"}], "deployment_guardrails": {"alarms": list("abcdefgh")}},
            "11 alarms would be needed",
        ),
        (
            {"strategy": "canary", "stages": [{"share": 5, "bake": "5m"}], "deployment_guardrails": {"alarms": ["a"]}},
            "deployment_guardrails: is for the strategy guardrail",
        ),
    ],
)
def test_what_sagemaker_could_not_do_is_refused(fields: dict[str, Any], told: str):
    """A policy that SageMaker's guardrails could not carry out is refused when it is read, with the field and the reason."""
    with pytest.raises(PolicyError) as raised:
        parse_policy({"strategy": "guardrail", "gates": LIMIT, **fields})
    assert any(told in str(problem) for problem in raised.value.problems), raised.value.problems
