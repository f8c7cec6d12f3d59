"""The demo from its first line to its last. Imports the simulated AWS, so only where that is installed."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from rollway.cli.demo.acts import Act, describe, play_all, read_back
from rollway.cli.demo.closing import close
from rollway.cli.demo.scene import RATE_PER_S, Scene, set_scene
from rollway.cli.exits import Exit
from rollway.cli.options import Form
from rollway.cli.output import emit


@dataclass(frozen=True)
class Playing:
    """What is played, and how.

    Attributes:
        candidates: the candidates, in their order.
        folder: where the demo keeps its files.
        with_prefect: whether a local Prefect server runs beside it.
        keep_open: whether everything is left running at the end, until Ctrl-C.
        output: in which form the result is told.
    """

    candidates: Sequence[str]
    folder: Path
    with_prefect: bool
    keep_open: bool
    output: Form


def play(playing: Playing) -> int:
    """Play the demo and return the exit code."""
    signal.signal(signal.SIGTERM, _leave)
    _say(
        "setting the scene: a simulated AWS, four models, an endpoint in service, users"
        + (", Prefect" if playing.with_prefect else "")
    )
    with set_scene(playing.folder.absolute(), with_prefect=playing.with_prefect) as scene:
        _introduce(scene)
        acts = play_all(scene, playing.candidates)
        live = read_back(scene)
        emit(playing.output, {"acts": [describe(act) for act in acts], "endpoint": live}, close(acts, live))
        if playing.keep_open:
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
