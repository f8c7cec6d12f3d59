"""Writing and deleting endpoint configurations.

SageMaker has no idempotency token and lets anyone delete a configuration in use, so both checks are made here: content
is compared before a name is taken for done, and nothing is deleted that Rollway did not make or that an endpoint may
need.
"""

from __future__ import annotations

import math
from typing import Any, cast

from policies.commands import CommandResult
from policies.endpoint_config import MADE_BY_TAG, EndpointConfig
from policies.errors import AlreadyExists, NotFound
from rollway.aws.errors import translating
from rollway.aws.sagemaker import describe_config, find_config, find_endpoints_using, find_model
from rollway.aws.session import Aws


def create_config(aws: Aws, config: EndpointConfig) -> CommandResult:
    """See to it that a configuration of this name and content exists. The caller marks it with Rollway's tags.

    Its models are compared with what they were when it was planned: under the same name another one may have been created meanwhile.

    Returns:
        ``done``, or ``refused`` when the name is taken by other content, or the name of one of its models is.

    Raises:
        AwsError: AWS turned the request down.
    """
    changed = _find_changed_models(aws, config)
    if changed:
        return _refuse(f"endpoint configuration {config.name} is not created or applied: {changed}")
    existing = find_config(aws, config.name)
    if existing is not None:
        return _judge_existing(existing, config)
    tags = [{"Key": key, "Value": value} for key, value in config.tags.items()]
    request: dict[str, Any] = {"EndpointConfigName": config.name, "Tags": tags} | config.fields
    try:
        with translating("CreateEndpointConfig", f"endpoint configuration {config.name}"):
            aws.sagemaker.create_endpoint_config(**request)
    except AlreadyExists:
        # Somebody was faster, or the answer to our own first attempt was lost.
        return _judge_existing(describe_config(aws, config.name), config)
    return CommandResult(status="done", message=f"created endpoint configuration {config.name}")


def delete_config(aws: Aws, name: str) -> CommandResult:
    """See to it that no configuration of this name exists, provided that Rollway made it and no endpoint uses it.

    Returns:
        ``done``, or ``refused`` with the reason.

    Raises:
        AwsError: AWS turned the request down.
    """
    config = find_config(aws, name)
    if config is None:
        return CommandResult(status="done", message=f"there is no endpoint configuration {name}")
    if MADE_BY_TAG not in config.tags:
        return _refuse(
            f"endpoint configuration {name} carries no tag {MADE_BY_TAG}: Rollway did not make it and leaves it alone"
        )
    users = find_endpoints_using(aws, name)
    if users:
        return _refuse(f"endpoint configuration {name} is in use by {', '.join(users)}")
    try:
        with translating("DeleteEndpointConfig", f"endpoint configuration {name}"):
            aws.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    except NotFound:
        return CommandResult(status="done", message=f"endpoint configuration {name} was deleted meanwhile")
    return CommandResult(status="done", message=f"deleted endpoint configuration {name}")


def _find_changed_models(aws: Aws, config: EndpointConfig) -> str:
    """Say which models are gone, or are not those that the configuration was planned with; empty when none is."""
    told: list[str] = []
    for name, planned in config.models.items():
        found = find_model(aws, name)
        changed = planned.differs_from(found.identity) if found else "does not exist any more"
        told += [f"model {name} {changed}"] if changed else []
    return "; ".join(told)


def _judge_existing(existing: EndpointConfig, wanted: EndpointConfig) -> CommandResult:
    """Compare what has the name already with what is wanted.

    AWS may complete a new configuration with its defaults, so one that Rollway made may hold more than was asked for;
    anybody else's must be equal.
    """
    same = _covers(existing.fields, wanted.fields)
    if same and (MADE_BY_TAG in existing.tags or _covers(wanted.fields, existing.fields)):
        return CommandResult(status="done", message=f"endpoint configuration {wanted.name} exists already")
    return _refuse(f"the name {wanted.name} is taken by an endpoint configuration of other content")


def _covers(whole: object, part: object) -> bool:
    """Whether everything in ``part`` is in ``whole``: mappings may hold more members, lists must match one by one."""
    match whole, part:
        case dict(), dict():
            left, right = cast("dict[str, object]", whole), cast("dict[str, object]", part)
            return all(key in left and _covers(left[key], value) for key, value in right.items())
        case list(), list():
            ours, theirs = cast("list[object]", whole), cast("list[object]", part)
            return len(ours) == len(theirs) and all(map(_covers, ours, theirs))
        case ((int() | float()), (int() | float())):
            return math.isclose(whole, part, rel_tol=1e-6)  # weights come back as single-precision floats
        case _:
            return whole == part


def _refuse(why: str) -> CommandResult:
    return CommandResult(status="refused", message=why)
