"""One command of every kind, on an endpoint made for them, each of which has something to change there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from policies.commands import (
    ApplyConfig,
    ArmGuard,
    ArmSwitch,
    Command,
    CommandResult,
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
from policies.endpoint_config import MADE_BY_TAG, EndpointConfig
from policies.facts import ScalingTarget
from policies.guard import make_guard
from policies.loading import parse_policy
from policies.probes import ProbeSpec
from policies.switch import SwitchSpec, make_switch
from rollway.aws.execution import carry_out, put_off
from rollway.aws.session import Aws
from tests.chaos.endings import settle
from tests.chaos.simulated_aws import INSTANCES, ROLE

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import TagTypeDef

IN_USE = "two-variants"
SPARE = "spare"
VARIANTS = ("AllTraffic", "candidate")
GUARDED = {
    "strategy": "guardrail",
    "stages": [{"share": 50, "bake": "4m"}, {"share": 100, "bake": "3m"}],
    "gates": {"failing": {"metric": "Invocation5XXErrors", "at_most": 0.1}},
}

Act = Callable[[Aws], CommandResult]


def _variant(name: str) -> dict[str, object]:
    return {
        "VariantName": name,
        "ModelName": "v1",
        "InitialInstanceCount": INSTANCES,
        "InstanceType": "ml.m6i.xlarge",
        "InitialVariantWeight": 1.0,
    }


def furnish(aws: Aws, endpoint: str) -> None:
    """Give an endpoint two variants, and make what commands change or delete: a configuration, a schedule, alarms, a registration."""
    tags: list[TagTypeDef] = [{"Key": MADE_BY_TAG, "Value": "r-1"}]
    for name, variants in ((IN_USE, VARIANTS), (SPARE, VARIANTS[:1])):
        aws.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[_variant(variant) for variant in variants],  # pyright: ignore[reportArgumentType]
            Tags=tags,
        )
    aws.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=IN_USE)
    settle(aws, endpoint)
    commands = every_command(aws, endpoint)
    for kind in ("arm_switch", "arm_guard"):
        carry_out(aws, commands[kind])


def every_command(aws: Aws, endpoint: str) -> dict[str, Command]:
    """Return a command of every kind, by its kind."""
    switch = make_switch(
        SwitchSpec(group="default"), "r-1", aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointArn"]
    )
    assert switch is not None
    guard = make_guard(parse_policy(GUARDED), "r-1", endpoint, "AllTraffic", "candidate")
    now = datetime.now(UTC)
    config = EndpointConfig(name="another", fields={"ProductionVariants": [_variant("AllTraffic")]})
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
    commands: list[Command] = [
        CreateModel(model="another", members={"PrimaryContainer": container, "ExecutionRoleArn": ROLE}),
        CreateConfig(config=config),
        ApplyConfig(endpoint=endpoint, config=SPARE, replaces=IN_USE),
        SetCapacity(endpoint=endpoint, variant="candidate", instances=INSTANCES + 1),
        SetShares(endpoint=endpoint, shares={"AllTraffic": 90.0, "candidate": 10.0}),
        Probe(endpoint=endpoint, variant="candidate", probes=ProbeSpec(body="1", count=1)),
        SetScaling(endpoint=endpoint, scaling=ScalingTarget(variant="AllTraffic", minimum=2, maximum=9)),
        ReplaceScaling(endpoint=endpoint, variant="AllTraffic", registration=None, stand="after", at=now),
        ArmSwitch(
            switch=switch,
            endpoint=endpoint,
            shares={"AllTraffic": 100.0, "candidate": 0.0},
            fires_at=now + timedelta(hours=1),
        ),
        DisarmSwitch(switch=switch),
        ArmGuard(guard=guard, at=now),
        SoundAlarm(endpoint=endpoint, alarm=guard.alarms[0]),
        RemoveGuard(guard=guard),
        DeleteConfig(config=SPARE),
    ]
    return {command.kind: command for command in commands}


def everything_that_changes(aws: Aws, endpoint: str) -> dict[str, Act]:
    """Return all that a rollout does to AWS on behalf of its lease: every command, and putting off either kind of switch."""
    commands = every_command(aws, endpoint)
    acts: dict[str, Act] = {kind: partial(carry_out, command=command) for kind, command in commands.items()}
    for kind in ("arm_switch", "arm_guard"):
        command = commands[kind]
        assert isinstance(command, ArmSwitch | ArmGuard)
        acts[f"put off {kind}"] = partial(put_off, command=command)
    return acts
