"""``rollway config show``: a live endpoint as a blueprint, ready to be kept in a file. Changes nothing."""

from typing import Any, Unpack

import click
import yaml

from policies.blueprint.model import Blueprint
from rollway.aws.blueprints import read_live
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.options import OnAws, aws_options
from rollway.cli.output import emit


class Options(OnAws):
    """The verb's options."""

    endpoint: str


@click.command()
@click.argument("endpoint")
@aws_options
def command(**options: Unpack[Options]) -> int:
    """Show the live ENDPOINT as a blueprint, the values of its models' environment variables included.

    What cannot be read is named on stderr.
    """
    live = read_live(connect(options["region"], options["profile"]), options["endpoint"])
    for reason in live.unread:
        click.echo(f"not read: {reason}", err=True)
    document = _document(live.blueprint)
    emit(options["output"], document, yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120).rstrip())
    return Exit.OK


def _document(blueprint: Blueprint) -> dict[str, Any]:
    """Return the blueprint as a file has it: parts that declare nothing are left out."""
    document = blueprint.model_dump()
    document["scaling"] = {
        name: {part: value for part, value in scaling.items() if value != {}}
        for name, scaling in document["scaling"].items()
    }
    return {part: value for part, value in document.items() if value != {}}
