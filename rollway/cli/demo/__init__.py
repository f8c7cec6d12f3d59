"""``rollway demo``: real models behind a simulated AWS, real requests, one rollout promoted and one rolled back."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, Unpack

import click

from rollway.cli.demo.acts import EXPECTED, Act, describe, play_all, read_back
from rollway.cli.demo.closing import close
from rollway.cli.demo.scene import RATE_PER_S, Scene, set_scene
from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit

_PLAYBILL: Final = ("better", "failing")


class Options(Common):
    """The verb's options."""

    candidate: str | None
    prefect: bool
    keep_open: bool
    folder: Path


@click.command()
@click.option(
    "--candidate", type=click.Choice(list(EXPECTED)), help="Play this candidate only. [default: better, then failing]"
)
@click.option("--prefect/--no-prefect", default=True, help="With a local Prefect server and its UI. [default: with]")
@click.option("--keep-open", is_flag=True, help="Leave everything running at the end, until Ctrl-C.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".rollway/demo"),
    show_default=True,
    help="Where it keeps its files.",
)
@common_options
def command(**options: Unpack[Options]) -> int:
    """Watch a rollout promoted and one rolled back: real models, real requests, a SIMULATED AWS.

    Four models are trained on real handwritten digits. "baseline" serves; "better" reads more digits right; "slow" dawdles on some
    inputs; "failing" breaks on some.
    """
    signal.signal(signal.SIGTERM, _leave)
    candidates = (options["candidate"],) if options["candidate"] else _PLAYBILL
    _say(
        "setting the scene: a simulated AWS, four models, an endpoint in service, users"
        + (", Prefect" if options["prefect"] else "")
    )
    with set_scene(options["folder"].absolute(), with_prefect=options["prefect"]) as scene:
        _introduce(scene)
        acts = play_all(scene, candidates)
        live = read_back(scene)
        emit(options["output"], {"acts": [describe(act) for act in acts], "endpoint": live}, close(acts, live))
        if options["keep_open"]:
            _wait_for_user(scene)
    return _exit_code(acts)


def _introduce(scene: Scene) -> None:
    for name, model in scene.models.items():
        flaw = f", fails on {model.failure_share:.0%} of the inputs" if model.failure_share else ""
        _say(f"  digits-{name:<9} reads {model.accuracy:.1%} of unseen digits right{flaw}")
    _say(f"  {RATE_PER_S:.0f} requests a second go to endpoint digits, which digits-baseline serves")
    if scene.ui:
        _say(f"  Prefect's UI: {scene.ui}")


def _wait_for_user(scene: Scene) -> None:
    _say(f"\nLeft open. Prefect's UI: {scene.ui or 'not started'}. To use the simulated AWS from another terminal:")
    for name, value in scene.environment.items():
        _say(f"  export {name}={value}")
    _say("Ctrl-C ends it.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        _say("ending")


def _exit_code(acts: Sequence[Act]) -> int:
    return Exit.OK if all(act.as_deserved for act in acts) else Exit.INTERNAL


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


def _say(line: str) -> None:
    click.echo(line, err=True)
