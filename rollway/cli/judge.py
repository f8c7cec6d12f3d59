"""``rollway judge``: the verdict on a file of observations. Reads files, and writes a receipt if asked to."""

from datetime import datetime
from pathlib import Path
from typing import Final, Unpack

import click
import pandas as pd
from rich.console import Group
from rich.text import Text

from policies.loading import load_policy
from policies.receipt import Receipt, format_receipt, issue_receipt
from policies.strata.reading import read_observations
from policies.values import format_duration
from policies.verdict import Call
from rollway import __version__
from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit
from rollway.cli.words import name_policy
from rollway.cli.world import current_world
from rollway.reports.judgement import draw_verdict

EXIT_OF_CALL: Final = {
    Call.PROMOTE: Exit.OK,
    Call.ROLLBACK: Exit.ROLLED_BACK,
    Call.CONTINUE: Exit.WAITING,
    Call.INCONCLUSIVE: Exit.WAITING,
}
_STALE_PERIODS: Final = 3


class Options(Common):
    """The verb's options."""

    policy: str
    observations: Path
    as_of: str
    receipt: Path | None


@click.command()
@click.argument("policy")
@click.argument("observations", type=click.Path(path_type=Path))
@click.option(
    "--as-of",
    default="now",
    metavar="MOMENT",
    show_default=True,
    help="When the judging takes place: now; last, right after the last observation; or a time such as 2026-11-20T10:30Z, "
    "of which later observations are left out.",
)
@click.option(
    "--receipt",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the verdict and all that it rests on to this file; `rollway replay` proves it.",
)
@common_options
def command(**options: Unpack[Options]) -> int:
    """Judge OBSERVATIONS (.csv or .parquet) by POLICY, and say what the gates come to.

    Exit codes: 0 PROMOTE, 3 ROLLBACK, 5 CONTINUE or INCONCLUSIVE, 2 unusable input.
    """
    moment = _read_moment(options["as_of"])
    policy, observations = load_policy(options["policy"]), read_observations(options["observations"])
    if options["as_of"] not in {"now", "last"}:
        observations = observations[observations["minute"] < moment]
    receipt = issue_receipt(policy, observations, moment, __version__)
    if options["receipt"] is not None:
        _write(receipt, options["receipt"])
    headline = Text(f"{name_policy(options['policy'], policy)} on {options['observations']}", "dim")
    told = Group(headline, draw_verdict(receipt.verdict), *_tell_staleness(receipt, observations))
    emit(options["output"], receipt.model_dump(mode="json"), told)
    return EXIT_OF_CALL[receipt.verdict.decision]


def _read_moment(text: str) -> datetime | None:
    """Return the moment of judging; None for the end of the observations."""
    if text in {"now", "last"}:
        return current_world().clock.now() if text == "now" else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is neither now, last nor a time such as 2026-11-20T10:30Z") from error
    if moment.tzinfo is None:
        raise click.BadParameter(f"{text!r} has no time zone; write for example {text}Z")
    return moment


def _write(receipt: Receipt, path: Path) -> None:
    try:
        path.write_bytes(format_receipt(receipt).encode())
    except OSError as error:
        told = f"the receipt cannot be written to {path}: {error.strerror or error}"
        raise UsageProblem(told, "Name a file in a folder that exists and may be written to.") from error


def _tell_staleness(receipt: Receipt, observations: pd.DataFrame) -> list[Text]:
    """Say how to judge observations that have ended: as of now, their silence keeps gates from passing."""
    at = receipt.verdict.at
    if receipt.now is None or at is None or receipt.verdict.decision in {Call.PROMOTE, Call.ROLLBACK}:
        return []
    newest = observations["minute"].iloc[-1]
    period = observations["minute"].drop_duplicates().diff().min()
    if pd.isna(period) or at - newest <= _STALE_PERIODS * period:
        return []
    silence = format_duration(receipt.now - newest)
    return [Text(f"The newest observation is {silence} old. To judge as of then: --as-of last", "yellow")]
