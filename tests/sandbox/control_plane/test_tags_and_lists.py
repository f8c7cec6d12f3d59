"""Tags belong to resources that exist; lists come newest first, ten at a time, and never lose their place."""

from collections.abc import Callable
from typing import Any

import pytest

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal

Make = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]
ARN = "arn:aws:sagemaker:us-east-1:123456789012"


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def names(page: dict[str, Any], member: str, name: str) -> list[str]:
    return [summary[name] for summary in page[member]]


@pytest.mark.parametrize("kind", ["model/tagged", "endpoint-config/tagged", "endpoint/tagged"])
def test_tags_of_every_kind(cloud: Cloud, make_model: Make, make_config: Make, pass_time: Seconds, kind: str) -> None:
    """Models, configurations and endpoints take tags on creation and afterwards, and give them back in order."""
    make_model("tagged", Tags=tags(team="risk"))
    make_config("tagged", {"v": 1}, Tags=tags(team="risk"))
    request = {"EndpointName": "tagged", "EndpointConfigName": "tagged", "Tags": tags(team="risk")}
    cloud.call("CreateEndpoint", request)
    pass_time(5)
    arn = f"{ARN}:{kind}"
    cloud.call("AddTags", {"ResourceArn": arn, "Tags": tags(stage="canary", team="fraud")})
    assert cloud.call("ListTags", {"ResourceArn": arn}) == {"Tags": tags(team="fraud", stage="canary")}
    cloud.call("DeleteTags", {"ResourceArn": arn, "TagKeys": ["team", "never set"]})
    assert cloud.call("ListTags", {"ResourceArn": arn}) == {"Tags": tags(stage="canary")}


def test_tags_end_with_their_resource(cloud: Cloud, make_model: Make) -> None:
    """A new resource of an old name starts without tags, and what does not exist has none."""
    arn = make_model("fraud", Tags=tags(team="risk"))["ModelArn"]
    cloud.call("DeleteModel", {"ModelName": "fraud"})
    with pytest.raises(Refusal, match="Could not find model"):
        cloud.call("ListTags", {"ResourceArn": arn})
    make_model("fraud")
    assert cloud.call("ListTags", {"ResourceArn": arn}) == {"Tags": []}


def test_a_resource_has_fifty_tags_at_most(cloud: Cloud, make_model: Make) -> None:
    """The limit counts what is there already, not only what is added."""
    arn = make_model("fraud", Tags=tags(**{f"k{number}": "" for number in range(50)}))["ModelArn"]
    cloud.call("AddTags", {"ResourceArn": arn, "Tags": tags(k1="changed")})
    with pytest.raises(Refusal, match="exceeds the limit of 50"):
        cloud.call("AddTags", {"ResourceArn": arn, "Tags": tags(another="")})


def test_lists_are_paged_newest_first(cloud: Cloud, make_model: Make, pass_time: Seconds) -> None:
    """Ten models a page by default, newest first; following the tokens gives every model once."""
    for number in range(23):
        make_model(f"m-{number:02}")
        pass_time(1)
    seen: list[str] = []
    token: dict[str, str] = {}
    sizes: list[int] = []
    while True:
        page = cloud.call("ListModels", token)
        seen += names(page, "Models", "ModelName")
        sizes.append(len(page["Models"]))
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
        make_model(f"late-{len(sizes)}")
    assert seen == [f"m-{number:02}" for number in reversed(range(23))]
    assert sizes == [10, 10, 3]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"SortBy": "Name", "SortOrder": "Ascending"}, ["a-blue", "b-red", "c-blue"]),
        ({"SortOrder": "Ascending"}, ["c-blue", "a-blue", "b-red"]),
        ({"NameContains": "blue"}, ["a-blue", "c-blue"]),
        ({"MaxResults": 1}, ["b-red"]),
    ],
)
def test_lists_are_sorted_and_filtered(
    cloud: Cloud, make_config: Make, pass_time: Seconds, request_: dict[str, Any], expected: list[str]
) -> None:
    """Sort order, name filter and page size are the caller's choice."""
    for name in ("c-blue", "a-blue", "b-red"):
        make_config(name, {"v": 1})
        pass_time(1)
    page = cloud.call("ListEndpointConfigs", request_)
    assert names(page, "EndpointConfigs", "EndpointConfigName") == expected


def test_lists_can_be_cut_by_time(cloud: Cloud, make_model: Make, pass_time: Seconds) -> None:
    """Creation-time filters exclude what lies beyond them, whether the bound carries a zone or is plain UTC."""
    for name in ("old", "middle", "young"):
        make_model(name)
        pass_time(10)
    moments = [model.created for model in cloud.models.shelf.all()]
    bounds = {"CreationTimeAfter": moments[0].replace(tzinfo=None), "CreationTimeBefore": moments[2]}
    assert names(cloud.call("ListModels", bounds), "Models", "ModelName") == ["middle"]


def test_endpoints_are_listed_with_their_status(cloud: Cloud, shop: str, update: Make, pass_time: Seconds) -> None:
    """ListEndpoints settles what it lists and filters by the status of this moment."""
    cloud.call("CreateEndpoint", {"EndpointName": "second", "EndpointConfigName": "one"})
    update("two")
    assert names(cloud.call("ListEndpoints", {"StatusEquals": "Updating"}), "Endpoints", "EndpointName") == [shop]
    by_status = cloud.call("ListEndpoints", {"SortBy": "Status", "SortOrder": "Ascending"})
    assert names(by_status, "Endpoints", "EndpointStatus") == ["Creating", "Updating"]
    pass_time(10)
    serving = cloud.call("ListEndpoints", {"StatusEquals": "InService"})
    assert names(serving, "Endpoints", "EndpointName") == ["second", shop]


@pytest.mark.parametrize("token", ["nonsense", "e30=", "!"])
def test_a_foreign_token_is_refused(cloud: Cloud, token: str) -> None:
    """A page token that the service never gave is a ValidationException."""
    with pytest.raises(Refusal, match="Invalid pagination token"):
        cloud.call("ListModels", {"NextToken": token})
