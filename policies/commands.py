"""The commands: what a decision asks AWS for.

Each says the wanted end, never a change ("shares are 95/5", not "add 5"), so carrying one out twice is harmless. ``explain`` says a
command to a person, ``rollway`` carries it out: both match every kind, so a new command that one of them forgets fails the type check.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field

from policies.endpoint_config import EndpointConfig
from policies.facts import ScalingTarget, format_shares, format_suspensions
from policies.guard import Alarm, Guard
from policies.probes import ProbeSpec
from policies.registration import Registration, Stand
from policies.switch import Switch
from policies.values import Frozen


class CreateModel(Frozen):
    """A model of this name and content exists.

    Attributes:
        model: its name.
        members: the other members of ``CreateModel``.
    """

    kind: Literal["create_model"] = "create_model"
    model: str
    members: dict[str, Any]


class CreateConfig(Frozen):
    """A configuration of this name and content exists."""

    kind: Literal["create_config"] = "create_config"
    config: EndpointConfig


class ApplyConfig(Frozen):
    """The endpoint runs on this configuration; variants that keep their name keep their live instance count.

    Attributes:
        endpoint: the endpoint.
        config: the configuration that it shall run on.
        replaces: the configuration that it ran on when this was decided; if it runs on yet another one by now, nothing is done.
        deployment: SageMaker's DeploymentConfig, where its guardrails shall carry it out; None for the plain way.
        unseen: whether to send it though the endpoint cannot be described: for going back, never for going on.
    """

    kind: Literal["apply_config"] = "apply_config"
    endpoint: str
    config: str
    replaces: str
    deployment: dict[str, Any] | None = None
    unseen: bool = False


class SetCapacity(Frozen):
    """The variant is served by this many instances.

    Attributes:
        endpoint: the endpoint.
        variant: the variant.
        instances: how many.
        lowers: whether instances are taken away: then it is done once there are no more than these, otherwise once there are no fewer.
    """

    kind: Literal["set_capacity"] = "set_capacity"
    endpoint: str
    variant: str
    instances: int
    lowers: bool = False


class SetShares(Frozen):
    """The variants get these percentages of the traffic; all variants are named.

    Attributes:
        endpoint: the endpoint.
        shares: percent of traffic by variant.
        unseen: whether to send it though the endpoint cannot be described: for taking traffic from a candidate, never for giving it any.
    """

    kind: Literal["set_shares"] = "set_shares"
    endpoint: str
    shares: dict[str, float]
    unseen: bool = False


class Probe(Frozen):
    """The variant has answered requests that were sent to it by name; what they cost it in time counts as no evidence."""

    kind: Literal["probe"] = "probe"
    endpoint: str
    variant: str
    probes: ProbeSpec


class SetScaling(Frozen):
    """Application Auto Scaling looks after the variant in this way; its policies and scheduled actions are left as they are."""

    kind: Literal["set_scaling"] = "set_scaling"
    endpoint: str
    scaling: ScalingTarget


class ReplaceScaling(Frozen):
    """Application Auto Scaling looks after the variant in exactly this way, policies and scheduled actions included; or not at all.

    Attributes:
        endpoint: the endpoint.
        variant: the variant.
        registration: how; None for not at all.
        stand: which of the rollout's registrations that is.
        at: when this was decided: scheduled actions that are over by then are left out, since AWS takes none of them.
    """

    kind: Literal["replace_scaling"] = "replace_scaling"
    endpoint: str
    variant: str
    registration: Registration | None
    stand: Stand
    at: datetime


class ArmSwitch(Frozen):
    """The dead-man's switch stands ready: from ``fires_at`` on, AWS gives the variants these shares by itself, again and again.

    Attributes:
        switch: the schedule's name and what it needs to act.
        endpoint: the endpoint.
        shares: percent of traffic by variant; all variants are named.
        fires_at: when it acts for the first time unless it is put off before.
    """

    kind: Literal["arm_switch"] = "arm_switch"
    switch: Switch
    endpoint: str
    shares: dict[str, float]
    fires_at: datetime


class DisarmSwitch(Frozen):
    """There is no dead-man's switch of this rollout."""

    kind: Literal["disarm_switch"] = "disarm_switch"
    switch: Switch


class ArmGuard(Frozen):
    """The alarms of a guarded update exist, and none of them goes off.

    Attributes:
        guard: the alarms.
        at: when a process of ours was alive.
    """

    kind: Literal["arm_guard"] = "arm_guard"
    guard: Guard
    at: datetime


class SoundAlarm(Frozen):
    """The alarm goes off, so that SageMaker takes the update in flight back."""

    kind: Literal["sound_alarm"] = "sound_alarm"
    endpoint: str
    alarm: Alarm


class RemoveGuard(Frozen):
    """There are no alarms of this rollout."""

    kind: Literal["remove_guard"] = "remove_guard"
    guard: Guard


class DeleteConfig(Frozen):
    """No configuration of this name exists. Only for configurations that the rollout made and nothing uses."""

    kind: Literal["delete_config"] = "delete_config"
    config: str


Safeguard = SetScaling | ArmSwitch | DisarmSwitch | ArmGuard | SoundAlarm | RemoveGuard
"""What changes nothing of the endpoint itself, only what protects it."""

Declared = CreateModel | ReplaceScaling
"""What a blueprint declares besides its configuration."""

Command = Annotated[
    CreateConfig | ApplyConfig | SetCapacity | SetShares | Probe | Safeguard | Declared | DeleteConfig,
    Field(discriminator="kind"),
]
"""One idempotent instruction for AWS."""


def explain(command: Command) -> str:
    """Say a command in a few words."""
    match command:
        case CreateConfig():
            told = f"create config {command.config.name}"
        case ApplyConfig():
            told = f"apply config {command.config}{' by its guardrails' if command.deployment else ''}"
        case SetCapacity():
            told = f"scale {command.variant} to {command.instances} {'instance' if command.instances == 1 else 'instances'}"
        case SetShares():
            told = f"shift traffic to {format_shares(command.shares)}"
        case Probe():
            told = f"send {command.probes.count:,} probes to {command.variant}"
        case SetScaling() | ArmSwitch() | DisarmSwitch() | ArmGuard() | SoundAlarm() | RemoveGuard():
            told = _explain_safeguard(command)
        case CreateModel():
            told = f"create model {command.model}"
        case ReplaceScaling():
            told = _explain_scaling(command)
        case DeleteConfig():
            told = f"delete config {command.config}"
        case _:
            assert_never(command)
    return told


def _explain_scaling(command: ReplaceScaling) -> str:
    if command.registration is None:
        return f"deregister {command.variant} from autoscaling"
    verb = "bring back" if command.stand == "before" else "register"
    return f"{verb} the scaling of {command.variant}: {command.registration}"


def _explain_safeguard(command: Safeguard) -> str:
    match command:
        case SetScaling():
            told = f"{format_suspensions(command.scaling.suspended)} of {command.scaling.variant}"
        case ArmSwitch():
            told = f"arm the dead-man's switch: traffic to {format_shares(command.shares)}"
        case DisarmSwitch():
            told = "disarm the dead-man's switch"
        case ArmGuard():
            told = f"make {len(command.guard.alarms)} alarms that take the update back"
        case SoundAlarm():
            told = f"sound the alarm {command.alarm.name}"
        case RemoveGuard():
            told = f"delete the {len(command.guard.alarms)} alarms of the update"
        case _:
            assert_never(command)
    return told


class CommandResult(Frozen):
    """What became of carrying out one command.

    Attributes:
        status: ``done`` (the wanted end is already true), ``accepted`` (AWS works on it), ``busy`` (AWS cannot do it just now; the same
            command may be given again later), ``refused`` (giving it again will not help).
        message: what AWS said, or what was found; a sentence for a person.
        code: the slug of the error, for example ``quota_exceeded``; empty where there was none, and in older journals.
    """

    status: Literal["done", "accepted", "busy", "refused"]
    message: str = ""
    code: str = ""
