"""``rollway bindings``: which registered model goes to which endpoints. One module per verb, imported when it is called."""

from importlib import import_module
from typing import Final, cast

import click

VERBS: Final = {
    "check": "Check bindings files: every problem at once.",
    "list": "Show what the registries say now, and what would follow. Changes nothing.",
}
"""Every verb below with its line of help."""
_MODULES: Final = {"check": "check", "list": "listing"}


class BindingsVerbs(click.Group):
    """The group of the verbs about bindings."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        return cast("click.Command", import_module(f"rollway.cli.bindings.{_MODULES[cmd_name]}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table, importing none of them."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=BindingsVerbs, subcommand_metavar="VERB ...")
def command() -> None:
    """Bind registered models to endpoints: which version, where to, by what policy."""
