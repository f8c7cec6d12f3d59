"""Changing an endpoint: its configuration, its traffic, its capacity.

Each function asks AWS for a wanted end and says so when it is true already. None waits for the change to be over: the
loop looks again. Each only waits, for some seconds, until the accepted change shows, so that the next look does not
take the old state for the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from policies.commands import ApplyConfig, CommandResult, SetCapacity, SetShares, explain
from policies.errors import DeadlineExceeded, NotFound, TransientAwsError
from policies.facts import Endpoint, same_share
from rollway.aws.errors import ConfigNotFound, translating
from rollway.aws.sagemaker import describe_endpoint, normalise
from rollway.aws.session import Aws
from rollway.aws.waiting import REAL_TIME, Timing, wait_until

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DesiredWeightAndCapacityTypeDef

CONFIG_VISIBLE_WITHIN: Final = timedelta(seconds=10)
"""How long a new endpoint configuration may be unknown to an update: SageMaker reads it eventually consistently."""

CHANGE_VISIBLE_WITHIN: Final = timedelta(seconds=10)
"""How long an accepted change is given to show in the endpoint's description."""

_UNSEEN: Final = "the endpoint could not be described"
_LOOK_EVERY: Final = timedelta(seconds=1)
_CHANGING: Final = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
_BROKEN: Final = frozenset({"OutOfService", "Deleting", "Failed", "UpdateRollbackFailed"})


@dataclass(frozen=True)
class _Change:
    """One wanted end and the way there.

    Attributes:
        said: the change in a few words.
        is_true: whether an endpoint is as wanted.
        is_coming: whether AWS is already bringing it there.
        send: asks AWS for it.
    """

    said: str
    is_true: Callable[[Endpoint], bool]
    is_coming: Callable[[Endpoint], bool]
    send: Callable[[], None]


def apply_config(aws: Aws, command: ApplyConfig, timing: Timing = REAL_TIME) -> CommandResult:
    """Move an endpoint to a configuration; variants that keep their name keep their live instance count.

    Raises:
        AwsError: AWS turned the request down.
    """
    wanted = command.config
    if command.unseen:
        _update_endpoint(aws, command, command.replaces, timing)
        return CommandResult(status="accepted", message=f"{explain(command)}: AWS works on it; {_UNSEEN}")
    endpoint = describe_endpoint(aws, command.endpoint)
    if not {endpoint.config, endpoint.pending_config} & {wanted, command.replaces}:
        moved = f"somebody moved {command.endpoint} to {endpoint.config}; it was on {command.replaces}"
        return CommandResult(status="refused", message=f"{explain(command)}: {moved}")
    change = _Change(
        said=explain(command),
        is_true=lambda seen: seen.config == wanted and seen.pending_config is None and seen.status not in _BROKEN,
        is_coming=lambda seen: seen.pending_config == wanted,
        send=lambda: _update_endpoint(aws, command, endpoint.config, timing),
    )
    return _bring_about(aws, endpoint, change, timing)


def set_shares(aws: Aws, command: SetShares, timing: Timing = REAL_TIME) -> CommandResult:
    """Give all production variants of an endpoint their shares of the traffic, in one request.

    Raises:
        AwsError: AWS turned the request down.
    """
    said = explain(command)
    if not (all(share >= 0 for share in command.shares.values()) and sum(command.shares.values()) > 0):
        return CommandResult(status="refused", message=f"{said}: shares must be at least 0, and one must be more")
    weights = _weights(command)
    if command.unseen:
        _send_desired(aws, command.endpoint, weights)
        return CommandResult(status="accepted", message=f"{said}: AWS works on it; {_UNSEEN}")
    endpoint = describe_endpoint(aws, command.endpoint)
    if endpoint.shares.keys() != command.shares.keys():
        return _miss_variants(endpoint, said)
    wanted = normalise(command.shares)
    change = _Change(
        said=said,
        is_true=lambda seen: _agree(seen.shares, wanted) and _agree(_wanted_shares(seen), wanted),
        is_coming=lambda seen: seen.status == "Updating" and _agree(_wanted_shares(seen), wanted),
        send=lambda: _send_desired(aws, command.endpoint, weights),
    )
    return _bring_about(aws, endpoint, change, timing)


def _weights(command: SetShares) -> list[DesiredWeightAndCapacityTypeDef]:
    return [{"VariantName": variant, "DesiredWeight": share} for variant, share in command.shares.items()]


def set_capacity(aws: Aws, command: SetCapacity, timing: Timing = REAL_TIME) -> CommandResult:
    """Give one variant its number of instances: AWS changes the capacity of one variant per request.

    Raises:
        AwsError: AWS turned the request down.
    """
    endpoint, said = describe_endpoint(aws, command.endpoint), explain(command)
    if endpoint.variant(command.variant) is None:
        return _miss_variants(endpoint, said)
    desired: DesiredWeightAndCapacityTypeDef = {
        "VariantName": command.variant,
        "DesiredInstanceCount": command.instances,
    }
    change = _Change(
        said=said,
        is_true=lambda seen: _capacity(seen, command.variant) == (command.instances, command.instances),
        is_coming=lambda seen: (
            seen.status == "Updating" and _wanted_capacity(seen, command.variant) == command.instances
        ),
        send=lambda: _send_desired(aws, command.endpoint, [desired]),
    )
    return _bring_about(aws, endpoint, change, timing)


def _bring_about(aws: Aws, endpoint: Endpoint, change: _Change, timing: Timing) -> CommandResult:
    """Ask AWS for a change unless it is true or under way, and wait until the accepted change shows."""
    if change.is_true(endpoint):
        return CommandResult(status="done", message=f"{change.said}: already so")
    if change.is_coming(endpoint):
        return CommandResult(status="accepted", message=f"{change.said}: already under way")
    change.send()
    _wait_until_visible(aws, endpoint.name, change, timing)
    return CommandResult(status="accepted", message=f"{change.said}: AWS works on it")


def _wait_until_visible(aws: Aws, name: str, change: _Change, timing: Timing) -> None:
    """Wait until the endpoint left service or is as wanted; seeing neither in time changes nothing: AWS did accept."""

    def see() -> Endpoint | None:
        try:
            seen = describe_endpoint(aws, name)
        except TransientAwsError:
            return None
        return seen if seen.status != "InService" or change.is_true(seen) else None

    with suppress(DeadlineExceeded):
        wait_until(see, f"endpoint {name}", deadline=CHANGE_VISIBLE_WITHIN, every=_LOOK_EVERY, timing=timing)


def _update_endpoint(aws: Aws, command: ApplyConfig, runs_on: str, timing: Timing) -> None:
    """Send UpdateEndpoint, again and again while SageMaker does not see the configuration yet.

    Raises:
        ConfigNotFound: it does not see the configuration within ``CONFIG_VISIBLE_WITHIN``.
        NotFound: the configuration that the endpoint runs on was deleted.
    """

    def sent() -> bool | None:
        try:
            _send_config(aws, command, runs_on)
        except ConfigNotFound:
            return None
        return True

    try:
        wait_until(sent, command.config, deadline=CONFIG_VISIBLE_WITHIN, every=_LOOK_EVERY, timing=timing)
    except DeadlineExceeded:
        _send_config(aws, command, runs_on)  # a last time, so that AWS's own words reach the caller


def _send_config(aws: Aws, command: ApplyConfig, runs_on: str) -> None:
    """Send UpdateEndpoint once.

    Live properties are retained, or capacity that autoscaling added would be lost; weights are not, or the shares of
    the old configuration would outlive it.
    """
    try:
        with translating("UpdateEndpoint", f"endpoint {command.endpoint}"):
            guardrails = {"DeploymentConfig": command.deployment} if command.deployment else {}
            aws.sagemaker.update_endpoint(
                EndpointName=command.endpoint,
                EndpointConfigName=command.config,
                RetainAllVariantProperties=True,
                ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
                **cast("Any", guardrails),
            )
    except ConfigNotFound as error:
        if _is_about(error, runs_on):
            raise _miss_current(error, command, runs_on) from error
        raise


def _is_about(error: ConfigNotFound, config: str) -> bool:
    """Whether AWS misses this very configuration. It names it by its ARN, in which SageMaker has written names in lower case."""
    return re.search(rf"endpoint-config/{re.escape(config)}(?![\w-])", str(error), re.IGNORECASE) is not None


def _miss_current(error: ConfigNotFound, command: ApplyConfig, runs_on: str) -> NotFound:
    return NotFound(
        f"cannot {explain(command)}: endpoint {command.endpoint} runs on the configuration {runs_on}, which was deleted, "
        f"and SageMaker updates no endpoint without it (request {error.request_id})",
        operation=error.operation,
        aws_code=error.aws_code,
        request_id=error.request_id,
        hint=f"If this rollout made {runs_on}, Rollway creates it again on its way back. "
        f"Otherwise create {runs_on} again, with the content that it had.",
    )


def _send_desired(aws: Aws, endpoint: str, desired: list[DesiredWeightAndCapacityTypeDef]) -> None:
    """Send UpdateEndpointWeightsAndCapacities once, for all variants that are to change."""
    with translating("UpdateEndpointWeightsAndCapacities", f"endpoint {endpoint}"):
        aws.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=desired,
        )


def _miss_variants(endpoint: Endpoint, said: str) -> CommandResult:
    """Answer a command whose variants are not there: busy while a change in flight may bring them, else refused."""
    status = "busy" if endpoint.status in _CHANGING else "refused"
    state = f"endpoint {endpoint.name} is {endpoint.status} with the variants {', '.join(endpoint.shares) or 'none'}"
    return CommandResult(status=status, message=f"{said}: {state}")


def _agree(left: Mapping[str, float], right: Mapping[str, float]) -> bool:
    return left.keys() == right.keys() and all(same_share(left[name], right[name]) for name in left)


def _wanted_shares(endpoint: Endpoint) -> dict[str, float]:
    return {variant.name: variant.wanted_share for variant in endpoint.variants}


def _capacity(endpoint: Endpoint, name: str) -> tuple[int, int] | None:
    """Return how many instances serve a variant now and are to serve it, or None when it is gone."""
    variant = endpoint.variant(name)
    return variant and (variant.instances, variant.wanted_instances)


def _wanted_capacity(endpoint: Endpoint, name: str) -> int | None:
    variant = endpoint.variant(name)
    return variant and variant.wanted_instances
