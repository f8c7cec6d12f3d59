"""Carrying out commands: the one place where a decision reaches AWS.

Every outcome is a ``CommandResult``: what AWS says is a fact for the loop, not an exception. Nothing here retries (the
loop gives a busy command again) or judges whether a change turned out well (the loop looks at every tick).
"""

from typing import assert_never

from policies.commands import ApplyConfig, Command, CommandResult, CreateConfig, DeleteConfig, SetCapacity, SetShares
from policies.errors import AwsError, PermanentAwsError, TransientAwsError
from rollway.aws.configs import create_config, delete_config
from rollway.aws.session import Aws
from rollway.aws.updates import apply_config, set_capacity, set_shares
from rollway.aws.waiting import REAL_TIME, Timing


def carry_out(aws: Aws, command: Command, timing: Timing = REAL_TIME) -> CommandResult:
    """Ask AWS for the end that a command wants. Carrying a command out twice is harmless.

    Returns:
        ``done``, ``accepted``, ``busy`` for everything that may succeed a little later (throttled, endpoint busy, no
        answer), or ``refused`` for everything that will not (denied, quota, invalid, not Rollway's to delete).
    """
    try:
        return _dispatch(aws, command, timing)
    except TransientAwsError as error:
        return CommandResult(status="busy", message=_say(error))
    except PermanentAwsError as error:
        return CommandResult(status="refused", message=_say(error))


def _dispatch(aws: Aws, command: Command, timing: Timing) -> CommandResult:
    match command:
        case CreateConfig():
            return create_config(aws, command.config)
        case ApplyConfig():
            return apply_config(aws, command, timing)
        case SetCapacity():
            return set_capacity(aws, command, timing)
        case SetShares():
            return set_shares(aws, command, timing)
        case DeleteConfig():
            return delete_config(aws, command.config)
        case _:
            assert_never(command)


def _say(error: AwsError) -> str:
    return f"{error}. {error.hint}" if error.hint else str(error)
