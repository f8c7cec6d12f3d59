"""``rollway pause``: ask the rollout that is under way for it, and wait until it has heard."""

from typing import Unpack

import click

from rollway.cli.newest import signed
from rollway.cli.options import OnRollout, journal_options, reason_option, wait_option
from rollway.cli.steering import steer


@click.command()
@reason_option
@wait_option
@journal_options
def command(**options: Unpack[OnRollout]) -> int:
    """Keep the candidate of ENDPOINT where it is; its gates are still judged, and a failure takes it back."""
    return steer(signed("pause", options["reason"]), options)
