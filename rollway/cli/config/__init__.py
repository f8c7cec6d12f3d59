"""``rollway config``: blueprints, the wanted configuration of an endpoint in a file. One module per verb, imported when it is called."""

from importlib import import_module
from typing import Final, cast

import click

VERBS: Final = {
    "check": "Check blueprints against AWS's documented limits.",
    "show": "Show a live endpoint as a blueprint.",
    "create": "Create what a blueprint declares and does not exist.",
}
"""Every verb below with its line of help."""


class ConfigVerbs(click.Group):
    """The group of the verbs about blueprints."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        return cast("click.Command", import_module(f"rollway.cli.config.{cmd_name}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table, importing none of them."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=ConfigVerbs, subcommand_metavar="VERB ...")
def command() -> None:
    """Check, show and create blueprints: an endpoint's wanted configuration, in SageMaker's own words."""
