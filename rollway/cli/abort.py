"""``rollway abort``: stop a rollout, by the process that drives it or, where that is dead, by this one."""

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
    """Stop the rollout of ENDPOINT that is under way, and bring the endpoint back to the baseline."""
    return bring_back(signed("abort", options["reason"]), options)
