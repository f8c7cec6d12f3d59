"""A group of verbs, one module each. A verb's module is imported when it is called and not before, which keeps ``--help`` quick."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import click


class Verbs(click.Group):
    """The verbs of a package: each is a module of its name, whose ``command`` is the click command."""

    def __init__(self, *args: Any, package: str, verbs: Mapping[str, str], **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        """Make a group.

        Args:
            args: click's own.
            package: the package that the modules are in.
            verbs: each verb with its line of help.
            kwargs: click's own.
        """
        super().__init__(*args, **kwargs)
        self._package = package
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        del ctx
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in self._verbs:
            return None
        return cast("click.Command", import_module(f"{self._package}.{cmd_name.replace('-', '_')}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table, importing none of them."""
        del ctx
        with formatter.section("Verbs"):
            formatter.write_dl(list(self._verbs.items()))
