"""``rollway notify``: the routes by which people are told. One module per verb, imported when it is called."""

from typing import Final

import click

from rollway.cli.verbs import Verbs

VERBS: Final = {
    "check": "Check a notifications file: every problem at once.",
    "test": "Send a marked test message by one route.",
}
"""Every verb below with its line of help."""


@click.command(cls=Verbs, package=__name__, verbs=VERBS, subcommand_metavar="VERB ...")
def command() -> None:
    """Check and try the routes by which people are told of rollouts."""
