"""A study of one policy: every case in every world, at the user's traffic, on simulated rollouts.

Stages last as long as their warm-up, their bake and a given extension; in a real rollout a stage ends when its gates pass.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from math import ceil
from multiprocessing import get_context

import numpy as np

from policies.spec import Policy
from rollway.calibration.cases import Case, all_cases, stages_asking
from rollway.calibration.faults import SERVICE, Service
from rollway.calibration.rates import Proportion, Rates, measure_rates
from rollway.calibration.traffic import Scenario, TrafficPlan, draw_batches
from rollway.calibration.worlds import WORLDS, World

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Study:
    """What is simulated.

    Attributes:
        policy: the policy, with gates on simulated metrics only.
        requests_per_minute: mean requests of both arms together.
        service: what the baseline is like.
        extension: how much longer than its bake each stage lasts.
        runs: rollouts per case and world.
        seed: where chance starts from.
        worlds: environments by name.
    """

    policy: Policy
    requests_per_minute: float
    service: Service = SERVICE
    extension: timedelta = timedelta(0)
    runs: int = 150
    seed: int = 0
    worlds: Mapping[str, World] = field(default_factory=lambda: WORLDS)

    @property
    def plan(self) -> TrafficPlan:
        """The traffic by stratum: the policy's ladder with a stratum per period. A world's minute is then a period."""
        period = self.policy.metrics.period
        ladder = tuple(
            (
                self.policy.compared_share(stage),
                ceil((self.policy.warm_up + stage.bake + self.extension) / period),
            )
            for stage in self.policy.stages
        )
        parts = tuple(self.policy.compared_part(stage) for stage in self.policy.stages)
        return TrafficPlan(self.requests_per_minute * (period / _MINUTE), ladder, parts)

    @property
    def lag(self) -> int:
        """Strata for which a candidate goes on serving after the one that decided: the metrics come late."""
        return ceil(self.policy.metrics.settle / self.policy.metrics.period)

    @property
    def cells(self) -> tuple[tuple[Case, str], ...]:
        """Every case in every world."""
        cases = all_cases(self.policy, self.plan, self.service)
        return tuple((case, world) for case in cases for world in self.worlds)


@dataclass(frozen=True)
class Cell:
    """The result of one case in one world.

    Attributes:
        case: the candidate.
        world: name of the world.
        rates: what became of the rollouts.
    """

    case: Case
    world: str
    rates: Rates


def wrongly_passed(policy: Policy, cell: Cell) -> Proportion:
    """Return how often a candidate on the margin passes a stage that asks for the gate, at the stage where that is most frequent.

    A promotion needs every stage, so it is no more frequent.
    """
    passed = [cell.rates.passed[stage] for stage in stages_asking(policy, cell.case.gates)]
    return max(passed, key=lambda proportion: proportion.hits)


def run_study(study: Study, processes: int = 1) -> Iterator[Cell]:
    """Yield the cells in their order, each as soon as it and those before it are done; the result does not depend on ``processes``."""
    count = len(study.cells)
    if processes == 1:
        yield from map(partial(measure_cell, study), range(count))
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(measure_cell, study), range(count))


def measure_cell(study: Study, index: int) -> Cell:
    """Measure one cell, with chance of its own."""
    case, world = study.cells[index]
    scenario = Scenario(study.plan, study.worlds[world], study.service, case.faults)
    batches = draw_batches(scenario, study.runs, np.random.default_rng([study.seed, index]))
    return Cell(case, world, measure_rates(study.policy, batches, study.lag))
