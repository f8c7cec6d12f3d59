"""``rollway rollback``: take the candidate back, by the process that drives the rollout or, where that is dead, by this one."""

from typing import Unpack

import click

from rollway.cli.bringing_back import bring_back
from rollway.cli.newest import signed
from rollway.cli.options import OnReturn, journal_options, notifications_option, reason_option


class Options(OnReturn):
    """The verb's options."""

    reason: str


@click.command()
@reason_option
@notifications_option
@journal_options
def command(**options: Unpack[Options]) -> int:
    """Take the candidate of ENDPOINT back to the baseline, also when the rollout's process has died or hangs."""
    return bring_back(signed("rollback", options["reason"]), options)
