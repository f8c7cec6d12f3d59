"""``rollway fleet``: one model on many endpoints, in waves. One module per verb, imported when it is called."""

from typing import Final

import click

from rollway.cli.verbs import Verbs

VERBS: Final = {
    "plan": "Show what a fleet would do, endpoint by endpoint. Changes nothing.",
    "run": "Roll a model out over a fleet, or go on where it stood.",
    "status": "Show where every endpoint of a fleet stands.",
    "halt": "Begin nothing else of a fleet; with --abort take back what is under way.",
}
"""Every verb below with its line of help."""


@click.command(cls=Verbs, package=__name__, verbs=VERBS, subcommand_metavar="VERB ...")
def command() -> None:
    """Roll one model out over many endpoints, accounts and Regions, in waves with a budget of failures."""
