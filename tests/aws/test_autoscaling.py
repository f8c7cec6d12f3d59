"""Reading scaling registrations."""

from botocore.stub import Stubber

from policies.facts import ScalingTarget
from rollway.aws.autoscaling import read_scaling
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws


def register(aws: Aws, endpoint: str, variant: str, maximum: int) -> None:
    aws.application_autoscaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{endpoint}/variant/{variant}",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=2,
        MaxCapacity=maximum,
    )


def test_registration_of_a_variant(aws: Aws, live: str) -> None:
    """A registered variant comes with its bounds; another endpoint's is not taken for it."""
    endpoint = describe_endpoint(aws, live)
    assert read_scaling(aws, endpoint) == ()
    register(aws, live, "AllTraffic", 20)
    register(aws, "other", "AllTraffic", 9)
    assert read_scaling(aws, endpoint) == (ScalingTarget(variant="AllTraffic", minimum=2, maximum=20),)


def test_endpoint_without_variants_asks_nothing(aws: Aws, live: str) -> None:
    """An endpoint that is still being created does not get the whole account's registrations."""
    register(aws, live, "AllTraffic", 20)
    assert read_scaling(aws, describe_endpoint(aws, live).model_copy(update={"variants": ()})) == ()


def test_all_pages_are_read(aws: Aws, live: str) -> None:
    """Registrations beyond the first page count too."""

    def page(variant: str) -> dict[str, object]:
        return {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{live}/variant/{variant}",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "MinCapacity": 1,
            "MaxCapacity": 4,
            "RoleARN": "arn:aws:iam::123456789012:role/scaling",
            "CreationTime": 0,
        }

    endpoint = describe_endpoint(aws, live)
    with Stubber(aws.application_autoscaling) as stub:
        stub.add_response("describe_scalable_targets", {"ScalableTargets": [page("b")], "NextToken": "more"})
        stub.add_response("describe_scalable_targets", {"ScalableTargets": [page("a")]})
        assert [target.variant for target in read_scaling(aws, endpoint)] == ["a", "b"]
