"""``rollway fleet``: one model on many endpoints, in waves. One module per verb, imported when it is called."""

from importlib import import_module
from typing import Final, cast

import click

VERBS: Final = {
    "plan": "Show what a fleet would do, endpoint by endpoint. Changes nothing.",
    "run": "Roll a model out over a fleet, or go on where it stood.",
    "status": "Show where every endpoint of a fleet stands.",
    "halt": "Begin nothing else of a fleet; with --abort take back what is under way.",
}
"""Every verb below with its line of help."""


class FleetVerbs(click.Group):
    """The group of the verbs about fleets."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        return cast("click.Command", import_module(f"rollway.cli.fleet.{cmd_name}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table, importing none of them."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=FleetVerbs, subcommand_metavar="VERB ...")
def command() -> None:
    """Roll one model out over many endpoints, accounts and Regions, in waves with a budget of failures."""
