"""``rollway replay``: judge the inputs of a receipt again and compare the bytes. Reads one file and nothing else."""

from pathlib import Path
from typing import Unpack

import click
from rich.console import Group
from rich.text import Text

from policies.receipt import ReceiptError, Replay, replay_receipt
from rollway import __version__
from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit
from rollway.reports.judgement import draw_verdict


class Options(Common):
    """The verb's options."""

    receipt: Path


@click.command()
@click.argument("receipt", type=click.Path(path_type=Path))
@common_options
def command(**options: Unpack[Options]) -> int:
    """Judge again what a RECEIPT of `rollway judge` rests on, and say whether the same bytes come out.

    Exit codes: 0 the same bytes, whatever the verdict is; 2 other bytes, or no receipt.
    """
    try:
        text = options["receipt"].read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ReceiptError(f"{options['receipt']} cannot be read: {error}") from error
    replay = replay_receipt(text, __version__)
    document = {
        "same": not replay.differences,
        "differences": list(replay.differences),
        "verdict": replay.receipt.verdict.model_dump(mode="json"),
    }
    emit(options["output"], document, _draw(replay))
    return Exit.REFUSED if replay.differences else Exit.OK


def _draw(replay: Replay) -> Group:
    told = [Text("the same, to the byte", "green")]
    if replay.differences:
        headline = "NOT the same: the receipt was altered, or comes from another version or machine"
        told = [Text(headline, "bold red"), *(Text(f"  {each}") for each in replay.differences)]
    return Group(*told, draw_verdict(replay.receipt.verdict))
