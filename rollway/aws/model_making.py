"""Seeing to it that a SageMaker model exists with a given content. Twice is as good as once; nothing that exists is changed."""

from __future__ import annotations

from typing import Any, Final

from policies.blueprint.difference import Difference, same_model
from policies.errors import AlreadyExists, NotFound, PermanentAwsError
from rollway.aws.blueprints import read_model
from rollway.aws.errors import translating
from rollway.aws.session import Aws

_FROM_PACKAGE: Final = "ModelPackageName"


def ensure_model(aws: Aws, name: str, members: dict[str, Any]) -> bool:
    """Create a model unless it is there, read it back either way, and say whether it was created.

    Args:
        aws: the clients.
        name: the model's name.
        members: the members of ``CreateModel``, except the name.

    Raises:
        AwsError: AWS turned a request down, or a model of that name has other content.
    """
    try:
        existing = read_model(aws, name)
    except NotFound:
        created = _create(aws, name, members)
        existing = read_model(aws, name)
    else:
        created = False
    differences = _differences(existing, members)
    if differences:
        raise PermanentAwsError(
            f"model {name} reads back with other content: {', '.join(each.path for each in differences)}",
            operation="CreateModel",
            hint="A model cannot be changed: register the version anew, or delete the model if nothing serves it.",
        )
    return created


def _create(aws: Aws, name: str, members: dict[str, Any]) -> bool:
    try:
        with translating("CreateModel", f"model {name}"):
            aws.sagemaker.create_model(ModelName=name, **members)
    except AlreadyExists:
        return False  # somebody was faster, or the answer to our own first attempt was lost; what is there is looked at next
    return True


def _differences(existing: dict[str, Any], members: dict[str, Any]) -> list[Difference]:
    """Return in what a model is not as wanted. Of one made from a package AWS may tell more than was said: that is the package's."""
    found = same_model(existing, members)
    if _FROM_PACKAGE not in members.get("PrimaryContainer", {}):
        return found
    return [each for each in found if each.wanted is not None]
