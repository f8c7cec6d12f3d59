"""Changing an endpoint: what is sent, what counts as done, and how long AWS is given to show a change."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.commands import ApplyConfig, SetCapacity, SetShares
from policies.errors import EndpointBusy, NotFound
from rollway.aws.configs import create_config
from rollway.aws.errors import ConfigNotFound
from rollway.aws.sagemaker import describe_config, describe_endpoint
from rollway.aws.session import Aws
from rollway.aws.updates import CHANGE_VISIBLE_WITHIN, CONFIG_VISIBLE_WITHIN, apply_config, set_capacity, set_shares
from rollway.aws.waiting import Timing
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import SystemUpdating
from tests.policies.building import make_beside

ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
NEXT = ApplyConfig(endpoint="e", config="next", replaces="old")
MISSING = 'Could not find endpoint configuration "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/next".'


@pytest.fixture
def canary(aws: Aws, live: str) -> str:
    """A configuration with the candidate beside the baseline; its name."""
    config = make_beside(describe_config(aws, "fraud-v6-config"), live, "fraud-v7", {"AllTraffic": 2, "candidate": 1})
    create_config(aws, config)
    return config.name


@pytest.fixture
def split(cloud: Cloud, live: str, canary: str, settle: Callable[[], None]) -> str:
    """The endpoint with baseline and candidate at 100/0; its name."""
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": canary})
    settle()
    return live


def to(config: str) -> ApplyConfig:
    """Move the live endpoint from its first configuration to another one."""
    return ApplyConfig(endpoint="fraud-prod", config=config, replaces="fraud-v6-config")


def sent(cloud: Cloud, operation: str) -> list[dict[str, Any]]:
    return [json.loads(entry.parameters) for entry in cloud.request_log.entries(operation)]


def test_update_keeps_capacity_and_takes_the_new_weights(
    aws: Aws, cloud: Cloud, live: str, canary: str, settle: Callable[[], None]
) -> None:
    """Autoscaled capacity survives a new configuration, and the candidate starts with the share that this one gives."""
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 7}]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": live, "DesiredWeightsAndCapacities": desired})
    settle()
    assert apply_config(aws, to(canary)).status == "accepted"
    assert sent(cloud, "UpdateEndpoint")[0]["RetainAllVariantProperties"]
    assert sent(cloud, "UpdateEndpoint")[0]["ExcludeRetainedVariantProperties"] == [
        {"VariantPropertyType": "DesiredWeight"}
    ]
    settle()
    endpoint = describe_endpoint(aws, live)
    assert {variant.name: variant.instances for variant in endpoint.variants} == {"AllTraffic": 7, "candidate": 1}
    assert endpoint.shares == {"AllTraffic": 100.0, "candidate": 0.0}


def test_update_is_sent_once(aws: Aws, cloud: Cloud, canary: str, settle: Callable[[], None]) -> None:
    """Giving the same command during and after the change asks AWS for nothing more."""
    command = to(canary)
    statuses = [apply_config(aws, command).status, apply_config(aws, command).status]
    settle()
    statuses.append(apply_config(aws, command).status)
    assert statuses == ["accepted", "accepted", "done"]
    assert len(sent(cloud, "UpdateEndpoint")) == 1


def test_busy_endpoint(aws: Aws, cloud: Cloud, canary: str) -> None:
    """An endpoint under maintenance by AWS cannot be changed now, which is not a refusal."""
    cloud.faults.plant(SystemUpdating(duration=timedelta(minutes=5)))
    with pytest.raises(EndpointBusy):
        apply_config(aws, to(canary))


def test_missing_endpoint(aws: Aws, cloud: Cloud) -> None:
    """A command for an endpoint that is gone says so."""
    del cloud
    with pytest.raises(NotFound):
        set_shares(aws, SetShares(endpoint="gone", shares={"a": 100.0}))


def test_new_config_may_be_unknown_for_a_while(aws: Aws, timing: Timing, clock: VirtualClock) -> None:
    """A configuration that SageMaker does not see yet is asked for again until it does."""
    start = clock.now()
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint", answer("old"))
        for _ in range(3):
            stub.add_client_error("update_endpoint", "ValidationException", MISSING)
        stub.add_response("update_endpoint", {"EndpointArn": ARN})
        stub.add_response("describe_endpoint", answer("old", status="Updating"))
        result = apply_config(aws, NEXT, timing)
        stub.assert_no_pending_responses()
    assert result.status == "accepted"
    assert clock.now() - start == timedelta(seconds=3)


@pytest.mark.usefixtures("live")
def test_config_that_never_appears(aws: Aws, timing: Timing, clock: VirtualClock) -> None:
    """A configuration that stays unknown ends the wait with AWS's own words."""
    start = clock.now()
    with pytest.raises(ConfigNotFound, match="nowhere"):
        apply_config(aws, to("nowhere"), timing)
    assert clock.now() - start == CONFIG_VISIBLE_WITHIN


def test_accepted_change_is_awaited_until_it_shows(aws: Aws, timing: Timing) -> None:
    """The next look must not take a description from before the change for its result."""
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint", answer("old"))
        stub.add_response("update_endpoint", {"EndpointArn": ARN})
        stub.add_response("describe_endpoint", answer("old"))
        stub.add_client_error("describe_endpoint", "ThrottlingException", "Rate exceeded")
        stub.add_response("describe_endpoint", answer("old", status="Updating"))
        assert apply_config(aws, NEXT, timing).status == "accepted"
        stub.assert_no_pending_responses()


def test_change_that_does_not_show_is_still_accepted(aws: Aws, timing: Timing, clock: VirtualClock) -> None:
    """AWS said yes: a slow description turns that into neither an error nor a long wait."""
    start = clock.now()
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint", answer("old"))
        stub.add_response("update_endpoint", {"EndpointArn": ARN})
        for _ in range(CHANGE_VISIBLE_WITHIN.seconds + 1):
            stub.add_response("describe_endpoint", answer("old"))
        assert apply_config(aws, NEXT, timing).status == "accepted"
    assert clock.now() - start == CHANGE_VISIBLE_WITHIN


def test_half_rolled_back_endpoint_is_not_done(aws: Aws, timing: Timing) -> None:
    """An endpoint that serves a mix of two configurations is updated again, although it names the wanted one."""
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint", answer("next", status="UpdateRollbackFailed"))
        stub.add_response("update_endpoint", {"EndpointArn": ARN})
        stub.add_response("describe_endpoint", answer("next", status="Updating"))
        assert apply_config(aws, NEXT, timing).status == "accepted"


def test_endpoint_that_somebody_moved_is_left_alone(
    aws: Aws, cloud: Cloud, live: str, canary: str, settle: Callable[[], None]
) -> None:
    """A decision about one configuration is not carried out on another one that somebody deployed meanwhile."""
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": canary})
    settle()
    result = apply_config(aws, ApplyConfig(endpoint=live, config="next", replaces="fraud-v6-config"))
    assert result.status == "refused"
    assert f"somebody moved {live} to {canary}; it was on fraud-v6-config" in result.message
    assert len(sent(cloud, "UpdateEndpoint")) == 1


def test_update_under_way_is_not_taken_for_somebody_elses(aws: Aws, cloud: Cloud, live: str, canary: str) -> None:
    """An endpoint that moves to the wanted configuration already is accepted, from wherever it comes."""
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": canary})
    result = apply_config(aws, ApplyConfig(endpoint=live, config=canary, replaces="another"))
    assert result.status == "accepted"


def test_deleted_current_config_is_named(
    aws: Aws, cloud: Cloud, canary: str, timing: Timing, clock: VirtualClock
) -> None:
    """When the endpoint's own configuration is gone, it is named at once: waiting for the new one would not help."""
    start = clock.now()
    cloud.call("DeleteEndpointConfig", {"EndpointConfigName": "fraud-v6-config"})
    with pytest.raises(NotFound, match="runs on the configuration fraud-v6-config, which was deleted") as caught:
        apply_config(aws, to(canary), timing)
    assert "create fraud-v6-config again, with the content" in caught.value.hint
    assert clock.now() == start


@pytest.mark.parametrize("current", ["nex", "next-1"])
def test_similar_names_are_told_apart(aws: Aws, timing: Timing, current: str) -> None:
    """A missing new configuration is not taken for the endpoint's own, whose name begins alike."""
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint", answer(current))
        stub.add_client_error("update_endpoint", "ValidationException", MISSING)
        stub.add_response("update_endpoint", {"EndpointArn": ARN})
        stub.add_response("describe_endpoint", answer(current, status="Updating"))
        command = ApplyConfig(endpoint="e", config="next", replaces=current)
        assert apply_config(aws, command, timing).status == "accepted"


def answer(config: str, status: str = "InService") -> dict[str, Any]:
    names = {"EndpointName": "e", "EndpointArn": ARN, "EndpointConfigName": config, "EndpointStatus": status}
    return names | {"CreationTime": EPOCH, "LastModifiedTime": EPOCH}


def test_shares_are_shifted_in_one_request(aws: Aws, cloud: Cloud, split: str, settle: Callable[[], None]) -> None:
    """All variants change together: traffic never sums to something else in between."""
    command = SetShares(endpoint=split, shares={"AllTraffic": 95.0, "candidate": 5.0})
    statuses = [set_shares(aws, command).status, set_shares(aws, command).status]
    settle()
    statuses.append(set_shares(aws, command).status)
    assert statuses == ["accepted", "accepted", "done"]
    (request,) = sent(cloud, "UpdateEndpointWeightsAndCapacities")
    assert request["DesiredWeightsAndCapacities"] == [
        {"VariantName": "AllTraffic", "DesiredWeight": 95.0},
        {"VariantName": "candidate", "DesiredWeight": 5.0},
    ]
    assert describe_endpoint(aws, split).shares == {"AllTraffic": 95.0, "candidate": 5.0}


def test_weights_on_another_scale_are_the_same_shares(
    aws: Aws, cloud: Cloud, split: str, settle: Callable[[], None]
) -> None:
    """Shares set by somebody in other units, with rounding, need no request."""
    weights = [
        {"VariantName": "AllTraffic", "DesiredWeight": 0.949999},
        {"VariantName": "candidate", "DesiredWeight": 0.05},
    ]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": split, "DesiredWeightsAndCapacities": weights})
    settle()
    result = set_shares(aws, SetShares(endpoint=split, shares={"AllTraffic": 95.0, "candidate": 5.0}))
    assert result.status == "done"


@pytest.mark.parametrize(
    "shares", [{"AllTraffic": 0.0, "candidate": 0.0}, {"AllTraffic": 105.0, "candidate": -5.0}, {}]
)
def test_impossible_shares_are_refused(aws: Aws, cloud: Cloud, split: str, shares: dict[str, float]) -> None:
    """Nothing is sent that would leave the endpoint without traffic."""
    assert set_shares(aws, SetShares(endpoint=split, shares=shares)).status == "refused"
    assert sent(cloud, "UpdateEndpointWeightsAndCapacities") == []


def test_unknown_variant_is_refused_at_rest_and_busy_during_a_change(
    aws: Aws, cloud: Cloud, live: str, canary: str
) -> None:
    """A variant that a change in flight may bring is waited for; one that nothing brings is a mistake."""
    shares = SetShares(endpoint=live, shares={"AllTraffic": 95.0, "candidate": 5.0})
    capacity = SetCapacity(endpoint=live, variant="candidate", instances=3)
    assert set_shares(aws, shares).status == set_capacity(aws, capacity).status == "refused"
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": canary})
    assert set_shares(aws, shares).status == set_capacity(aws, capacity).status == "busy"


def test_capacity_of_one_variant(aws: Aws, cloud: Cloud, split: str, settle: Callable[[], None]) -> None:
    """Scaling the candidate leaves the baseline and all weights as they are."""
    command = SetCapacity(endpoint=split, variant="candidate", instances=3)
    statuses = [set_capacity(aws, command).status, set_capacity(aws, command).status]
    settle()
    statuses.append(set_capacity(aws, command).status)
    assert statuses == ["accepted", "accepted", "done"]
    (request,) = sent(cloud, "UpdateEndpointWeightsAndCapacities")
    assert request["DesiredWeightsAndCapacities"] == [{"VariantName": "candidate", "DesiredInstanceCount": 3}]
    endpoint = describe_endpoint(aws, split)
    assert {variant.name: variant.instances for variant in endpoint.variants} == {"AllTraffic": 2, "candidate": 3}
    assert endpoint.shares == {"AllTraffic": 100.0, "candidate": 0.0}
