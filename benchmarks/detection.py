"""How soon a fault is found, against the least time that any test could take: ``python -m benchmarks.detection``.

All traffic is SIMULATED, every minute like any other. Wald's bound: a test that is wrong with probability α needs on average ln(1/α) over
the information in a minute, which is the Kullback-Leibler divergence of the truth from the nearest law that the null hypothesis allows, in
what the test looks at: failures, whole histograms, or requests beyond one quantile. Single e-processes are measured plain and with
restarts, and beside them the gate that is made of them: severe lane, tempering.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final, Literal

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr

from benchmarks.honesty import RISK, make_policy
from policies.compare.comparison import Comparison
from policies.compare.counts import ALTERNATIVES, compare_counts, odds_steps
from policies.compare.latency import compare_latency, compare_quantile, exceedances, tolerated_bins
from policies.compare.mixture import average, restart
from policies.compare.ranks import RANK_WEIGHTS, rank_steps, shift
from policies.gates.spec import Margin
from policies.strata.arrays import Arms, Floats, Histograms, Strata
from rollway.calibration.faults import SERVICE, Fault, Service
from rollway.calibration.outcomes import find_outcomes, first_look
from rollway.calibration.traffic import Scenario, TrafficPlan, bin_chances, draw
from rollway.calibration.worlds import IID

THRESHOLD: Final = float(np.log(1 / RISK))
_LONGEST: Final = 8.0
"""Simulated rollouts last so many times the bound; a fault not found by then counts as found at the end."""
_LEAST_MINUTES: Final = 20
_TAIL: Final = 0.95
Test = Literal["E-CMH", "E-rank", "E-hist p95"]


@dataclass(frozen=True)
class Case:
    """One fault for one test.

    Attributes:
        test: the single e-process.
        name: what is wrong.
        requests_per_minute: of both arms.
        share: the candidate's, in percent.
        fault: the candidate's.
        ratio: the tolerated ratio, of odds or of latencies; 1 for equality.
        service: the baseline.
        is_tail: whether only the slowest requests feel it.
    """

    test: Test
    name: str
    requests_per_minute: float
    share: float
    fault: Fault
    ratio: float = 1.0
    service: Service = SERVICE
    is_tail: bool = False

    @property
    def minutes(self) -> int:
        """How long its rollouts last."""
        return max(_LEAST_MINUTES, ceil(_LONGEST * bound(self)))

    def scenario(self, minutes: int) -> Scenario:
        """Return what is true."""
        plan = TrafficPlan.steady(self.requests_per_minute, self.share, minutes)
        return Scenario(plan, IID, self.service, (self.fault,))


_ONE_POINT: Final = Fault(error_added=0.01)
_SLOW: Final = Fault(slow_ratio=2.0)
_RARE: Final = Service(error_rate=0.001)
CASES: Final = (
    Case("E-CMH", "errors 1 → 2 %", 500, 50, _ONE_POINT),
    Case("E-CMH", "errors 1 → 2 %", 2000, 5, _ONE_POINT),
    Case("E-CMH", "errors 1 → 2 %", 5000, 5, _ONE_POINT),
    Case("E-CMH", "errors 0.1 → 0.6 %", 500, 50, Fault(error_added=0.005), service=_RARE),
    Case("E-CMH", "errors 1 → 1.5 %", 5000, 5, Fault(error_added=0.005)),
    Case("E-CMH", "errors 1 → 2 %", 500, 50, _ONE_POINT, 1.2),
    Case("E-CMH", "errors 1 → 2 %", 5000, 5, _ONE_POINT, 1.2),
    Case("E-CMH", "errors 1 → 6 %", 500, 5, Fault(error_added=0.05), 1.2),
    Case("E-rank", "latency × 1.1", 500, 5, Fault(latency_ratio=1.1)),
    Case("E-rank", "latency × 1.1", 50, 50, Fault(latency_ratio=1.1)),
    Case("E-rank", "latency × 1.1", 200, 5, Fault(latency_ratio=1.1)),
    Case("E-rank", "latency × 1.25", 50, 5, Fault(latency_ratio=1.25)),
    Case("E-rank", "latency × 1.25", 500, 5, Fault(latency_ratio=1.25), 1.1),
    Case("E-rank", "latency × 1.25", 50, 50, Fault(latency_ratio=1.25), 1.1),
    Case("E-rank", "slow requests × 2", 500, 5, _SLOW, is_tail=True),
    Case("E-rank", "slow requests × 2", 500, 50, _SLOW, is_tail=True),
    Case("E-hist p95", "slow requests × 2", 500, 5, _SLOW, is_tail=True),
    Case("E-hist p95", "slow requests × 2", 500, 50, _SLOW, is_tail=True),
    Case("E-hist p95", "slow requests × 3", 500, 5, Fault(slow_ratio=3.0), 1.1, is_tail=True),
)


@dataclass(frozen=True)
class Measured:
    """Mean minutes until a case is found.

    Attributes:
        case: the case.
        bound: Wald's bound.
        plain: by the e-process that counts from the start.
        restarted: by the one with restarts.
        gate: by the gate; None for a null hypothesis of equality, which no gate has.
    """

    case: Case
    bound: float
    plain: float
    restarted: float
    gate: float | None

    @property
    def targets(self) -> tuple[float, float]:
        """The most minutes that the plain process and the one with restarts may take: looks come once a minute, hence one more."""
        plain, restarted = (2.5, 2.5) if self.case.is_tail else (1.75, 2.0)
        return plain * self.bound + 1, restarted * self.bound + 1


def bound(case: Case) -> float:
    """Return Wald's bound in minutes, for what is conditioned on nothing but the arms' sizes."""
    scenario = case.scenario(1)
    weather = IID.draw(1, 1, np.random.default_rng(0))
    arms = [scenario.expect(arm, weather) for arm in ("candidate", "baseline")]
    weights = [float(arm.requests[0, 0]) for arm in arms]
    if case.test == "E-CMH":
        rates = [float(arm.error_rate[0, 0]) for arm in arms]
        return THRESHOLD / _odds_information(rates, weights, case.ratio)
    bins = scenario.bins()
    chances = shift(Arms(*(bin_chances(arm, bins)[0] for arm in arms)), _bins(case))
    mixed = (weights[0] * chances.candidate + weights[1] * chances.baseline) / sum(weights)
    laws = [chances.candidate[0], chances.baseline[0], mixed[0]]
    if case.test == "E-hist p95":
        beyond = np.cumsum(laws[2]) - laws[2] >= _TAIL
        laws = [np.array([law[beyond].sum(), law[~beyond].sum()]) for law in laws]
    candidate, baseline, common = laws
    pairs = zip(weights, (candidate, baseline), strict=True)
    return THRESHOLD / sum(weight * float(rel_entr(arm, common).sum()) for weight, arm in pairs)


def _odds_information(rates: Sequence[float], weights: Sequence[float], ratio: float) -> float:
    """Return the divergence of two rates from the nearest pair whose odds differ by the tolerated ratio."""

    def divergence(baseline: float) -> float:
        odds = baseline / (1 - baseline) * ratio
        nearest = [odds / (1 + odds), baseline]
        return sum(
            weight * float(rel_entr([rate, 1 - rate], [near, 1 - near]).sum())
            for weight, rate, near in zip(weights, rates, nearest, strict=True)
        )

    least = minimize_scalar(divergence, bounds=(min(rates) / 2, max(rates)), method="bounded", options={"xatol": 1e-9})
    return float(least.fun)


def _bins(case: Case) -> int:
    return 0 if case.ratio == 1.0 else tolerated_bins(case.ratio)[0]


def measure(case: Case, runs: int, seed: int) -> Measured:
    """Measure one case."""
    strata = draw(case.scenario(case.minutes), runs, seed, histograms=case.test != "E-CMH")
    steps = _steps(case, strata)
    gate = None if case.ratio == 1.0 else _mean_time(_compare(case, strata).worse)
    weights = RANK_WEIGHTS if case.test == "E-rank" else None
    plain = average(np.cumsum(steps, axis=-1), weights)
    return Measured(case, bound(case), _mean_time(plain), _mean_time(restart(steps, weights=weights)), gate)


def _mean_time(log_e: Floats) -> float:
    return float(np.minimum(first_look(log_e >= THRESHOLD), log_e.shape[-1]).mean())


def _steps(case: Case, strata: Strata) -> Floats:
    null = np.array([np.log(case.ratio)])
    match case.test:
        case "E-CMH":
            return odds_steps(strata.errors["errors_5xx"], strata.invocations, null, ALTERNATIVES)
        case "E-rank":
            return rank_steps(shift(_histograms(strata).counts, _bins(case)))
        case "E-hist p95":
            beyond = exceedances(_histograms(strata).counts, _bins(case), _TAIL)
            return odds_steps(beyond, strata.invocations, np.zeros(1), ALTERNATIVES)


def _compare(case: Case, strata: Strata) -> Comparison:
    match case.test:
        case "E-CMH":
            margin = Margin(ratio=case.ratio)
            return compare_counts(strata.errors["errors_5xx"], strata.invocations, margin, strata.stage)
        case "E-rank":
            return compare_latency(_histograms(strata), case.ratio, strata.stage)
        case "E-hist p95":
            return compare_quantile(_histograms(strata), _TAIL, case.ratio, strata.stage)


def _histograms(strata: Strata) -> Histograms:
    if strata.histograms is None:
        raise ValueError("the case was drawn without histograms")
    return strata.histograms


@dataclass(frozen=True)
class Exposure:
    """What a grave fault cost by the look that took the candidate back, errors and latency judged jointly.

    Attributes:
        name: what is wrong.
        traffic: requests a minute and the candidate's share.
        found: share of the rollouts in which it was found within an hour.
        served: the candidate's requests, the median and the 90th percentile.
        failed: those that failed, likewise.
        minutes: time, likewise.
    """

    name: str
    traffic: str
    found: float
    served: tuple[float, float]
    failed: tuple[float, float]
    minutes: tuple[float, float]


def expose(runs: int, seed: int) -> list[Exposure]:
    """Measure grave faults at 25 and more candidate requests a minute."""
    faults: Mapping[str, Fault] = {
        "latency × 2": Fault(latency_ratio=2.0),
        "errors + 5 points": Fault(error_added=0.05),
    }
    exposures: list[Exposure] = []
    for name, fault in faults.items():
        for requests, share in ((50.0, 50.0), (500.0, 5.0), (5000.0, 5.0)):
            strata = draw(Scenario(TrafficPlan.steady(requests, share), faults=(fault,)), runs, seed)
            outcomes = find_outcomes(make_policy(f"{share:g} %", for_a_day=False), strata)
            served, failed, minutes = (
                (float(np.quantile(values, 0.5)), float(np.quantile(values, 0.9)))
                for values in (outcomes.served, outcomes.failed, np.minimum(outcomes.rollback_at, 60.0))
            )
            found = float(outcomes.rolled_back.mean())
            exposures.append(Exposure(name, f"{requests:g}, {share:g} %", found, served, failed, minutes))
    return exposures


def as_markdown(measured: Sequence[Measured], exposures: Sequence[Exposure]) -> str:
    """Return both tables; **!** marks what misses its target."""
    lines = ["|test|fault|requests/min, share|tolerated|bound, min|plain ÷ bound|restarts ÷ bound|gate ÷ bound|"]
    lines += ["|-|-|-|-|-|-|-|-|"]
    for one in measured:
        case, (plain, restarted) = one.case, one.targets
        ratios = [_ratio(one.plain, one.bound, plain), _ratio(one.restarted, one.bound, restarted)]
        gate = "–" if one.gate is None else f"{one.gate / one.bound:.2f}"
        traffic, tolerated = f"{case.requests_per_minute:g}, {case.share:g} %", f"× {case.ratio:g}"
        lines.append(f"|{case.test}|{case.name}|{traffic}|{tolerated}|{one.bound:.2f}|{'|'.join(ratios)}|{gate}|")
    lines += ["", "|fault|requests/min, share|found|minutes|candidate requests served|of them failed|", "|-|-|-|-|-|-|"]
    pair: Callable[[tuple[float, float]], str] = lambda values: f"{values[0]:.0f} ({values[1]:.0f})"  # noqa: E731 - a format
    for each in exposures:
        figures = "|".join(map(pair, (each.minutes, each.served, each.failed)))
        lines.append(f"|{each.name}|{each.traffic}|{each.found:.0%}|{figures}|")
    return "\n".join(lines) + "\n"


def _ratio(minutes: float, least: float, target: float) -> str:
    return f"{minutes / least:.2f}{' **!**' if minutes > target else ''}"


def main() -> None:
    """Measure, print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=400, help="simulated rollouts per row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="where to write detection.md")
    given = parser.parse_args()
    measured = [measure(case, given.runs, given.seed) for case in CASES]
    exposures = expose(given.runs, given.seed)
    text = (
        f"SIMULATED rollouts, {given.runs} a row, seed {given.seed}; risk {RISK:.0%}. Targets: 1.75 × bound plain, 2 × with restarts, "
        f"2.5 × for tails, each + 1 min; **!**: missed. In brackets: the 90th percentile.\n\n{as_markdown(measured, exposures)}"
    )
    sys.stdout.write(text)
    if given.write:
        given.write.mkdir(parents=True, exist_ok=True)
        (given.write / "detection.md").write_text(f"# How soon a fault is found\n\n{text}", "utf-8")


if __name__ == "__main__":
    main()
