"""How often the judge is wrong, over traffic, shares and worlds.

The whole of it: ``python -m benchmarks.honesty --runs 10000 --day-runs 1000 --write docs/explanation/data``; it takes hours, the default
shows its shape in minutes. All traffic is SIMULATED (`rollway.calibration`). Every cell is looked at after every minute; a false rollback
counts whenever it happens, also after a look at which the candidate had passed.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np

from policies.loading import parse_policy
from policies.spec import Policy
from policies.strata.arrays import Arms, Strata
from rollway.calibration.cases import margin_cases
from rollway.calibration.faults import NO_FAULT, SERVICE, Faults
from rollway.calibration.outcomes import find_outcomes
from rollway.calibration.rates import Proportion
from rollway.calibration.traffic import BATCH_RUNS, Scenario, TrafficPlan, draw_batches
from rollway.calibration.worlds import WORLDS

RISK: Final = 0.05
TOLERANCE: Final = 0.005
"""The upper bound may lie this far above the risk: what 10,000 runs can still tell from it."""
TRAFFIC: Final = (50.0, 500.0, 5000.0)
LADDERS: Final[Mapping[str, tuple[float, ...]]] = {"5 %": (5.0,), "50 %": (50.0,), "staged": (5.0, 25.0, 50.0, 95.0)}
HOUR: Final = 60
DAY: Final = 24 * HOUR
TAKEN_BACK: Final = "taken back"
PASSED: Final = "passed by the last stage"
_PIECE: Final = 2
"""Runs of a day judged together, to bound memory."""
_TWO: Final[dict[str, Any]] = {
    "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "0.5%"}},
    "latency": {"metric": "latency", "no_worse_than": "10%"},
}
_FIVE: Final[dict[str, Any]] = _TWO | {
    "model_errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.5}},
    "client_errors": {"metric": "errors_4xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "0.5%"}},
    "tail": {"metric": "latency", "quantile": 0.95, "no_worse_than": "10%"},
}


@dataclass(frozen=True)
class Cell:
    """One figure of the table.

    Attributes:
        question: ``healthy``, ``healthy for a day``, or whose margin the candidate is on.
        requests_per_minute: mean requests of both arms.
        ladder: name of the shares.
        world: name of the simulated world.
    """

    question: str
    requests_per_minute: float
    ladder: str
    world: str

    @property
    def healthy(self) -> bool:
        """Whether the candidate is as good as the baseline."""
        return self.question.startswith("healthy")

    @property
    def for_a_day(self) -> bool:
        """Whether it is looked at for a day, with five metrics, rather than for an hour with two."""
        return self.question == "healthy for a day"


Figure = tuple[Cell, str]
"""A cell, and the mistake that is counted."""


@dataclass(frozen=True)
class Batch:
    """A part of a cell's runs; ``seed`` is its own."""

    cell: Cell
    runs: int
    seed: tuple[int, ...]


def cells() -> list[Cell]:
    """Return every cell."""
    hour = [
        Cell(question, requests, ladder, world)
        for question in ("healthy", "all gates", "errors", "latency")
        for requests in TRAFFIC
        for ladder in LADDERS
        for world in WORLDS
    ]
    return hour + [Cell("healthy for a day", 500.0, ladder, world) for ladder in LADDERS for world in WORLDS]


@cache
def make_policy(ladder: str, *, for_a_day: bool) -> Policy:
    """Return the policy that is judged by: any look may pass a stage, so that every look is one at which it could be wrong."""
    return parse_policy(
        {
            "strategy": "canary",
            "stages": [{"share": share, "bake": "1m"} for share in LADDERS[ladder]],
            "gates": (_FIVE if for_a_day else _TWO) | {"sample": {"requests_at_least": 1}},
            "risk": {"false_rollback": f"{RISK:%}", "false_promotion": f"{RISK:%}"},
        }
    )


def judge_batch(batch: Batch) -> dict[Figure, Proportion]:
    """Return how many runs were judged wrongly, by mistake. A candidate on a margin may neither be passed nor taken back."""
    cell = batch.cell
    policy = make_policy(cell.ladder, for_a_day=cell.for_a_day)
    taken_back, passed = 0, 0
    for strata in _draw(batch, policy):
        outcomes = find_outcomes(policy, strata)
        taken_back += int(outcomes.rolled_back.sum())
        # The claim is made stage by stage; the last one stands between the candidate and everybody.
        passed += int(outcomes.passed[:, -1].sum())
    wrong = {TAKEN_BACK: taken_back} | ({} if cell.healthy else {PASSED: passed})
    return {(cell, mistake): Proportion(hits, batch.runs) for mistake, hits in wrong.items()}


def _draw(batch: Batch, policy: Policy) -> Iterator[Strata]:
    cell, shares = batch.cell, LADDERS[batch.cell.ladder]
    minutes = DAY if cell.for_a_day else HOUR
    plan = TrafficPlan(cell.requests_per_minute, tuple((share, minutes // len(shares)) for share in shares))
    scenario = Scenario(plan, WORLDS[cell.world], SERVICE, _faults(cell, policy))
    if not cell.for_a_day:
        yield from draw_batches(scenario, batch.runs, np.random.default_rng(batch.seed))
        return
    drawn = zip(
        draw_batches(scenario, batch.runs, np.random.default_rng(batch.seed)),
        draw_batches(scenario, batch.runs, np.random.default_rng((*batch.seed, 1)), histograms=False),
        strict=True,
    )
    for strata, lender in drawn:
        together = _lend_client_errors(strata, lender)
        for first in range(0, len(strata.invocations.candidate), _PIECE):
            yield _take(together, slice(first, first + _PIECE))


def _faults(cell: Cell, policy: Policy) -> Faults:
    return {case.name: case.faults for case in margin_cases(policy, SERVICE)}.get(cell.question, NO_FAULT)


def _lend_client_errors(strata: Strata, lender: Strata) -> Strata:
    """Take the failures of other simulated rollouts for 4xx errors: alike in both arms, but for noise of their own."""
    failed = lender.errors["errors_5xx"]
    lent = Arms(
        np.minimum(failed.candidate, strata.invocations.candidate),
        np.minimum(failed.baseline, strata.invocations.baseline),
    )
    return replace(strata, errors={**strata.errors, "errors_4xx": lent})


def _take(strata: Strata, runs: slice) -> Strata:
    def both(arms: Arms) -> Arms:
        return Arms(arms.candidate[runs], arms.baseline[runs])

    histograms = strata.histograms
    return replace(
        strata,
        invocations=both(strata.invocations),
        errors={metric: both(arms) for metric, arms in strata.errors.items()},
        latency_count=both(strata.latency_count),
        latency_sum_us=both(strata.latency_sum_us),
        histograms=replace(histograms, counts=both(histograms.counts)) if histograms else None,
    )


def measure(chosen: Sequence[Cell], runs: tuple[int, int], seed: int, processes: int) -> dict[Figure, Proportion]:
    """Measure cells, with so many runs of an hour and of a day, telling the progress on stderr."""
    batches = [
        Batch(cell, min(BATCH_RUNS, total - first), (seed, number, first))
        for number, cell in enumerate(cells())
        if cell in chosen
        for total in [runs[cell.for_a_day]]
        for first in range(0, total, BATCH_RUNS)
    ]
    found: dict[Figure, Proportion] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for number, judged in enumerate(pool.map(judge_batch, batches), 1):
            for figure, proportion in judged.items():
                before = found.get(figure, Proportion(0, 0))
                found[figure] = Proportion(before.hits + proportion.hits, before.runs + proportion.runs)
            sys.stderr.write(f"\r{number} of {len(batches)} batches")
    sys.stderr.write("\n")
    return found


def as_markdown(found: Mapping[Figure, Proportion]) -> str:
    """Return a table per question and mistake: its share, and the upper end of its exact 95 % interval."""
    parts: list[str] = []
    for question, mistake in dict.fromkeys((cell.question, mistake) for cell, mistake in found):
        asked = {
            (f"{cell.requests_per_minute:g}, {cell.ladder}", cell.world): proportion
            for (cell, counted), proportion in found.items()
            if (cell.question, counted) == (question, mistake)
        }
        title = question if question.startswith("healthy") else f"on the margin of {question}"
        parts += [f"### {title}: {mistake}, % (upper bound)", "", f"|requests/min, share|{'|'.join(WORLDS)}|"]
        parts += ["|-|" + "-|" * len(WORLDS)]
        for row in dict.fromkeys(row for row, _ in asked):
            parts.append(f"|{row}|{'|'.join(_figure(asked[row, world]) for world in WORLDS)}|")
        parts.append("")
    return "\n".join(parts)


def _figure(proportion: Proportion) -> str:
    low, high = proportion.interval
    mark = " **!**" if low > RISK else ""
    return f"{100 * proportion.share:.2f} ({100 * high:.2f}){mark}"


def as_document(found: Mapping[Figure, Proportion]) -> list[dict[str, Any]]:
    """Return every figure."""
    return [
        {
            **asdict(cell),
            "mistake": mistake,
            **asdict(proportion),
            "upper": proportion.interval[1],
            "kept": proportion.interval[1] <= RISK + TOLERANCE,
        }
        for (cell, mistake), proportion in found.items()
    ]


def main() -> None:
    """Measure, print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=300, help="simulated rollouts per cell of an hour")
    parser.add_argument("--day-runs", type=int, default=20, help="simulated rollouts per cell of a day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--question", action="append", choices=list(dict.fromkeys(cell.question for cell in cells())))
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="where to write honesty.md and honesty.json")
    given = parser.parse_args()
    chosen = [cell for cell in cells() if given.question is None or cell.question in given.question]
    found = measure(chosen, (given.runs, given.day_runs), given.seed, given.processes)
    text = f"SIMULATED rollouts, seed {given.seed}; risk {RISK:.0%}; **!**: shown to exceed it.\n\n{as_markdown(found)}"
    sys.stdout.write(text)
    if given.write:
        given.write.mkdir(parents=True, exist_ok=True)
        (given.write / "honesty.md").write_text(f"# How often the judge is wrong\n\n{text}", "utf-8")
        (given.write / "honesty.json").write_text(json.dumps(as_document(found), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
