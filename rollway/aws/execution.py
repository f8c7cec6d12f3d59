"""Carrying out commands: the one place where a decision reaches AWS.

Every outcome is a ``CommandResult``: what AWS says is a fact for the loop, not an exception. Nothing here retries (the
loop gives a busy command again) or judges whether a change turned out well (the loop looks at every tick).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import assert_never

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
    Safeguard,
    SetCapacity,
    SetScaling,
    SetShares,
    SoundAlarm,
    explain,
)
from policies.errors import AwsError, PermanentAwsError, TransientAwsError
from rollway.aws import guarding, switch
from rollway.aws.autoscaling import set_scaling
from rollway.aws.configs import create_config, delete_config
from rollway.aws.errors import hint_under_way
from rollway.aws.fencing import COMMAND_LIMIT
from rollway.aws.model_making import ensure_model
from rollway.aws.probing import probe
from rollway.aws.replacing import replace_scaling
from rollway.aws.session import Aws
from rollway.aws.updates import apply_config, set_capacity, set_shares
from rollway.aws.waiting import REAL_TIME, Timing


def carry_out(aws: Aws, command: Command, timing: Timing = REAL_TIME) -> CommandResult:
    """Ask AWS for the end that a command wants. Carrying a command out twice is harmless.

    Returns:
        ``done``, ``accepted``, ``busy`` for everything that may succeed a little later (throttled, endpoint busy, no
        answer), or ``refused`` for everything that will not (denied, quota, invalid, not Rollway's to delete).
    """
    return _answer(lambda: _dispatch(aws, command, timing))


def limit_of(command: Command) -> timedelta:
    """Return how long after a command began its last request may leave; probes have a limit of their own."""
    return COMMAND_LIMIT + command.probes.within if isinstance(command, Probe) else COMMAND_LIMIT


def put_off(aws: Aws, command: ArmSwitch | ArmGuard) -> CommandResult:
    """Have the dead-man's switch, or the guard that takes its place, act later. Answers as ``carry_out`` does."""
    if isinstance(command, ArmGuard):
        return _answer(lambda: guarding.put_off(aws, command))
    return _answer(lambda: switch.put_off(aws, command))


def _answer(act: Callable[[], CommandResult]) -> CommandResult:
    try:
        return act()
    except TransientAwsError as error:
        return CommandResult(status="busy", message=_say(error), code=error.code)
    except PermanentAwsError as error:
        return CommandResult(status="refused", message=_say(error), code=error.code)


def _dispatch(aws: Aws, command: Command, timing: Timing) -> CommandResult:
    match command:
        case CreateConfig():
            result = create_config(aws, command.config)
        case ApplyConfig():
            result = apply_config(aws, command, timing)
        case SetCapacity():
            result = set_capacity(aws, command, timing)
        case SetShares():
            result = set_shares(aws, command, timing)
        case Probe():
            result = probe(aws, command)
        case SetScaling() | ArmSwitch() | DisarmSwitch() | ArmGuard() | SoundAlarm() | RemoveGuard():
            result = _protect(aws, command, timing)
        case CreateModel():
            result = _create_model(aws, command)
        case ReplaceScaling():
            result = replace_scaling(aws, command, timing)
        case DeleteConfig():
            result = delete_config(aws, command.config)
        case _:
            assert_never(command)
    return result


def _create_model(aws: Aws, command: CreateModel) -> CommandResult:
    told = "" if ensure_model(aws, command.model, command.members) else ": exists already"
    return CommandResult(status="done", message=f"{explain(command)}{told}")


def _protect(aws: Aws, command: Safeguard, timing: Timing) -> CommandResult:
    match command:
        case SetScaling():
            result = set_scaling(aws, command, timing)
        case ArmSwitch():
            result = switch.arm_switch(aws, command)
        case DisarmSwitch():
            result = switch.disarm_switch(aws, command.switch)
        case ArmGuard():
            result = guarding.arm_guard(aws, command)
        case SoundAlarm():
            result = guarding.sound_alarm(aws, command)
        case RemoveGuard():
            result = guarding.remove_guard(aws, command)
        case _:
            assert_never(command)
    return result


def _say(error: AwsError) -> str:
    hint = hint_under_way(error)
    return f"{error}. {hint}" if hint else str(error)
