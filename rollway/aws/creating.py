"""Making a blueprint true where nothing stands in its way: its models, its configuration, an endpoint that there is none of yet.

Never changes what exists. Every step says what it did, and doing all of it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from policies.blueprint.difference import same_model
from policies.blueprint.model import Blueprint
from policies.endpoint_config import MADE_BY_TAG, EndpointConfig, name_config
from policies.errors import AlreadyExists, DeadlineExceeded, NotFound, PermanentAwsError, Problem
from policies.facts import IDLE_TROUBLE, Endpoint
from rollway.aws.blueprints import read_existing_models
from rollway.aws.configs import create_config
from rollway.aws.errors import ConfigNotFound, translating
from rollway.aws.model_making import ensure_model
from rollway.aws.sagemaker import describe_endpoint, find_config
from rollway.aws.session import Aws
from rollway.aws.updates import CONFIG_VISIBLE_WITHIN
from rollway.aws.waiting import REAL_TIME, Timing, wait_until

_LOOK_EVERY: Final = timedelta(seconds=10)
_ASK_EVERY: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Step:
    """One thing that shall exist.

    Attributes:
        what: the thing, for example ``model fraud-v7``.
        created: whether it was created just now; it was there already otherwise.
    """

    what: str
    created: bool


def wanted_config(blueprint: Blueprint) -> EndpointConfig:
    """Return the configuration that a blueprint declares, named by its content and marked as Rollway's."""
    name = name_config(blueprint.endpoint, blueprint.config)
    return EndpointConfig(name=name, fields=blueprint.config, tags=blueprint.tags | {MADE_BY_TAG: "rollway"})


def find_endpoint(aws: Aws, name: str) -> Endpoint | None:
    """Read an endpoint, or return None when there is none of that name."""
    try:
        return describe_endpoint(aws, name)
    except NotFound:
        return None


def find_conflicts(aws: Aws, blueprint: Blueprint, change_with: str) -> list[Problem]:
    """Return everything that keeps a blueprint from being created. Changes nothing.

    Args:
        aws: the clients.
        blueprint: what shall be created.
        change_with: the command that changes a live endpoint, for the remedy.

    Raises:
        AwsError: AWS turned a request down.
    """
    return [*_endpoint_conflicts(aws, blueprint, change_with), *_model_conflicts(aws, blueprint)]


def create_models(aws: Aws, blueprint: Blueprint) -> list[Step]:
    """See to it that every declared model exists, and read back each that is new.

    Raises:
        AwsError: AWS turned a request down, or a model reads back with other content.
    """
    return [Step(f"model {name}", ensure_model(aws, name, members)) for name, members in blueprint.models.items()]


def create_declared_config(aws: Aws, blueprint: Blueprint, timing: Timing = REAL_TIME) -> Step:
    """See to it that the declared configuration exists, and that AWS shows it.

    Raises:
        AwsError: AWS turned a request down, or the name is taken by other content.
        DeadlineExceeded: AWS accepted it and does not show it.
    """
    config = wanted_config(blueprint)
    existed = find_config(aws, config.name) is not None
    result = create_config(aws, config)
    if result.status != "done":
        raise PermanentAwsError(result.message, operation="CreateEndpointConfig")
    what = f"endpoint configuration {config.name}"
    shown = partial(find_config, aws, config.name)
    wait_until(shown, what, deadline=CONFIG_VISIBLE_WITHIN, every=_ASK_EVERY, timing=timing)
    return Step(what, not existed)


def create_endpoint(aws: Aws, blueprint: Blueprint, timing: Timing = REAL_TIME) -> Step:
    """See to it that the endpoint exists. One that exists already is left as it is.

    Raises:
        AwsError: AWS turned the request down.
    """
    what = f"endpoint {blueprint.endpoint}"
    if find_endpoint(aws, blueprint.endpoint) is not None:
        return Step(what, created=False)
    request: dict[str, Any] = {
        "EndpointName": blueprint.endpoint,
        "EndpointConfigName": wanted_config(blueprint).name,
        "Tags": [{"Key": key, "Value": value} for key, value in blueprint.tags.items()],
    }
    try:
        _send_endpoint(aws, request, timing)
    except AlreadyExists:  # the answer to our own first attempt was lost, or somebody was faster; it is looked at next
        return Step(what, created=False)
    return Step(what, created=True)


def await_service(aws: Aws, name: str, within: timedelta, timing: Timing = REAL_TIME) -> Endpoint:
    """Wait until nothing is in flight on an endpoint any more, and return it as it is then or when the time is over."""

    def idle() -> Endpoint | None:
        seen = describe_endpoint(aws, name)
        return seen if seen.settled or seen.status in IDLE_TROUBLE else None

    with suppress(DeadlineExceeded):
        return wait_until(idle, f"endpoint {name}", deadline=within, every=_LOOK_EVERY, timing=timing)
    return describe_endpoint(aws, name)


def _endpoint_conflicts(aws: Aws, blueprint: Blueprint, change_with: str) -> Iterator[Problem]:
    endpoint, wanted = find_endpoint(aws, blueprint.endpoint), wanted_config(blueprint).name
    if endpoint is not None and (endpoint.pending_config or endpoint.config) != wanted:
        what = f"{endpoint.name} exists already, on the configuration {endpoint.config}; this blueprint's is {wanted}"
        yield Problem("endpoint", what, f"a live endpoint is changed with: {change_with}")


def _model_conflicts(aws: Aws, blueprint: Blueprint) -> Iterator[Problem]:
    existing = read_existing_models(aws, dict.fromkeys([*blueprint.models, *blueprint.used_models]))
    for name, model in blueprint.models.items():
        differences = same_model(existing[name], model) if name in existing else []
        if differences:
            members = ", ".join(difference.path for difference in differences)
            what = f"exists already with other content: {members}"
            yield Problem(f"models.{name}", what, "give it another name: a model cannot be changed")
    for name in blueprint.used_models:
        if name not in existing and name not in blueprint.models:
            what = "is named by the configuration, and neither declared here nor known to SageMaker"
            yield Problem(f"models.{name}", what, "declare it, or check its name")


def _send_endpoint(aws: Aws, request: dict[str, Any], timing: Timing) -> None:
    """Send CreateEndpoint, again and again while SageMaker does not see the configuration yet."""

    def send() -> None:
        with translating("CreateEndpoint", f"endpoint {request['EndpointName']}"):
            aws.sagemaker.create_endpoint(**request)

    def sent() -> bool | None:
        try:
            send()
        except ConfigNotFound:
            return None
        return True

    try:
        wait_until(sent, "the configuration", deadline=CONFIG_VISIBLE_WITHIN, every=_ASK_EVERY, timing=timing)
    except DeadlineExceeded:
        send()  # a last time, so that AWS's own words reach the caller
