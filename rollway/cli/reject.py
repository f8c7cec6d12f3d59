"""``rollway reject``: ask the rollout that is under way for it, and wait until it has heard."""

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
    """Turn down the candidate that waits for a person's approval on ENDPOINT; back to the baseline."""
    return steer(signed("reject", options["reason"]), options)
