"""An endpoint's surroundings: reading its tags and registrations, and setting how autoscaling looks after a variant."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.commands import SetScaling
from policies.facts import Endpoint, ScalingTarget, Surroundings
from rollway.aws.autoscaling import VISIBLE_WITHIN, read_surroundings, set_scaling
from rollway.aws.execution import carry_out
from rollway.aws.session import Aws
from rollway.aws.waiting import Timing
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud

Register = Callable[..., None]

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
FREE = ScalingTarget(variant="AllTraffic", minimum=2, maximum=20)


def hold(scaling: ScalingTarget) -> SetScaling:
    return SetScaling(endpoint="fraud-prod", scaling=scaling.held())


def sent(cloud: Cloud) -> int:
    return len(cloud.request_log.entries("RegisterScalableTarget"))


def described(variant: str, **suspended: bool) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/fraud-prod/variant/{variant}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 2,
        "MaxCapacity": 20,
        "RoleARN": "arn:aws:iam::123456789012:role/scaling",
        "CreationTime": EPOCH,
        "SuspendedState": suspended,
    }


def test_registration_of_a_variant(aws: Aws, endpoint: Endpoint, register: Register) -> None:
    """A registered variant comes with its bounds."""
    assert read_surroundings(aws, endpoint).scaling == ()
    register(endpoint.name, "AllTraffic", 20)
    assert read_surroundings(aws, endpoint).scaling == (FREE,)


def test_suspensions_come_in_order(aws: Aws, endpoint: Endpoint, register: Register) -> None:
    """Registrations that are suspended alike are equal, whatever the order in which AWS names their parts."""
    register(endpoint.name, "AllTraffic", 20, ScheduledScalingSuspended=True, DynamicScalingInSuspended=True)
    assert read_surroundings(aws, endpoint).scaling == (FREE.held(),)


def test_tags_of_aws_are_left_out(aws: Aws, endpoint: Endpoint) -> None:
    """Tags that AWS sets by itself are nobody's decision, so they are no drift either."""
    with Stubber(aws.sagemaker) as stub:
        tags = [{"Key": "team", "Value": "risk"}, {"Key": "aws:cloudformation:stack-name", "Value": "s"}]
        stub.add_response("list_tags", {"Tags": tags}, {"ResourceArn": endpoint.arn})
        assert read_surroundings(aws, endpoint) == Surroundings(tags={"team": "risk"})


def test_endpoint_without_variants_asks_nothing(aws: Aws, endpoint: Endpoint, register: Register) -> None:
    """An endpoint that is still being created does not get the whole account's registrations."""
    register(endpoint.name, "AllTraffic", 20)
    assert read_surroundings(aws, endpoint.model_copy(update={"variants": ()})).scaling == ()


def test_all_pages_are_read(aws: Aws, endpoint: Endpoint) -> None:
    """Registrations beyond the first page count too."""
    with Stubber(aws.application_autoscaling) as stub:
        stub.add_response("describe_scalable_targets", {"ScalableTargets": [described("b")], "NextToken": "more"})
        stub.add_response("describe_scalable_targets", {"ScalableTargets": [described("a")]})
        assert [target.variant for target in read_surroundings(aws, endpoint).scaling] == ["a", "b"]


def test_scaling_is_held_and_let_go(aws: Aws, endpoint: Endpoint, register: Register, timing: Timing) -> None:
    """A registration is suspended for a rollout and put back afterwards: to the state before it, exactly."""
    register(endpoint.name, "AllTraffic", 20, DynamicScalingOutSuspended=True)
    (before,) = read_surroundings(aws, endpoint).scaling
    assert set_scaling(aws, hold(before), timing).status == "done"
    (held,) = read_surroundings(aws, endpoint).scaling
    assert held.suspended == ("scale_in", "scale_out", "scheduled")
    assert set_scaling(aws, SetScaling(endpoint=endpoint.name, scaling=before), timing).status == "done"
    assert read_surroundings(aws, endpoint).scaling == (before,)


def test_equal_registration_is_left_alone(aws: Aws, cloud: Cloud, endpoint: Endpoint, register: Register) -> None:
    """Registering again would have AWS move the instance count into the bounds, so it is done only where it has to be."""
    register(endpoint.name, "AllTraffic", 20)
    before = sent(cloud)
    assert set_scaling(aws, SetScaling(endpoint=endpoint.name, scaling=FREE)).status == "done"
    assert sent(cloud) == before


def test_registration_that_is_gone_stays_gone(aws: Aws, cloud: Cloud, endpoint: Endpoint) -> None:
    """Who deregistered a variant meanwhile wanted no autoscaling: it is not brought back."""
    del endpoint
    result = set_scaling(aws, hold(FREE))
    assert (result.status, sent(cloud)) == ("refused", 0)
    assert "does not look after it any more" in result.message


def test_accepted_registration_is_awaited(aws: Aws, timing: Timing, clock: VirtualClock) -> None:
    """AWS accepts a registration before it shows; the answer is done once it does."""
    start = clock.now()
    free = {"ScalableTargets": [described("AllTraffic")]}
    held = {
        "ScalableTargets": [
            described("AllTraffic", DynamicScalingInSuspended=True, ScheduledScalingSuspended=True),
        ]
    }
    with Stubber(aws.application_autoscaling) as stub:
        stub.add_response("describe_scalable_targets", free)
        stub.add_response("register_scalable_target", {})
        for seen in (free, free, held):
            stub.add_response("describe_scalable_targets", seen)
        assert set_scaling(aws, hold(FREE), timing).status == "done"
        stub.assert_no_pending_responses()
    assert (clock.now() - start).total_seconds() == 2


def test_registration_that_does_not_show_is_busy(aws: Aws, timing: Timing) -> None:
    """A registration that does not show in time is neither done nor refused: it is set again later."""
    free = {"ScalableTargets": [described("AllTraffic")]}
    with Stubber(aws.application_autoscaling) as stub:
        stub.add_response("describe_scalable_targets", free)
        stub.add_response("register_scalable_target", {})
        for _ in range(VISIBLE_WITHIN.seconds + 1):
            stub.add_response("describe_scalable_targets", free)
        result = set_scaling(aws, hold(FREE), timing)
    assert result.status == "busy"
    assert "waited 10s for the registration of variant AllTraffic" in result.message


@pytest.mark.parametrize(
    ("code", "status"), [("ConcurrentUpdateException", "busy"), ("ValidationException", "refused")]
)
def test_refusals_of_autoscaling(aws: Aws, code: str, status: str) -> None:
    """Somebody else's change in the same moment is waited out; a request that AWS does not understand is not repeated."""
    with Stubber(aws.application_autoscaling) as stub:
        stub.add_response("describe_scalable_targets", {"ScalableTargets": [described("AllTraffic")]})
        stub.add_client_error("register_scalable_target", code, "as the test says")
        assert carry_out(aws, hold(FREE)).status == status
