"""Putting a verb's result on stdout: one JSON document, or text for a person."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from rollway.cli.options import Form

if TYPE_CHECKING:
    from rich.console import RenderableType

Document = Mapping[str, Any]
"""What a verb prints with ``--output json``."""

_PIPE_WIDTH: Final = 160
"""Columns of a text that no terminal limits."""


def emit(form: Form, document: Document, text: "RenderableType") -> None:
    """Print a result. Text may be anything that rich can render."""
    if form == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif isinstance(text, str):
        click.echo(text)
    else:
        _print_rich(text)


def _print_rich(text: "RenderableType") -> None:
    from rich.console import Console  # noqa: PLC0415 - costs time that verbs with plain text do not need
    from rich.text import Text  # noqa: PLC0415 - likewise

    terminal = sys.stdout.isatty()
    console = Console(highlight=False, width=None if terminal else _PIPE_WIDTH)
    with console.capture() as captured:
        console.print(text, soft_wrap=isinstance(text, Text) and not terminal)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
