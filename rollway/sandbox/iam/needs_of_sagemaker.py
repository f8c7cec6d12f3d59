"""What requests to SageMaker need: tags that come with a resource, roles and keys that are handed over, and a second resource."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from rollway.sandbox.iam.request import Asked, Need

_SERVICE: Final = "sagemaker.amazonaws.com"


def _own(kind: str, member: str) -> Callable[[Asked], Iterator[Need]]:
    """Return what needs the action of the operation's own name on the one resource that a member names."""

    def find(asked: Asked) -> Iterator[Need]:
        yield asked.tagged(f"sagemaker:{asked.operation}", asked.sagemaker(kind, asked.text(member)))

    return find


def _create(kind: str, member: str) -> Callable[[Asked], Iterator[Need]]:
    """Return what a new resource needs: itself, its tags and its execution role."""

    def find(asked: Asked) -> Iterator[Need]:
        arn, tags = asked.sagemaker(kind, asked.text(member)), asked.request_tags()
        yield Need(f"sagemaker:{asked.operation}", arn, tags)
        if tags:
            yield Need("sagemaker:AddTags", arn, {**tags, "sagemaker:TaggingAction": (asked.operation,)})
        if role := asked.text("ExecutionRoleArn"):
            yield Need("iam:PassRole", role, {"iam:PassedToService": (_SERVICE,)})

    return find


def _run_config(asked: Asked) -> Iterator[Need]:
    """Return what running an endpoint on a configuration needs: both of them, and the configuration's key.

    KMS goes by the key, also where an alias names it; here an alias stands for a key of its own name.
    """
    name = asked.text("EndpointConfigName")
    config = asked.sagemaker("endpoint-config", name)
    yield asked.tagged(f"sagemaker:{asked.operation}", config, asked.request_tags())
    if key := asked.around.key_of_config(name):
        yield Need(
            "kms:CreateGrant",
            key if key.startswith("arn:") else asked.around.arn("kms", f"key/{key.removeprefix('alias/')}"),
        )


def _update_endpoint(asked: Asked) -> Iterator[Need]:
    yield from _own("endpoint", "EndpointName")(asked)
    yield from _run_config(asked)


def _create_endpoint(asked: Asked) -> Iterator[Need]:
    yield from _create("endpoint", "EndpointName")(asked)
    yield from _run_config(asked)


def _list_endpoints(_: Asked) -> Iterator[Need]:
    yield Need("sagemaker:ListEndpoints")


def _tags(asked: Asked) -> Iterator[Need]:
    yield asked.tagged(f"sagemaker:{asked.operation}", asked.text("ResourceArn"), asked.request_tags())


def _list_packages(asked: Asked) -> Iterator[Need]:
    yield Need(
        "sagemaker:ListModelPackages", asked.sagemaker("model-package", f"{_name(asked, 'ModelPackageGroupName')}/*")
    )


def _describe_package(asked: Asked) -> Iterator[Need]:
    yield Need("sagemaker:DescribeModelPackage", asked.sagemaker("model-package", _name(asked, "ModelPackageName")))


def _update_package(asked: Asked) -> Iterator[Need]:
    status = asked.text("ModelApprovalStatus")
    keys = {"sagemaker:ModelApprovalStatus": (status,)} if status else {}
    yield Need("sagemaker:UpdateModelPackage", asked.text("ModelPackageArn"), keys)


def _name(asked: Asked, member: str) -> str:
    """Return a name that may be given as an ARN."""
    return asked.text(member).rpartition(":")[2].partition("/")[2] if ":" in asked.text(member) else asked.text(member)


FINDERS: Final[Mapping[str, Callable[[Asked], Iterator[Need]]]] = {
    "DescribeEndpoint": _own("endpoint", "EndpointName"),
    "UpdateEndpointWeightsAndCapacities": _own("endpoint", "EndpointName"),
    "DescribeEndpointConfig": _own("endpoint-config", "EndpointConfigName"),
    "DeleteEndpointConfig": _own("endpoint-config", "EndpointConfigName"),
    "DescribeModel": _own("model", "ModelName"),
    "CreateModel": _create("model", "ModelName"),
    "CreateEndpointConfig": _create("endpoint-config", "EndpointConfigName"),
    "CreateEndpoint": _create_endpoint,
    "UpdateEndpoint": _update_endpoint,
    "ListEndpoints": _list_endpoints,
    "ListTags": _tags,
    "AddTags": _tags,
    "ListModelPackages": _list_packages,
    "DescribeModelPackage": _describe_package,
    "UpdateModelPackage": _update_package,
}

RUNTIME_FINDERS: Final[Mapping[str, Callable[[Asked], Iterator[Need]]]] = {
    "InvokeEndpoint": _own("endpoint", "EndpointName")
}
