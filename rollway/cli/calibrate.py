"""``rollway calibrate``: how often a policy's gates would be wrong at the user's traffic, by simulation. Never talks to AWS."""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Unpack

import click

from policies.loading import load_policy
from policies.values import parse_duration, parse_percent
from rollway.calibration.cases import keep_simulated
from rollway.calibration.chart import SUFFIXES, check_plots, draw_chart
from rollway.calibration.faults import Service
from rollway.calibration.report import Findings, as_document, as_text
from rollway.calibration.study import Cell, Study, run_study
from rollway.calibration.worlds import WORLDS
from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit
from rollway.cli.words import name_policy


class Options(Common):
    """The verb's options."""

    policy: str
    requests_per_minute: float
    error_rate: float
    worlds: tuple[str, ...]
    extend: timedelta
    runs: int
    seed: int
    processes: int
    plot: Path | None


def _reading(parse: Callable[[object], object]) -> Callable[[click.Context, click.Parameter, object], object]:
    """Make a click callback of a parser that raises ValueError."""

    def read(_context: click.Context, _option: click.Parameter, value: object) -> object:
        try:
            return parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return read


@click.command()
@click.argument("policy")
@click.option(
    "--requests-per-minute",
    type=click.FloatRange(min=1, max=1e6),
    default=500.0,
    show_default=True,
    help="Mean requests of both arms together.",
)
@click.option(
    "--error-rate", default="1%", show_default=True, callback=_reading(parse_percent), help="Of a healthy candidate."
)
@click.option(
    "--world",
    "worlds",
    type=click.Choice(list(WORLDS)),
    multiple=True,
    help="Simulated environment; may be given several times. [default: all]",
)
@click.option(
    "--extend",
    default="5m",
    show_default=True,
    callback=_reading(parse_duration),
    help="How much longer than its bake each stage lasts.",
)
@click.option("--runs", type=click.IntRange(10, 100_000), default=150, show_default=True, help="Rollouts per figure.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed, the same figures."
)
@click.option("--processes", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="[default: one per core]")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Chart to write, .svg or .png."
)
@common_options
def command(**options: Unpack[Options]) -> int:
    """Measure on SIMULATED traffic how often POLICY would be wrong, and how soon it would find a fault."""
    _check_plot(options["plot"])
    policy, left_out = keep_simulated(load_policy(options["policy"]))
    study = Study(
        policy,
        options["requests_per_minute"],
        Service(error_rate=options["error_rate"]),
        options["extend"],
        options["runs"],
        options["seed"],
        {name: WORLDS[name] for name in options["worlds"] or WORLDS},
    )
    cells = _run(study, options["processes"])
    if options["plot"]:
        draw_chart(study, cells, options["plot"])
    findings = Findings(study, cells, name_policy(options["policy"], policy), left_out)
    emit(options["output"], as_document(findings), as_text(findings))
    return Exit.OK


def _check_plot(path: Path | None) -> None:
    if path is None:
        return
    if path.suffix not in SUFFIXES or not path.parent.is_dir():
        raise UsageProblem(
            f"the chart cannot be written to {path}",
            f"Name a file that ends in {' or '.join(SUFFIXES)}, in a folder that exists.",
        )
    check_plots()


def _run(study: Study, processes: int) -> list[Cell]:
    label = f"{len(study.cells)} × {study.runs:,} simulated rollouts"
    with click.progressbar(run_study(study, processes), len(study.cells), label, file=sys.stderr) as cells:
        return list(cells)
