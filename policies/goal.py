"""From a wanted end to the next command, and from a command to whether its end is reached.

The rollout never counts steps: it compares what it wants with what AWS says, so it can be interrupted anywhere and go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from policies.commands import (
    ApplyConfig,
    ArmGuard,
    ArmSwitch,
    Command,
    CreateConfig,
    CreateModel,
    DeleteConfig,
    DisarmSwitch,
    Probe,
    RemoveGuard,
    ReplaceScaling,
    SetCapacity,
    SetScaling,
    SetShares,
    SoundAlarm,
)
from policies.endpoint_config import EndpointConfig
from policies.facts import Endpoint, same_share


@dataclass(frozen=True)
class Goal:
    """How the endpoint shall be.

    Attributes:
        config: the configuration it shall run on.
        shares: percent of traffic by variant; None leaves them to the configuration.
        instances: least number of instances by variant, seen to before the shares.
        instances_first: likewise, but seen to before the configuration.
        deployment: SageMaker's DeploymentConfig for the way to the configuration; None for the plain way.
    """

    config: EndpointConfig
    shares: Mapping[str, float] | None = None
    instances: Mapping[str, int] = field(default_factory=dict[str, int])
    instances_first: Mapping[str, int] = field(default_factory=dict[str, int])
    deployment: dict[str, Any] | None = None


def next_commands(goal: Goal, endpoint: Endpoint) -> tuple[Command, ...]:
    """Return what to ask AWS for next; nothing when the goal is reached."""
    short = _short_of(goal.instances_first, endpoint)
    if short:
        return (short,)
    if endpoint.config != goal.config.name:
        apply = ApplyConfig(
            endpoint=endpoint.name, config=goal.config.name, replaces=endpoint.config, deployment=goal.deployment
        )
        return (CreateConfig(config=goal.config), apply)
    short = _short_of(goal.instances, endpoint)
    if short:
        return (short,)
    if goal.shares is not None and not has_shares(endpoint, goal.shares):
        return (SetShares(endpoint=endpoint.name, shares=dict(goal.shares)),)
    return ()


def is_reached(command: Command, endpoint: Endpoint) -> bool:
    """Whether a settled endpoint is what an accepted command wanted."""
    match command:
        case ApplyConfig():
            return endpoint.config == command.config
        case SetCapacity():
            variant = endpoint.variant(command.variant)
            if variant is None:
                return False
            return variant.instances <= command.instances if command.lowers else variant.instances >= command.instances
        case SetShares():
            return has_shares(endpoint, command.shares)
        case CreateConfig() | DeleteConfig() | Probe() | SetScaling() | ArmSwitch() | DisarmSwitch():
            return True
        case ArmGuard() | SoundAlarm() | RemoveGuard() | CreateModel() | ReplaceScaling():
            return True
        case _:
            assert_never(command)


def has_shares(endpoint: Endpoint, shares: Mapping[str, float]) -> bool:
    """Whether the endpoint has exactly these variants at these shares, now and as wanted."""
    return endpoint.shares.keys() == shares.keys() and all(
        same_share(variant.share, shares[variant.name]) and same_share(variant.wanted_share, shares[variant.name])
        for variant in endpoint.variants
    )


def _short_of(wanted: Mapping[str, int], endpoint: Endpoint) -> SetCapacity | None:
    for variant in endpoint.variants:
        count = wanted.get(variant.name, 0)
        if variant.wanted_instances < count:
            return SetCapacity(endpoint=endpoint.name, variant=variant.name, instances=count)
    return None
