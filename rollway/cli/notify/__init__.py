"""``rollway notify``: the routes by which people are told. One module per verb, imported when it is called."""

from importlib import import_module
from typing import Final, cast

import click

VERBS: Final = {
    "check": "Check a notifications file: every problem at once.",
    "test": "Send a marked test message by one route.",
}
"""Every verb below with its line of help."""


class NotifyVerbs(click.Group):
    """The group of the verbs about notifications."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        return cast("click.Command", import_module(f"rollway.cli.notify.{cmd_name}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table, importing none of them."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=NotifyVerbs, subcommand_metavar="VERB ...")
def command() -> None:
    """Check and try the routes by which people are told of rollouts."""
