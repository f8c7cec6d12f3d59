"""The chart of a study: wrong decisions against the policy's risks, and how often each fault is found. Needs matplotlib."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from policies.errors import RolloutError
from rollway.calibration.cases import Kind
from rollway.calibration.rates import Proportion
from rollway.calibration.study import Cell, Study, wrongly_passed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES: Final = (".svg", ".png")
_COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7")
"""Okabe and Ito's: told apart with any colour vision."""
_WIDTH: Final = 11.0
_HEIGHT_PER_ROW: Final = 0.55

Point = tuple[str, str, Proportion]
"""A row of a chart, a world, and what was found there."""


class MissingPlots(RolloutError):
    """The optional package that draws charts is not installed."""

    code = "missing_package"


def check_plots() -> None:
    """Check that charts can be drawn, before anything is simulated for them.

    Raises:
        MissingPlots: they cannot.
    """
    if find_spec("matplotlib") is None:
        message = "charts need the package matplotlib, which is not installed"
        raise MissingPlots(message, hint="pip install 'rollway[plots]', or leave out --plot.")


def draw_chart(study: Study, cells: Sequence[Cell], path: Path) -> None:
    """Write the chart; the file's suffix says as what.

    Raises:
        MissingPlots: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    check_plots()
    from matplotlib.figure import Figure  # noqa: PLC0415 - an optional package

    wrong, found = _wrong_decisions(study, cells), _detections(cells)
    rows = [len({row for row, _, _ in points}) for points in (wrong, found)]
    figure = Figure(figsize=(_WIDTH, _HEIGHT_PER_ROW * sum(rows) + 2.0), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=rows)
    _draw_points(top, study, wrong)
    top.axvline(100 * study.policy.risk.false_rollback, color="black", linestyle="--", linewidth=1)
    top.axvline(100 * study.policy.risk.false_promotion, color="black", linestyle=":", linewidth=1)
    top.set_title("Wrong decisions; dashed and dotted: the policy's risks of a false rollback and promotion")
    _draw_points(bottom, study, found)
    bottom.set_title("Faulty candidates taken back")
    bottom.legend(loc="best", title="simulated world")
    bottom.set_xlabel(f"% of {study.runs:,} SIMULATED rollouts, with exact 95 % intervals")
    figure.savefig(  # pyright: ignore[reportUnknownMemberType] - matplotlib leaves keywords untyped
        path, dpi=144, metadata={"Date": None} if path.suffix == ".svg" else None
    )


def _wrong_decisions(study: Study, cells: Sequence[Cell]) -> list[Point]:
    healthy = [
        ("healthy: taken back", cell.world, cell.rates.rolled_back) for cell in cells if cell.case.kind is Kind.HEALTHY
    ]
    margin = [
        (f"on the margin of {cell.case.name}: {mistake}", cell.world, proportion)
        for cell in cells
        if cell.case.kind is Kind.MARGIN
        for mistake, proportion in (
            ("taken back", cell.rates.rolled_back),
            ("passed", wrongly_passed(study.policy, cell)),
        )
    ]
    return healthy + margin


def _detections(cells: Sequence[Cell]) -> list[Point]:
    return [(cell.case.name, cell.world, cell.rates.rolled_back) for cell in cells if cell.case.kind is Kind.FAULT]


def _draw_points(axes: "Axes", study: Study, points: Sequence[Point]) -> None:
    rows = list(dict.fromkeys(row for row, _, _ in points))
    worlds = list(study.worlds)
    for number, world in enumerate(worlds):
        chosen = [(rows.index(row), proportion) for row, where, proportion in points if where == world]
        shares = [100 * proportion.share for _, proportion in chosen]
        bounds = [proportion.interval for _, proportion in chosen]
        offset = 0.6 * ((number + 0.5) / len(worlds) - 0.5)
        axes.errorbar(  # pyright: ignore[reportUnknownMemberType] - likewise
            shares,
            [row + offset for row, _ in chosen],
            xerr=[
                [share - 100 * low for share, (low, _) in zip(shares, bounds, strict=True)],
                [100 * high - share for share, (_, high) in zip(shares, bounds, strict=True)],
            ],
            fmt="o",
            markersize=4,
            color=_COLOURS[number % len(_COLOURS)],
            label=world,
        )
    axes.set_yticks(range(len(rows)), rows)  # pyright: ignore[reportUnknownMemberType] - likewise
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)  # pyright: ignore[reportUnknownMemberType] - likewise
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
