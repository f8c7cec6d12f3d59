"""Deployment guardrails of the simulated SageMaker, and the alarms that they heed."""

from collections.abc import Callable, Generator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import GuardrailsIgnored
from rollway.sandbox.moto_adapter import in_process

WAIT = {"WaitIntervalInSeconds": 60}
CANARY = {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25}, **WAIT}
LINEAR = {"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50}, **WAIT}
AT_ONCE = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


@pytest.fixture
def served(cloud: Cloud, make_model: Any, pass_time: Callable[[float], None]) -> Generator[Any]:
    """A SageMaker client; endpoint ``shop`` serves with 4 instances on ``old``, and ``new`` is ready."""
    with in_process(cloud):
        make_model("fraud")
        for name in ("old", "new"):
            variant = {"VariantName": "all", "ModelName": "fraud", "InstanceType": "ml.m5.large"}
            variants = [variant | {"InitialInstanceCount": 4, "InitialVariantWeight": 1}]
            cloud.call("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": variants})
        cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "old"})
        pass_time(10)
        yield boto3.client("sagemaker", "us-east-1")


def blue_green(routing: dict[str, Any], *alarms: str, termination: int = 60) -> dict[str, Any]:
    policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": termination}
    rollback = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}
    return {"BlueGreenUpdatePolicy": policy, **rollback}


def update(sagemaker: Any, settings: dict[str, Any]) -> None:
    sagemaker.update_endpoint(EndpointName="shop", EndpointConfigName="new", DeploymentConfig=settings)


def shares(cloud: Cloud) -> dict[str, float]:
    """The part of the traffic that each configuration's fleet has."""
    serving = cloud.endpoints.serving("shop")
    assert serving is not None
    return {variant.config_name: variant.weight for variant in serving.variants}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (blue_green(CANARY), [0.25, 1.0]),
        (blue_green(LINEAR), [0.5, 1.0]),
        (blue_green(AT_ONCE), [1.0]),
        (
            {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, **WAIT}},
            [0.25, 0.5, 0.75, 1.0],
        ),
    ],
    ids=["canary", "linear", "all at once", "rolling"],
)
def test_traffic_moves_step_by_step(cloud: Cloud, served: Any, pass_time: Any, settings: Any, expected: list[float]):
    """Each policy gives the new fleet what it says, bakes as long as it says, and only then is the old one gone."""
    update(served, settings)
    pass_time(5)
    seen: list[float] = []
    for _ in expected:
        pending = served.describe_endpoint(EndpointName="shop")["PendingDeploymentSummary"]["ProductionVariants"][0]
        assert pending["VariantStatus"][0]["Status"] == "Baking"
        seen.append(shares(cloud).get("new", 0.0))
        pass_time(60)

    described = served.describe_endpoint(EndpointName="shop")
    assert seen == expected
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "new")
    assert described["LastDeploymentConfig"] == settings
    assert shares(cloud) == {"new": 1.0}


def make_alarm(**fields: Any) -> Any:
    cloudwatch = boto3.client("cloudwatch", "us-east-1")
    wanted = {
        "AlarmName": "stop",
        "Namespace": "Shop",
        "MetricName": "Bad",
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    cloudwatch.put_metric_alarm(**wanted | fields)
    return cloudwatch


def state_of(cloudwatch: Any) -> str:
    return cloudwatch.describe_alarms(AlarmNames=["stop"])["MetricAlarms"][0]["StateValue"]


@pytest.mark.parametrize("by", ["metric", "hand"])
def test_alarm_takes_the_deployment_back(cloud: Cloud, served: Any, pass_time: Any, by: str):
    """An alarm that goes off while the new fleet bakes brings all traffic back to the old one, and AWS says which it was."""
    cloudwatch = make_alarm()
    update(served, blue_green(CANARY, "stop"))
    pass_time(5)
    assert shares(cloud) == {"old": 0.75, "new": 0.25}
    if by == "metric":
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Bad", "Value": 1.0}])
        pass_time(58)
    else:
        cloudwatch.set_alarm_state(AlarmName="stop", StateValue="ALARM", StateReason="by hand")

    described = served.describe_endpoint(EndpointName="shop")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "old")
    assert "stop" in described["FailureReason"]
    assert shares(cloud) == {"old": 1.0}


@pytest.mark.parametrize(
    ("missing", "values", "state"),
    [
        ("breaching", [], "ALARM"),
        ("breaching", [0.0], "OK"),
        ("notBreaching", [], "OK"),
        ("missing", [], "INSUFFICIENT_DATA"),
        ("missing", [1.0, 1.0], "ALARM"),
    ],
)
@pytest.mark.usefixtures("served")
def test_alarm_counts_periods(pass_time: Any, missing: str, values: list[float], state: str):
    """M of the last N periods make an alarm; what a silent one counts as is the alarm's to say."""
    cloudwatch = make_alarm(EvaluationPeriods=2, DatapointsToAlarm=2, TreatMissingData=missing)
    for value in values:
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Bad", "Value": value}])
        pass_time(60)
    pass_time(60 if not values else 0)
    assert state_of(cloudwatch) == state


def test_ignored_guardrails_go_all_at_once_in_silence(cloud: Cloud, served: Any, pass_time: Any):
    """What AWS excludes from guardrails it updates all at once, without a bake, and says nothing."""
    cloud.plant(GuardrailsIgnored())
    update(served, blue_green(CANARY))
    pass_time(5)
    described = served.describe_endpoint(EndpointName="shop")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "new")
    assert "LastDeploymentConfig" not in described


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (blue_green(CANARY, "nobody"), "alarms that do not exist: nobody"),
        (blue_green(CANARY) | {"RollingUpdatePolicy": {"MaximumBatchSize": CANARY["CanarySize"], **WAIT}}, "either"),
    ],
)
def test_impossible_settings_are_turned_down(served: Any, settings: Any, told: str):
    """Guardrails that could not work are refused before anything starts."""
    with pytest.raises(ClientError, match=told):
        update(served, settings)
    assert served.describe_endpoint(EndpointName="shop")["EndpointStatus"] == "InService"


def test_timeout_shorter_than_the_waits_is_turned_down(served: Any):
    """A deployment that could never end in time does not begin."""
    settings = blue_green(CANARY, termination=3600)
    settings["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    with pytest.raises(ClientError, match="not longer than all waits"):
        update(served, settings)
