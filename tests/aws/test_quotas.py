"""Reading quotas and their use: what can be known, and that nothing else keeps a rollout from starting."""

from collections.abc import Callable, Generator

import pytest

from policies.quotas import Quota
from rollway.aws import quotas
from rollway.aws.quotas import QUOTA_NAME, SWITCH, read_quotas
from rollway.aws.session import Aws
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Throttle
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.settings import SandboxSettings
from tests.aws.conftest import ROLE, VARIANT

KIND, GPU = "ml.m5.xlarge", "ml.g5.xlarge"


@pytest.fixture
def cloud(clock: VirtualClock) -> Generator[Cloud]:
    """A simulated account with two small quotas."""
    with in_process(Cloud(clock, SandboxSettings(quotas={KIND: 7, GPU: 0}))) as account:
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
        account.call("CreateModel", {"ModelName": "fraud-v6", "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
        yield account


@pytest.fixture
def second(cloud: Cloud, live: str, settle: Callable[[], None]) -> str:
    """A second endpoint, with one instance of each type."""
    config = {
        "EndpointConfigName": "mixed",
        "ProductionVariants": [
            VARIANT | {"InitialInstanceCount": 1},
            VARIANT | {"VariantName": "gpu", "InitialInstanceCount": 1, "InstanceType": GPU},
        ],
    }
    cloud.call("CreateEndpointConfig", config)
    cloud.call("CreateEndpoint", {"EndpointName": "mixed", "EndpointConfigName": "mixed"})
    settle()
    return live


def test_the_instances_of_all_endpoints_are_counted_by_type(aws: Aws, second: str) -> None:
    """Two of one endpoint and one of another are three, whatever the other variants run on."""
    del second
    reading = read_quotas(aws, {KIND, GPU})
    assert reading.unchecked == ""
    assert reading.quotas == {
        KIND: Quota(name=f"{KIND} for endpoint usage", value=7, in_use=3),
        GPU: Quota(name=f"{GPU} for endpoint usage", value=0, in_use=1),
    }


def test_a_type_that_no_quota_names_is_not_checked(aws: Aws, live: str) -> None:
    """Unknown is neither good nor bad: it is said."""
    del live
    reading = read_quotas(aws, {KIND, "ml.future.xlarge"})
    assert (reading.quotas, reading.unchecked) == ({}, "Service Quotas names none for ml.future.xlarge")


@pytest.mark.parametrize("operation", ["ListServiceQuotas", "ListEndpoints"])
def test_what_aws_does_not_tell_is_no_error(aws: Aws, cloud: Cloud, live: str, operation: str) -> None:
    """An answer that never comes leaves the quotas unchecked, with AWS's reason."""
    del live
    cloud.plant(Throttle(operation=operation, times=99))
    reading = read_quotas(aws, {KIND})
    assert reading.quotas == {}
    assert operation in reading.unchecked


def test_a_great_account_is_not_counted(aws: Aws, second: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests for each of many endpoints would hold up every rollout."""
    del second
    monkeypatch.setattr(quotas, "MOST_ENDPOINTS", 1)
    assert read_quotas(aws, {KIND}).unchecked == "the account has 2 endpoints, whose instances are counted up to 1"


def test_the_check_can_be_left_out(aws: Aws, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its assumptions do not hold, one variable lets rollouts start; nothing is even asked."""
    monkeypatch.setenv(SWITCH, "ignore")
    assert "ROLLWAY_QUOTAS=ignore" in read_quotas(aws, {KIND}).unchecked
    assert cloud.request_log.entries("ListServiceQuotas") == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ml.m5.xlarge for endpoint usage", "ml.m5.xlarge"),
        ("ml.p4d.24xlarge for endpoint usage", "ml.p4d.24xlarge"),
        ("ml.m5.xlarge for training job usage", None),
        ("ml.m5.xlarge for endpoint usage in studio", None),
    ],
)
def test_only_the_quotas_of_endpoints_are_meant(name: str, kind: str | None) -> None:
    """The same type has quotas for training, notebooks and more."""
    match = QUOTA_NAME.fullmatch(name)
    assert (match["type"] if match else None) == kind
