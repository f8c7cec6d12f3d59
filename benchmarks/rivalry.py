"""Rollway's judge and its rivals on the same traces: ``python -m benchmarks.rivalry [--runs N] [--output FILE.md]``.

All traffic is SIMULATED (`rollway.calibration`): an hour of one-minute metrics per rollout. Each cell's traces are drawn once and handed to
every judge. Rollbacks of healthy candidates are counted in calm and in rough worlds; detection is measured in the world ``drift``, which
has no outage of both arms, so that what is detected is the fault.
"""

import argparse
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.rivals import RIVALS, Rival
from benchmarks.rivals.calls import NEVER, Calls, call_at_end
from policies.gates.weighing import weigh
from policies.loading import load_policy
from policies.spec import Policy
from policies.strata.arrays import Floats, Strata
from policies.strata.shaping import shape
from rollway.calibration.faults import NO_FAULT, Fault, Faults
from rollway.calibration.traffic import Scenario, TrafficPlan, draw_batches
from rollway.calibration.worlds import WORLDS

PLANS: Final[Mapping[str, TrafficPlan]] = {
    f"{requests}/min, {name}": plan(requests)
    for requests in (500, 5000)
    for name, plan in (
        ("5 %", partial(TrafficPlan.steady, share=5.0)),
        ("50 %", partial(TrafficPlan.steady, share=50.0)),
        ("staged", TrafficPlan.staged),
    )
}
HEALTHY_WORLDS: Final = ("iid", "shock", "over", "over_ar")
FAULTY_WORLD: Final = "drift"
HEALTHY: Final = "healthy"
CANDIDATES: Final[Mapping[str, Faults]] = {
    HEALTHY: NO_FAULT,
    "errors 1 % → 2 %": (Fault(error_ratio=2.0),),
    "latency × 1.25": (Fault(latency_ratio=1.25),),
    "latency × 2": (Fault(latency_ratio=2.0),),
    "slow requests 3 % → 6 %": (Fault(slow_ratio=2.0),),
}
OWN: Final = "**Rollway, its own canary policy**"


@dataclass(frozen=True)
class Cell:
    """What is simulated.

    Attributes:
        candidate: a name in `CANDIDATES`.
        world: name of the simulated world.
        plan: a name in `PLANS`.
    """

    candidate: str
    world: str
    plan: str


@dataclass(frozen=True)
class Result:
    """What a judge did in one cell. A median counts all rollouts; one that was never rolled back counts to the end.

    Attributes:
        rolled_back: share of the rollouts.
        minutes: median time until the rollback; infinite where fewer than half were rolled back.
        served: median of the candidate's requests until then, or until the end.
    """

    rolled_back: float
    minutes: float
    served: float


def cells() -> list[Cell]:
    """Return every cell, in the order of the tables."""
    kinds = [(HEALTHY, world) for world in HEALTHY_WORLDS]
    kinds += [(candidate, FAULTY_WORLD) for candidate in CANDIDATES if candidate != HEALTHY]
    return [Cell(candidate, world, plan) for candidate, world in kinds for plan in PLANS]


@cache
def own_policy() -> Policy:
    """Return the canary policy that ships with Rollway; only its gates and its risk matter here."""
    return load_policy("canary")


def judge_by_rollway(traces: Strata) -> Calls:
    """Roll back as the gates of Rollway's own canary policy would, without a warm-up."""
    shaped = shape(traces, np.zeros(traces.stage.size, dtype=bool))
    joint = weigh(own_policy(), shaped).joint
    return call_at_end(joint >= math.log(1 / own_policy().risk.false_rollback))


JUDGES: Final[Mapping[str, Rival]] = {OWN: judge_by_rollway, **RIVALS}


def measure(cell: Cell, runs: int, seed: int) -> dict[str, Result]:
    """Measure every judge on the same traces of one cell."""
    scenario = Scenario(PLANS[cell.plan], WORLDS[cell.world], faults=CANDIDATES[cell.candidate])
    chance = np.random.default_rng([seed, cells().index(cell)])
    seen: dict[str, list[tuple[Floats, Floats]]] = {name: [] for name in JUDGES}
    for traces in draw_batches(scenario, runs, chance):
        for name, judge in JUDGES.items():
            seen[name].append(_read(judge(traces), traces))
    return {name: _summarise(batches) for name, batches in seen.items()}


def _read(calls: Calls, traces: Strata) -> tuple[Floats, Floats]:
    """Return the minutes until each rollback, infinite for never, and the candidate's requests by then or by the end."""
    never = calls.rollback_at == NEVER
    served = traces.invocations.candidate.cumsum(axis=-1)
    last = np.where(never, served.shape[-1] - 1, calls.rollback_at)
    minutes = np.where(never, np.inf, calls.rollback_at + 1.0)
    return minutes, np.take_along_axis(served, last[:, np.newaxis], axis=-1)[:, 0]


def _summarise(batches: Sequence[tuple[Floats, Floats]]) -> Result:
    minutes, served = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    # The upper of two middle values: half of infinity and a minute is no median.
    median = float(np.sort(minutes)[minutes.size // 2])
    return Result(float(np.isfinite(minutes).mean()), median, float(np.median(served)))


Results = Mapping[Cell, Mapping[str, Result]]


def measure_all(chosen: Sequence[Cell], runs: int, seed: int, processes: int) -> dict[Cell, dict[str, Result]]:
    """Measure cells side by side, telling the progress on stderr. The result does not depend on ``processes``."""
    found: dict[Cell, dict[str, Result]] = {}
    measure_one = partial(measure, runs=runs, seed=seed)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for cell, results in zip(chosen, pool.map(measure_one, chosen), strict=True):
            found[cell] = results
            sys.stderr.write(f"\r{len(found)} of {len(chosen)} cells")
    sys.stderr.write("\n")
    return found


def tabulate(found: Results, runs: int, seed: int) -> str:
    """Return the tables as markdown."""
    return "\n".join([*_introduce(runs, seed), *_tabulate_worst(found), *_tabulate_kinds(found)]) + "\n"


def _introduce(runs: int, seed: int) -> Iterator[str]:
    error = 100 * math.sqrt(0.05 * 0.95 / runs)
    yield "# Rollway and its rivals on the same simulated traces\n"
    yield (
        f"{runs} simulated rollouts of an hour per cell, seed {seed}; every judge sees the same traces. A share of 5 % has "
        f"a standard error of {error:.1f} points, one of 50 % {50 / math.sqrt(runs):.1f}. Fixed limits and alarms are set half a point of "
        "errors and a quarter of latency above what the simulated service really shows. All judges watch error rate and latency, unless "
        "they say otherwise. The rivals are written anew from their public descriptions; they are known to agree with the originals only "
        "where a test holds them against published values.\n"
    )


def _tabulate_worst(found: Results) -> Iterator[str]:
    worlds = [world for world in HEALTHY_WORLDS if any(cell.world == world for cell in found)]
    yield "## Healthy candidates rolled back, %: the worst of the plans\n"
    yield from _table(
        worlds,
        {
            judge: [
                f"{100 * max(found[cell][judge].rolled_back for cell in found if _is_healthy_in(cell, world)):.1f}"
                for world in worlds
            ]
            for judge in JUDGES
        },
    )


def _is_healthy_in(cell: Cell, world: str) -> bool:
    return cell.candidate == HEALTHY and cell.world == world


def _tabulate_kinds(found: Results) -> Iterator[str]:
    for candidate, world in dict.fromkeys((cell.candidate, cell.world) for cell in found):
        chosen = [cell for cell in found if (cell.candidate, cell.world) == (candidate, world)]
        healthy = candidate == HEALTHY
        show = _show_share if healthy else _show_detection
        figures = "rolled back, %" if healthy else "rolled back, % / median minutes / median requests served"
        yield f"## {candidate.capitalize()}, world {world}: {figures}\n"
        rows = {judge: [show(found[cell][judge]) for cell in chosen] for judge in JUDGES}
        yield from _table([cell.plan for cell in chosen], rows)


def _show_share(result: Result) -> str:
    return f"{100 * result.rolled_back:.1f}"


def _show_detection(result: Result) -> str:
    minutes = f"{result.minutes:.0f}" if math.isfinite(result.minutes) else "–"
    return f"{100 * result.rolled_back:.0f} / {minutes} / {result.served:,.0f}"


def _table(columns: Iterable[str], rows: Mapping[str, Sequence[str]]) -> Iterator[str]:
    heads = list(columns)
    yield f"| | {' | '.join(heads)} |"
    yield f"|---|{'---:|' * len(heads)}"
    for name, values in rows.items():
        yield f"| {name} | {' | '.join(values)} |"
    yield ""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure every cell, and write the tables to stdout or to a file."""
    parser = argparse.ArgumentParser(prog="benchmarks.rivalry", description="Rollway and its rivals.")
    parser.add_argument("--runs", type=int, default=300, help="simulated rollouts per cell (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="where chance starts from (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one per core")
    parser.add_argument("--output", type=Path, help="write here instead of to stdout")
    asked = parser.parse_args(argv)
    text = tabulate(measure_all(cells(), asked.runs, asked.seed, asked.processes), asked.runs, asked.seed)
    if asked.output:
        asked.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
