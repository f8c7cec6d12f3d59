"""``rollway config``: blueprints, the wanted configuration of an endpoint in a file. One module per verb, imported when it is called."""

from typing import Final

import click

from rollway.cli.verbs import Verbs

VERBS: Final = {
    "check": "Check blueprints against AWS's documented limits.",
    "show": "Show a live endpoint as a blueprint.",
    "create": "Create what a blueprint declares and does not exist.",
}
"""Every verb below with its line of help."""


@click.command(cls=Verbs, package=__name__, verbs=VERBS, subcommand_metavar="VERB ...")
def command() -> None:
    """Check, show and create blueprints: an endpoint's wanted configuration, in SageMaker's own words."""
