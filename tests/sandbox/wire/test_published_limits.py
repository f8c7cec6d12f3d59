"""What AWS publishes that it refuses, the simulated AWS refuses: each limit of each operation that Rollway sends, over the wire."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

import rollway
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.sagemaker.constraints import compile_pattern, service_model
from tests.sandbox.wire.conftest import MakeClient, make_client, one_session

ROLE: Final = "arn:aws:iam::123456789012:role/rollway"
DEEPEST: Final = 6
CANDIDATES: Final = ("!", "no such value", "\n", "_", "a b", "é", "x" * 3)
Limit = tuple[str, Any]
"""Where AWS names a member, and a request in which that member alone breaks its limit."""


@cache
def source() -> str:
    """Return all of Rollway that speaks to AWS."""
    top = Path(str(rollway.__file__)).parent
    return "\n".join(
        path.read_text("utf-8") for path in top.rglob("*.py") if "sandbox" not in path.relative_to(top).parts
    )


def sent(service: str, only: str = "") -> list[tuple[str, str]]:
    """Return the operations of a service that Rollway names."""
    names = service_model(service).operation_names
    return [(service, name) for name in names if only in name and re.search(rf"\b{xform_name(name)}\b", source())]


OPERATIONS: Final = [
    *sent("sagemaker"),
    *sent("application-autoscaling"),
    *sent("scheduler"),
    *sent("cloudwatch", "Alarm"),
]


def limits(shape: Shape, path: str = "", depth: int = 0) -> Iterator[Limit]:
    """Yield every limit below a shape, with a value that breaks it."""
    for wrong in breaking(shape):
        yield path, wrong
    if depth == DEEPEST:
        return
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            below = f"{path}.{name[:1].lower()}{name[1:]}".removeprefix(".")
            yield from ((where, {name: wrong}) for where, wrong in limits(member, below, depth + 1))
    elif isinstance(shape, ListShape):
        yield from ((where, [wrong]) for where, wrong in limits(shape.member, f"{path}.1.member", depth + 1))
    elif isinstance(shape, MapShape):
        yield from ((where, {"key": wrong}) for where, wrong in limits(shape.value, f"{path}.key.member", depth + 1))


def breaking(shape: Shape) -> Iterator[Any]:
    """Yield values that break a shape's own limits; what only an endless text would break is left out."""
    bounds: dict[str, Any] = shape.metadata
    if shape.type_name == "string":
        if 0 < bounds.get("max", 0) < 5_000:
            yield "a" * (bounds["max"] + 1)
        if bounds.get("enum"):
            yield "no such value"
        yield from [each for each in CANDIDATES if "pattern" in bounds and not fits(bounds["pattern"], each)][:1]
        if shape.name == "TagKey":
            yield from ("aws:owner", "AWS:owner")
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from (bounds[name] + by for name, by in (("min", -1), ("max", 1)) if abs(bounds.get(name, 1e9)) < 1e9)
    elif isinstance(shape, ListShape) and 0 < bounds.get("max", 0) <= 100 and shape.member.type_name == "string":
        yield ["a"] * (bounds["max"] + 1)


def fits(pattern: str, text: str) -> bool:
    """Whether a text fits one of AWS's patterns, as far as Python can read it: what is of Java alone is left out."""
    try:
        spelled = {"[LN]": r"\\w", "[MSP]": r"\\S", "Z": r"\\s", "Print": "[ -~]"}
        python = pattern
        for of_java, of_python in spelled.items():
            python = re.sub(rf"\\p\{{{of_java}\}}", of_python, python)
        return re.fullmatch(python, text) is not None
    except re.error:
        return True


def model_of(service: str, operation: str) -> Shape:
    shapes: ServiceModel = service_model(service)
    found = shapes.operation_model(operation).input_shape
    assert found is not None
    return found


@cache
def unchecked_client(service: str) -> Any:
    """A client that sends what it is given: botocore's own checks would hide the service's."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1, "mode": "standard"})
    return one_session().client(service, config=config)


def test_every_published_pattern_can_be_read() -> None:
    """A request to a checked service never fails because of AWS's spelling of a limit."""
    for service in ("sagemaker", "application-autoscaling", "scheduler", "cloudwatch"):
        model = service_model(service)
        for name in model.shape_names:
            compile_pattern(str(model.shape_for(name).metadata.get("pattern", "")))


def test_rollway_names_what_is_checked() -> None:
    """The search finds the operations on which a rollout stands."""
    wanted = {
        "CreateEndpointConfig",
        "UpdateEndpoint",
        "CreateModel",
        "CreateSchedule",
        "RegisterScalableTarget",
        "DescribeAlarms",
    }
    assert wanted <= {operation for _, operation in OPERATIONS}


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_each_published_limit_is_enforced(cloud: Cloud, service: str, operation: str) -> None:
    """A request in which one member breaks its limit is refused as invalid, and the refusal names the member."""
    wrong = [limit for limit in limits(model_of(service, operation)) if limit[0]]
    with in_process(cloud):
        accepted = [(path, request) for path, request in wrong if not refuses(service, operation, path, request)]
    assert accepted == []


def refuses(service: str, operation: str, path: str, request: dict[str, Any]) -> bool:
    """Send a request, and say whether it is refused because of the member."""
    where, identity = f"at '{path}'", {"Name": "n", "ResourceArn": "arn"}
    members = model_of(service, operation).members  # pyright: ignore[reportAttributeAccessIssue] - an input is a structure
    labels = {
        name: identity.get(name, "n")
        for name, member in members.items()
        if member.serialization.get("location") == "uri"
    }
    try:
        getattr(unchecked_client(service), xform_name(operation))(**labels | request)
    except ClientError as error:
        return where in str(error) and "Validation" in str(error)
    return False


def test_tags_of_awss_own_are_refused_wherever_tags_are_taken(aws: MakeClient) -> None:
    """A key that begins with aws: is nobody's to set: not in a Create call, not later, and not where moto keeps the tags."""
    tags = [{"Key": "Aws:owner", "Value": "me"}]
    sagemaker, scheduler, cloudwatch = (aws(service) for service in ("sagemaker", "scheduler", "cloudwatch"))
    container = {"Image": "m:1"}
    sagemaker.create_model(ModelName="there", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    model = sagemaker.describe_model(ModelName="there")["ModelArn"]
    group = sagemaker.create_model_package_group(ModelPackageGroupName="g")["ModelPackageGroupArn"]
    schedules = scheduler.create_schedule_group(Name="g")["ScheduleGroupArn"]
    alarm = {"AlarmName": "a", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "MetricName": "m"}
    attempts = [
        lambda: sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container, Tags=tags),
        lambda: sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c", Tags=tags),
        lambda: sagemaker.add_tags(ResourceArn=model, Tags=tags),
        lambda: sagemaker.delete_tags(ResourceArn=model, TagKeys=["aws:owner"]),
        lambda: sagemaker.create_model_package_group(ModelPackageGroupName="h", Tags=tags),
        lambda: sagemaker.add_tags(ResourceArn=group, Tags=tags),
        lambda: scheduler.create_schedule_group(Name="h", Tags=tags),
        lambda: scheduler.tag_resource(ResourceArn=schedules, Tags=tags),
        lambda: cloudwatch.put_metric_alarm(**alarm, Namespace="n", Period=60, Statistic="Sum", Threshold=1, Tags=tags),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match="must not begin with aws:"):
            attempt()
    sagemaker.add_tags(ResourceArn=model, Tags=[{"Key": "awsome", "Value": "me"}, {"Key": "team:aws:x", "Value": "me"}])


def test_a_client_of_the_wire_is_the_same(cloud: Cloud) -> None:
    """The unchecked client reaches the simulated account like any other."""
    with in_process(cloud):
        assert unchecked_client("sagemaker").list_models() is not None
        assert make_client("sagemaker").list_models()["Models"] == []
