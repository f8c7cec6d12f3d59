"""What a study has found, as a document for machines and as tables for a terminal. Measures nothing itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.values import format_duration, format_percent
from rollway.calibration.cases import Kind
from rollway.calibration.rates import Proportion
from rollway.calibration.study import Cell, Study, wrongly_passed

WORLDS_TOLD: Final = (
    "Worlds: iid, every minute alike; drift, volume and latency of both arms wander; shock, drift and one outage of both arms; over, drift "
    "and noise of each arm's own; over_ar, the same with noise that lasts for minutes."
)
BLIND: Final = (
    "Not simulated, and so not promised: wrong answers that are quick and without errors; 4xx errors; metrics held against a limit, or "
    "averaged; faults after the last bake; more noise than in these worlds; metrics that CloudWatch loses or corrects."
)


@dataclass(frozen=True)
class Findings:
    """A study and what it found.

    Attributes:
        study: what was simulated.
        cells: the results, in the study's order.
        name: what the policy is called.
        left_out: names of the gates that are not simulated.
    """

    study: Study
    cells: Sequence[Cell]
    name: str
    left_out: tuple[str, ...]

    def rows(self, kind: Kind) -> dict[str, list[Cell]]:
        """Return the cells of a kind by case; within a case, by world."""
        rows: dict[str, list[Cell]] = {}
        for cell in self.cells:
            if cell.case.kind is kind:
                rows.setdefault(cell.case.name, []).append(cell)
        return rows


def as_document(findings: Findings) -> Mapping[str, Any]:
    """Return everything that was found."""
    study = findings.study
    return {
        "simulated": True,
        "policy": findings.name,
        "requests_per_minute": study.requests_per_minute,
        "error_rate": study.service.error_rate,
        "period_s": study.policy.metrics.period.total_seconds(),
        "ladder": [{"share": share, "periods": periods} for share, periods in study.plan.ladder],
        "runs": study.runs,
        "seed": study.seed,
        "risk": study.policy.risk.model_dump(),
        "gates_not_simulated": list(findings.left_out),
        "cells": [_cell_document(study, cell) for cell in findings.cells],
    }


def _cell_document(study: Study, cell: Cell) -> Mapping[str, Any]:
    rates = cell.rates
    margin = cell.case.kind is Kind.MARGIN
    return {
        "kind": str(cell.case.kind),
        "candidate": cell.case.name,
        "world": cell.world,
        "rolled_back": _proportion(rates.rolled_back),
        "passed_by_stage": [_proportion(passed) for passed in rates.passed],
        "passed_all": _proportion(rates.all_passed),
        **({"wrongly_passed": _proportion(wrongly_passed(study.policy, cell))} if margin else {}),
        "median_periods_to_rollback": rates.median_strata,
        "median_requests_served": rates.median_served,
        "median_requests_failed": rates.median_failed,
    }


def _proportion(proportion: Proportion) -> Mapping[str, Any]:
    low, high = proportion.interval
    return asdict(proportion) | {"share": proportion.share, "low": low, "high": high}


def as_text(findings: Findings) -> RenderableType:
    """Return the tables, with what was simulated before them and what that cannot show after them."""
    study = findings.study
    ladder = " → ".join(f"{share:g} %" for share, _ in study.plan.ladder)
    lasts = format_duration(study.plan.minutes * study.policy.metrics.period)
    head = Text.assemble(
        (findings.name, "bold"),
        f" · SIMULATED: {study.requests_per_minute:,.6g} requests a minute, {format_percent(study.service.error_rate)} of them fail, "
        f"{ladder} in {lasts}; {study.runs:,} rollouts a figure, seed {study.seed}",
    )
    left_out = (
        f"Gates left out, for they are not simulated: {', '.join(findings.left_out)}." if findings.left_out else ""
    )
    tables = {
        "Wrong decisions, with exact 95 % intervals": _wrong(findings),
        "A healthy candidate passes within the time of the stage": _healthy(findings),
        "Faulty candidates taken back; half of them after so long, so many requests served and failed": _found(
            findings
        ),
    }
    titled = [Group(Text(title, "bold"), table, "") for title, table in tables.items()]
    return Group(head, left_out, "", *titled, WORLDS_TOLD, "", BLIND)


def _wrong(findings: Findings) -> Table:
    study, risk = findings.study, findings.study.policy.risk
    table = _table(study, "limit")
    for cells in findings.rows(Kind.HEALTHY).values():
        shares = [_share(cell.rates.rolled_back) for cell in cells]
        table.add_row("healthy: taken back", format_percent(risk.false_rollback), *shares)
    for name, cells in findings.rows(Kind.MARGIN).items():
        shares = [_share(cell.rates.rolled_back) for cell in cells]
        table.add_row(f"on the margin of {name}: taken back", format_percent(risk.false_rollback), *shares)
        shares = [_share(wrongly_passed(study.policy, cell)) for cell in cells]
        table.add_row(f"on the margin of {name}: passed", format_percent(risk.false_promotion), *shares)
    return table


def _healthy(findings: Findings) -> Table:
    table = _table(findings.study)
    (cells,) = findings.rows(Kind.HEALTHY).values()
    for stage, (share, periods) in enumerate(findings.study.plan.ladder):
        lasts = format_duration(periods * findings.study.policy.metrics.period)
        table.add_row(f"{share:g} % in {lasts}", *(_share(cell.rates.passed[stage]) for cell in cells))
    return table


def _found(findings: Findings) -> Table:
    table = _table(findings.study)
    period = findings.study.policy.metrics.period
    for name, cells in findings.rows(Kind.FAULT).items():
        table.add_row(name, *(_fault(cell, lambda strata: format_duration(strata * period)) for cell in cells))
    return table


def _fault(cell: Cell, duration: Callable[[float], str]) -> str:
    rates = cell.rates
    found = _share(rates.rolled_back)
    if rates.median_strata is None or rates.median_served is None or rates.median_failed is None:
        return f"{found}\n–"
    return f"{found}\n{duration(rates.median_strata)}, {rates.median_served:,.0f}, {rates.median_failed:,.0f}"


def _table(study: Study, *further: str) -> Table:
    table = Table("", box=None, padding=(0, 2, 0, 0))
    for column in (*further, *study.worlds):
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _share(proportion: Proportion) -> str:
    share, low, high = (_percent(value) for value in (proportion.share, *proportion.interval))
    return f"{share} % ({low}–{high})"


def _percent(share: float) -> str:
    """Write a share in percent, with tenths only where they tell something."""
    percent = 100 * share
    return f"{percent:.1f}" if 0 < percent < 10 or 90 < percent < 100 else f"{percent:.0f}"  # noqa: PLR2004 - percent
