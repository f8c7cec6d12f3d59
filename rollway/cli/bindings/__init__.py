"""``rollway bindings``: which registered model goes to which endpoints. One module per verb, imported when it is called."""

from typing import Final

import click

from rollway.cli.verbs import Verbs

VERBS: Final = {
    "check": "Check bindings files: every problem at once.",
    "list": "Show what the registries say now, and what would follow. Changes nothing.",
}
"""Every verb below with its line of help."""


@click.command(cls=Verbs, package=__name__, verbs=VERBS, subcommand_metavar="VERB ...")
def command() -> None:
    """Bind registered models to endpoints: which version, where to, by what policy."""
