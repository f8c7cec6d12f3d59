"""``rollway config create``: creates what a blueprint declares and does not exist. Changes nothing that does."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final, Unpack

import click

from policies.blueprint.difference import Difference, find_differences
from policies.blueprint.loading import BlueprintError, load_blueprint
from policies.blueprint.model import Blueprint
from policies.errors import AwsError, DeadlineExceeded
from policies.facts import Endpoint
from policies.values import format_duration
from rollway.aws.blueprints import Live, read_live
from rollway.aws.creating import (
    Step,
    await_service,
    create_declared_config,
    create_endpoint,
    create_models,
    find_conflicts,
)
from rollway.aws.session import Aws, connect
from rollway.aws.shapes import blueprint_shapes
from rollway.aws.variant_scaling import add_scaling
from rollway.cli.differences import tell_difference
from rollway.cli.exits import Exit
from rollway.cli.failures import GaveUp
from rollway.cli.options import OnAws, aws_options, read_duration
from rollway.cli.output import emit
from rollway.cli.world import current_world

_AGAIN: Final = "Run the same command again for what is left."


class BlueprintRefused(BlueprintError):
    """A valid blueprint that cannot be created as things stand. Nothing was changed."""

    code = "blueprint_refused"


class Unfinished(GaveUp):
    """Something of a blueprint was created, and the rest could not be."""

    code = "unfinished"


class Options(OnAws):
    """The verb's options."""

    file: str
    wait: timedelta


@click.command()
@click.argument("file")
@click.option(
    "--wait",
    default="30m",
    show_default=True,
    callback=read_duration,
    metavar="DURATION",
    help="How long to wait until the endpoint serves; scaling can be registered only then.",
)
@aws_options
def command(**options: Unpack[Options]) -> int:
    """Create the models, the configuration, the endpoint and the scaling that FILE declares and that do not exist.

    What exists is never changed: a model of other content, or an endpoint on another configuration, is a reason to do nothing.
    The last thing is to read everything back. Exit code 5 while the endpoint does not serve as declared.
    """
    blueprint = load_blueprint(options["file"], blueprint_shapes())
    aws = connect(options["region"], options["profile"])
    conflicts = find_conflicts(aws, blueprint, f"rollway run {blueprint.endpoint} --config {options['file']}")
    if conflicts:
        raise BlueprintRefused(options["file"], conflicts)
    steps: list[Step] = []
    try:
        return _make(aws, blueprint, options, steps)
    except (AwsError, DeadlineExceeded) as error:
        if not any(step.created for step in steps):
            raise
        done = ", ".join(step.what for step in steps if step.created)
        raise Unfinished(f"{error}\nBefore that, this was created: {done}", error.hint or _AGAIN) from error


def _make(aws: Aws, blueprint: Blueprint, options: Options, steps: list[Step]) -> Exit:
    """Create what is missing, note each step, and tell how the endpoint is then."""
    for step in _create(aws, blueprint):
        steps.append(step)
        click.echo(_tell_step(step), err=True)
    seen = await_service(aws, blueprint.endpoint, options["wait"], current_world().timing)
    if not seen.settled:
        document = _document(blueprint, steps) | {"status": seen.status, "differences": None}
        emit(options["output"], document, _tell_unserved(seen, options))
        return Exit.WAITING
    for variant in blueprint.scaling:
        for what in add_scaling(aws, blueprint, variant):
            steps.append(Step(what, created=True))
            click.echo(_tell_step(steps[-1]), err=True)
    live = read_live(aws, blueprint.endpoint)
    differences = find_differences(live.blueprint, blueprint)
    document = _document(blueprint, steps) | {
        "status": seen.status,
        "differences": [asdict(difference) for difference in differences],
    }
    emit(options["output"], document, _tell(live, differences))
    return Exit.WAITING if differences or live.unread else Exit.OK


def _create(aws: Aws, blueprint: Blueprint) -> Iterator[Step]:
    timing = current_world().timing
    yield from create_models(aws, blueprint)
    yield create_declared_config(aws, blueprint, timing)
    yield create_endpoint(aws, blueprint, timing)


def _document(blueprint: Blueprint, steps: list[Step]) -> dict[str, Any]:
    return {"endpoint": blueprint.endpoint, "steps": [asdict(step) for step in steps]}


def _tell_step(step: Step) -> str:
    return f"created {step.what}" if step.created else f"{step.what} exists already"


def _tell_unserved(seen: Endpoint, options: Options) -> str:
    why = f": {seen.failure_reason}" if seen.failure_reason else ""
    if seen.status == "Failed":
        return (
            f"{seen.name} is Failed{why}\nSageMaker lets it only be deleted: do that, then run the same command again."
        )
    waited = f" after {format_duration(options['wait'])}"
    return f"{seen.name} is {seen.status}{waited}{why}\nOnce it serves, run the same command again for what is left."


def _tell(live: Live, differences: list[Difference]) -> str:
    lines = [f"not read back: {reason}" for reason in live.unread]
    if differences:
        lines += ["It exists, and is not all as declared:", *(f"  {tell_difference(each)}" for each in differences)]
    elif not live.unread:
        lines.append(f"{live.blueprint.endpoint} serves as declared, on the configuration {live.config}.")
    return "\n".join(lines)
