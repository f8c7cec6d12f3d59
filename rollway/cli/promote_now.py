"""``rollway promote-now``: ask the rollout that is under way for it, and wait until it has heard."""

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
    """Promote the candidate of ENDPOINT at once, whatever has not passed yet; a gate that fails still takes it back."""
    return steer(signed("promote_now", options["reason"]), options)
