"""``rollway diff``: what a live endpoint differs in from a blueprint. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Unpack

import click

from policies.blueprint.difference import Difference, find_differences
from policies.blueprint.loading import load_blueprint
from policies.blueprint.model import Blueprint
from rollway.aws.blueprints import Live, read_existing_models, read_live
from rollway.aws.session import connect
from rollway.aws.shapes import blueprint_shapes
from rollway.cli.differences import tell_difference
from rollway.cli.exits import Exit
from rollway.cli.options import OnAws, aws_options
from rollway.cli.output import emit
from rollway.cli.words import count


class Options(OnAws):
    """The verb's options."""

    endpoint: str
    file: str
    exit_code: bool


@click.command()
@click.argument("endpoint")
@click.argument("file")
@click.option("--exit-code", is_flag=True, help="Exit with 5 unless the endpoint is known to be as declared.")
@aws_options
def command(**options: Unpack[Options]) -> int:
    """Show in what the live ENDPOINT differs from the blueprint FILE: each member with its live and its wanted value.

    Variants are matched by name, tags by key. Defaults of AWS, the scale of weights and the count of a variant whose scaling is declared
    are no difference. Values of environment variables are not shown.
    """
    wanted = load_blueprint(options["file"], blueprint_shapes())
    aws = connect(options["region"], options["profile"])
    live = read_live(aws, options["endpoint"])
    named = dict.fromkeys([*wanted.models, *wanted.used_models])
    existing = read_existing_models(aws, [name for name in named if name not in live.blueprint.models])
    differences = find_differences(live.blueprint, wanted, existing)
    unknown = [*live.unread, *_missing_models(live, wanted, existing)]
    document = {
        "endpoint": live.blueprint.endpoint,
        "file": options["file"],
        "status": live.status,
        "config": live.config,
        "equal": not differences and not unknown,
        "differences": [asdict(difference) for difference in differences],
        "unknown": unknown,
    }
    emit(options["output"], document, _tell(live, options["file"], differences, unknown))
    return Exit.WAITING if options["exit_code"] and not document["equal"] else Exit.OK


def _missing_models(live: Live, wanted: Blueprint, existing: Mapping[str, object]) -> list[str]:
    known = {*live.blueprint.models, *existing, *wanted.models}
    return [
        f"model {name}: neither declared nor known to SageMaker" for name in wanted.used_models if name not in known
    ]


def _tell(live: Live, file: str, differences: Sequence[Difference], unknown: Sequence[str]) -> str:
    endpoint = live.blueprint.endpoint
    busy = "" if live.status == "InService" else f" (it is {live.status})"
    lines = [f"not compared: {reason}" for reason in unknown]
    if differences:
        head = f"{endpoint}{busy} and {file}: {count(len(differences), 'difference')}, live → wanted"
        return "\n".join([head, *(f"  {tell_difference(each)}" for each in differences), *lines])
    if unknown:
        return "\n".join([f"{endpoint}{busy} and {file}: no difference in what could be compared", *lines])
    return f"{endpoint}{busy} is as {file} declares it."
