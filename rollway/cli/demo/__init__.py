"""``rollway demo``: real models behind a simulated AWS, real requests, one rollout promoted and one rolled back."""

from pathlib import Path
from typing import Final, Unpack

import click

from rollway.cli.demo.candidates import EXPECTED
from rollway.cli.optional import check_sandbox
from rollway.cli.options import Common, common_options

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
    check_sandbox()
    from rollway.cli.demo.playing import Playing, play  # noqa: PLC0415 - imports the simulated AWS, an optional part

    candidates = (options["candidate"],) if options["candidate"] else _PLAYBILL
    return play(Playing(candidates, options["folder"], options["prefect"], options["keep_open"], options["output"]))
