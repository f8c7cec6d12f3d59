"""Simulated traffic: what CloudWatch would hold of both arms, drawn for thousands of rollouts at once from a known truth.

The requests themselves are never drawn, only what a minute's metrics say of them. Independent Poisson counts per latency bin are the same
as a Poisson number of requests, each with a latency of its own (thinning). Chance comes from the seed alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import floor
from typing import Final

import numpy as np
from numpy.random import Generator

from policies.observation import ARMS, Arm
from policies.strata.arrays import BIN_RATIO, Arms, Floats, Histograms, Integers, Strata
from rollway.calibration.faults import NO_FAULT, SERVICE, Faults, LatencyLaw, Service, behave
from rollway.calibration.worlds import IID, Weather, World

BATCH_RUNS: Final = 100
"""Runs that are drawn together, with one random stream. Fixed, so that run number i of a seed is the same however many are drawn."""

OUTSIDE: Final = 2e-10
"""Probability of a latency beyond either end of the histogram; such a request is counted in the end bin."""

STEPS_PER_BIN: Final = 16
"""How finely a law of latency is tabulated."""

ALL: Final = 100.0
"""All traffic, in percent."""

LOG_RATIO: Final = float(np.log(BIN_RATIO))


@dataclass(frozen=True)
class TrafficPlan:
    """How much traffic there is, and how it is split.

    Attributes:
        requests_per_minute: mean requests of both arms together, before the world changes it.
        ladder: stages, each a pair of the candidate's share in percent and the stage's length in minutes.
        parts: which part of that traffic the two arms get, by stage; all of it if left empty.
    """

    requests_per_minute: float
    ladder: tuple[tuple[float, int], ...]
    parts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.requests_per_minute < 0.0 or not self.ladder:
            raise ValueError(f"a plan needs traffic of at least 0 and one stage, not {self}")
        if wrong := [rung for rung in self.ladder if not (0.0 <= rung[0] <= ALL and rung[1] >= 1)]:
            raise ValueError(f"a stage needs a share of 0 to 100 percent and at least one minute, not {wrong}")

    @classmethod
    def steady(cls, requests_per_minute: float, share: float, minutes: int = 60) -> "TrafficPlan":
        """Return a plan with one share throughout."""
        return cls(requests_per_minute, ((share, minutes),))

    @classmethod
    def staged(cls, requests_per_minute: float, minutes_each: int = 15) -> "TrafficPlan":
        """Return the plan 5/25/50/95 %."""
        return cls(requests_per_minute, tuple((share, minutes_each) for share in (5.0, 25.0, 50.0, 95.0)))

    @property
    def minutes(self) -> int:
        """Length of the whole plan."""
        return sum(minutes for _, minutes in self.ladder)

    @property
    def stage(self) -> Integers:
        """Index of the stage, minute by minute."""
        return np.repeat(np.arange(len(self.ladder)), [minutes for _, minutes in self.ladder])

    @property
    def share(self) -> Floats:
        """The candidate's share in percent, minute by minute."""
        return np.array([share for share, _ in self.ladder])[self.stage]

    @property
    def volume(self) -> Floats:
        """Mean requests of both arms together, minute by minute."""
        return self.requests_per_minute * np.array(self.parts or [1.0] * len(self.ladder))[self.stage]


@dataclass(frozen=True)
class Expected:
    """What chance is drawn around: the truth of one arm in given weather; arrays have the shape (runs, minutes) or (1, minutes).

    Attributes:
        requests: mean number of requests.
        error_rate: chance of a request to fail.
        latency: the law of latency in still weather.
        log_shift: what the weather adds to log latency.
    """

    requests: Floats
    error_rate: Floats
    latency: LatencyLaw
    log_shift: Floats


@dataclass(frozen=True)
class Scenario:
    """Everything that is true in a simulation.

    Attributes:
        plan: traffic and its split.
        world: the environment of both arms.
        service: what the baseline is like.
        faults: what is different in the candidate.
    """

    plan: TrafficPlan
    world: World = IID
    service: Service = SERVICE
    faults: Faults = NO_FAULT

    def expect(self, arm: Arm, weather: Weather) -> Expected:
        """Return the truth of one arm. The weather multiplies the service's errors; what a fault adds comes on top."""
        truth = behave(self.service, self.faults, self.plan.share, arm)
        percent = self.plan.share if arm == "candidate" else ALL - self.plan.share
        errors = self.service.error_rate * weather.shared_errors * truth.error_ratio + truth.error_added
        return Expected(
            requests=self.plan.volume * percent / ALL * truth.heard * weather.volume,
            error_rate=np.clip(errors * _of(weather.own_errors, arm), 0.0, 1.0),
            latency=truth.latency,
            log_shift=_of(weather.log_latency, arm),
        )

    def bins(self) -> range:
        """Return the bins, at least two, that hold practically all latencies of both arms; see `OUTSIDE`."""
        laws = [behave(self.service, self.faults, self.plan.share, arm).latency for arm in ARMS]
        lows, highs = zip(*(law.log_range(OUTSIDE) for law in laws), strict=True)
        down, up = self.world.log_latency_range()
        first = floor((min(lows) + down) / LOG_RATIO)
        last = floor((max(highs) + up) / LOG_RATIO)
        return range(first, max(last, first + 1) + 1)


def draw(scenario: Scenario, runs: int, seed: int | Generator, *, histograms: bool = True) -> Strata:
    """Draw what was measured in independent rollouts.

    Args:
        scenario: what is true.
        runs: how many rollouts.
        seed: run i of a seed is the same however many runs are drawn. A generator gives new runs each time it is used.
        histograms: whether to draw latencies by bin, which takes most of the time and memory (8 bytes per run, minute, arm and bin).

    Returns:
        Strata with the runs in front: shape (runs, minutes), histograms (runs, minutes, bins). Every request has a latency; a failed one
        counts in ``errors_5xx`` and in ``model_errors`` alike, and ``errors_4xx`` is zero.
    """
    return _combine(list(draw_batches(scenario, runs, seed, histograms=histograms)), np.concatenate)


def draw_batches(scenario: Scenario, runs: int, seed: int | Generator, *, histograms: bool = True) -> Iterator[Strata]:
    """Yield what `draw` returns, `BATCH_RUNS` runs at a time and the rest at last, so that memory holds one batch only.

    Each batch has a random stream of its own, spawned from the seed. With histograms a batch of a day takes some 400 MB at its peak, of an
    hour some 20 MB, beside the batch before it if the caller still holds that.
    """
    if runs < 1:
        raise ValueError(f"cannot draw {runs} runs: at least 1")
    rng = np.random.default_rng(seed)
    bins = scenario.bins() if histograms else None
    for first in range(0, runs, BATCH_RUNS):
        (own,) = rng.spawn(1)
        yield _combine([_draw_batch(scenario, bins, own)], partial(_first_runs, min(BATCH_RUNS, runs - first)))


def _draw_batch(scenario: Scenario, bins: range | None, rng: Generator) -> Strata:
    plan = scenario.plan
    weather = scenario.world.draw(BATCH_RUNS, plan.minutes, rng)
    candidate = _draw_arm(scenario.expect("candidate", weather), bins, rng)
    baseline = _draw_arm(scenario.expect("baseline", weather), bins, rng)
    requests, failed = Arms(candidate.requests, baseline.requests), Arms(candidate.failed, baseline.failed)
    none = np.zeros_like(candidate.requests)
    return Strata(
        stage=plan.stage,
        share=plan.share,
        invocations=requests,
        errors={"errors_4xx": Arms(none, none), "errors_5xx": failed, "model_errors": failed},
        latency_count=requests,
        latency_sum_us=Arms(candidate.latency_sum_us, baseline.latency_sum_us),
        histograms=Histograms(bins.start, Arms(candidate.by_bin, baseline.by_bin)) if bins else None,
    )


@dataclass(frozen=True)
class _Drawn:
    requests: Floats
    failed: Floats
    latency_sum_us: Floats
    by_bin: Floats


def _draw_arm(expected: Expected, bins: range | None, rng: Generator) -> _Drawn:
    by_bin = np.zeros((BATCH_RUNS, expected.requests.shape[-1], 0))
    if bins:
        by_bin, latency_sum_us = _draw_latencies(expected, bins, rng)
        requests = by_bin.sum(axis=-1).astype(np.int64)
    else:
        requests = rng.poisson(expected.requests, by_bin.shape[:2])
        latency_sum_us = _draw_sum(expected, requests, rng)
    failed = rng.binomial(requests, expected.error_rate)
    return _Drawn(requests.astype(np.float64), failed.astype(np.float64), latency_sum_us, by_bin)


def _draw_latencies(expected: Expected, bins: range, rng: Generator) -> tuple[Floats, Floats]:
    """Return requests by bin, and their latency sum: every request at its bin's middle, times what makes the mean exactly the law's.

    What latencies vary by within a bin (2.8 %) is left out of the sum; it is 0.2 % of the variance of the default service's latency.
    """
    chances = bin_chances(expected, bins)
    shape = (BATCH_RUNS, *chances.shape[1:])
    by_bin = rng.poisson(np.broadcast_to(expected.requests[..., np.newaxis] * chances, shape)).astype(np.float64)
    middles = BIN_RATIO ** (np.array(bins) + 0.5)
    exact = np.exp(expected.log_shift) * expected.latency.moment(1)
    return by_bin, by_bin @ middles * (exact / (chances @ middles))


def bin_chances(expected: Expected, bins: range) -> Floats:
    """Return the probability of each bin, shape (runs, minutes, bins); what lies beyond the ends belongs to the end bins."""
    below = _below_edges(expected, bins)
    chances = np.empty((*below.shape[:2], len(bins)))
    chances[..., 0] = below[..., 0]
    np.subtract(below[..., 1:], below[..., :-1], out=chances[..., 1:-1])
    np.subtract(1.0, below[..., -1], out=chances[..., -1])
    return chances


def _below_edges(expected: Expected, bins: range) -> Floats:
    """Return the cumulative probability at each edge between two bins, shape (runs, minutes, edges).

    The law is tabulated at `STEPS_PER_BIN` and interpolated linearly, which saves computing it everywhere. That is as if each request took
    one of the two nearest steps by chance: mean log latency stays exact, and its variance grows by at most (ln 1.1 / 16)² / 4 = 9e-6.
    Arms that are whole bins apart stay so exactly.
    """
    position = -expected.log_shift / LOG_RATIO * STEPS_PER_BIN
    step: Integers = np.floor(position).astype(np.int64)
    lowest, highest = int(step.min()), int(step.max()) + 1
    reach = (len(bins) - 2) * STEPS_PER_BIN + 1
    steps: Floats = np.arange(lowest, highest + reach, dtype=np.float64) + bins[1] * STEPS_PER_BIN
    law = expected.latency.cdf(steps[np.newaxis, :] * (LOG_RATIO / STEPS_PER_BIN))
    by_step = np.lib.stride_tricks.sliding_window_view(law, reach, axis=-1)[..., ::STEPS_PER_BIN]
    minute: Integers = np.arange(step.shape[-1], dtype=np.int64)
    below: Floats = by_step[minute, step - lowest]
    above: Floats = by_step[minute, step - lowest + 1]
    above -= below
    above *= (position - step)[..., np.newaxis]
    return np.add(below, above, out=below)


def _draw_sum(expected: Expected, requests: Integers, rng: Generator) -> Floats:
    """Return latency sums without histograms, by the gamma law that has the sum's mean and variance, and like it is positive and skewed."""
    mean, square = expected.latency.moment(1), expected.latency.moment(2)
    variance = square - mean**2
    total = rng.gamma(requests * mean**2 / variance, variance / mean)
    return np.exp(expected.log_shift) * total


def _of(arms: Arms, arm: Arm) -> Floats:
    return arms.candidate if arm == "candidate" else arms.baseline


def _first_runs(runs: int, parts: Sequence[Floats]) -> Floats:
    return parts[0][:runs]


def _combine(parts: Sequence[Strata], combine: Callable[[Sequence[Floats]], Floats]) -> Strata:
    """Make one of many along the axis of runs."""

    def both(arms: Sequence[Arms]) -> Arms:
        return Arms(combine([pair.candidate for pair in arms]), combine([pair.baseline for pair in arms]))

    drawn = [part.histograms for part in parts if part.histograms]
    return replace(
        parts[0],
        invocations=both([part.invocations for part in parts]),
        errors={metric: both([part.errors[metric] for part in parts]) for metric in parts[0].errors},
        latency_count=both([part.latency_count for part in parts]),
        latency_sum_us=both([part.latency_sum_us for part in parts]),
        histograms=Histograms(drawn[0].lowest, both([part.counts for part in drawn])) if drawn else None,
    )
