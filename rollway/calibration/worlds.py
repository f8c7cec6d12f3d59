"""Simulated worlds: what changes volume, errors and latency of both arms from minute to minute, whatever the candidate is like.

A world knows nothing of plans, services and faults; it says by what to multiply them, run by run and minute by minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter

from policies.strata.arrays import Arms, Booleans, Floats

DEVIATIONS: Final = 4.0
"""How many standard deviations of the normal parts the range of latencies allows for: one minute in 30,000 lies beyond."""


@dataclass(frozen=True)
class Outage:
    """A shared outage: once per run, at a random time, both arms suffer alike.

    Attributes:
        minutes: how long it lasts.
        error_ratio: what it multiplies error rates by.
        latency_ratio: what it multiplies every latency by.
    """

    minutes: int = 6
    error_ratio: float = 10.0
    latency_ratio: float = 2.0

    def draw(self, shape: tuple[int, int], rng: Generator) -> Booleans:
        """Return which minutes it strikes, shape (runs, minutes)."""
        runs, minutes = shape
        start = rng.integers(0, max(1, minutes - self.minutes + 1), (runs, 1))
        minute = np.arange(minutes)
        return (start <= minute) & (minute < start + self.minutes)


@dataclass(frozen=True)
class ArmNoise:
    """Noise that each arm has for itself, as instances and neighbours on shared hardware cause it.

    Attributes:
        error_cv: coefficient of variation of an arm's error rate between minutes; its mean stays what it is.
        latency_sd: standard deviation of the logarithm of an arm's median latency between minutes.
        memory: correlation of one minute with the next, below 1 (a stationary first-order autoregression).
    """

    error_cv: float
    latency_sd: float
    memory: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.memory < 1.0:
            raise ValueError(f"memory {self.memory} must lie in [0, 1), or the noise would never settle")

    def draw_errors(self, shape: tuple[int, int], rng: Generator) -> Arms:
        """Return what each arm's error rate is multiplied by: lognormal with mean 1, independent between the arms."""
        sd = np.sqrt(np.log1p(self.error_cv**2))
        own = self._draw(shape, rng)
        return Arms(np.exp(sd * own.candidate - sd**2 / 2), np.exp(sd * own.baseline - sd**2 / 2))

    def draw_log_latency(self, shape: tuple[int, int], rng: Generator) -> Arms:
        """Return what is added to the logarithm of each arm's latencies: normal, independent between the arms."""
        own = self._draw(shape, rng)
        return Arms(self.latency_sd * own.candidate, self.latency_sd * own.baseline)

    def _draw(self, shape: tuple[int, int], rng: Generator) -> Arms:
        candidate, baseline = self._remember(rng.standard_normal((2, *shape)))
        return Arms(candidate, baseline)

    def _remember(self, fresh: Floats) -> Floats:
        """Turn independent standard normal values into an autoregression along the last axis whose every value is standard normal."""
        fresh[..., 1:] *= np.sqrt(1.0 - self.memory**2)
        return np.asarray(lfilter([1.0], [1.0, -self.memory], fresh, axis=-1))


@dataclass(frozen=True)
class Weather:
    """What a world did in each run and minute; every array has the shape (runs, minutes), or (1, minutes) where all runs are alike.

    Attributes:
        volume: what the requests of both arms are multiplied by.
        shared_errors: what the service's error rate is multiplied by, in both arms.
        own_errors: what each arm's whole error rate, its faults included, is multiplied by; 1 on average.
        log_latency: natural logarithm of what each arm's latencies are multiplied by.
    """

    volume: Floats
    shared_errors: Floats
    own_errors: Arms
    log_latency: Arms


@dataclass(frozen=True)
class World:
    """A kind of environment. Without arguments it is still: every minute is like any other.

    Attributes:
        volume_swing: amplitude of the slow wave in volume, as a fraction of it.
        burst_sd: standard deviation of the logarithm of a minute's own volume; the mean stays what it is.
        spike_chance: chance of a minute to be a spike.
        spike_ratio: what a spike multiplies volume by.
        latency_swing: amplitude of the slow wave in the logarithm of the median latency.
        latency_load: by how much log latency rises per unit of log volume.
        period_minutes: length of both waves; each starts anywhere, independently of the other.
        outage: the shared outage, if there is one.
        noise: the arms' own noise, if they have any.
    """

    volume_swing: float = 0.0
    burst_sd: float = 0.0
    spike_chance: float = 0.0
    spike_ratio: float = 1.0
    latency_swing: float = 0.0
    latency_load: float = 0.0
    period_minutes: float = 90.0
    outage: Outage | None = None
    noise: ArmNoise | None = None

    def __post_init__(self) -> None:
        if not (0.0 <= self.volume_swing < 1.0 and 0.0 <= self.spike_chance <= 1.0 and self.period_minutes > 0.0):
            raise ValueError(
                f"no such world: volume_swing {self.volume_swing} must lie in [0, 1), spike_chance {self.spike_chance} in [0, 1], "
                f"period_minutes {self.period_minutes} above 0"
            )

    def draw(self, runs: int, minutes: int, rng: Generator) -> Weather:
        """Draw the weather of independent runs; a still world has one row for all of them."""
        shape = (1 if self == IID else runs, minutes)
        volume = self._draw_volume(shape, rng)
        log_latency = self.latency_swing * self._draw_wave(shape, rng) + self.latency_load * np.log(volume)
        shared_errors = np.ones(shape)
        if self.outage:
            struck = self.outage.draw(shape, rng)
            shared_errors[struck] = self.outage.error_ratio
            log_latency[struck] += np.log(self.outage.latency_ratio)
        if self.noise is None:
            none = np.ones(shape)
            return Weather(volume, shared_errors, Arms(none, none), Arms(log_latency, log_latency))
        own_errors, own_latency = self.noise.draw_errors(shape, rng), self.noise.draw_log_latency(shape, rng)
        latency = Arms(log_latency + own_latency.candidate, log_latency + own_latency.baseline)
        return Weather(volume, shared_errors, own_errors, latency)

    def log_latency_range(self) -> tuple[float, float]:
        """Return bounds of ``Weather.log_latency``; `DEVIATIONS` says how seldom they are crossed."""
        burst = DEVIATIONS * self.burst_sd
        quietest = np.log1p(-self.volume_swing) - burst - self.burst_sd**2 / 2
        busiest = np.log1p(self.volume_swing) + burst + max(0.0, np.log(self.spike_ratio))
        own = self.latency_swing + (DEVIATIONS * self.noise.latency_sd if self.noise else 0.0)
        outage = np.log(self.outage.latency_ratio) if self.outage else 0.0
        low = self.latency_load * quietest - own + min(0.0, outage)
        high = self.latency_load * busiest + own + max(0.0, outage)
        return float(low), float(high)

    def _draw_volume(self, shape: tuple[int, int], rng: Generator) -> Floats:
        wave = 1.0 + self.volume_swing * self._draw_wave(shape, rng)
        burst = np.exp(self.burst_sd * rng.standard_normal(shape) - self.burst_sd**2 / 2)
        return wave * burst * np.where(rng.random(shape) < self.spike_chance, self.spike_ratio, 1.0)

    def _draw_wave(self, shape: tuple[int, int], rng: Generator) -> Floats:
        runs, minutes = shape
        phase = rng.uniform(0.0, 2.0 * np.pi, (runs, 1))
        return np.sin(2.0 * np.pi * np.arange(minutes) / self.period_minutes + phase)


IID: Final = World()
"""Every minute is like any other; only chance differs."""

DRIFT: Final = World(
    volume_swing=0.35, burst_sd=0.2, spike_chance=0.04, spike_ratio=3.0, latency_swing=0.15, latency_load=0.1
)
"""Volume and latency wander, for both arms alike."""

SHOCK: Final = replace(DRIFT, outage=Outage())
"""Drift with one shared outage."""

OVER: Final = replace(DRIFT, noise=ArmNoise(error_cv=0.5, latency_sd=0.05))
"""Drift with each arm's own noise: no two arms are ever equal in one minute, though they are over many."""

OVER_AR: Final = replace(DRIFT, noise=ArmNoise(error_cv=0.3, latency_sd=0.03, memory=0.8))
"""Drift with each arm's own noise, which lasts for minutes."""

WORLDS: Final[Mapping[str, World]] = {"iid": IID, "drift": DRIFT, "shock": SHOCK, "over": OVER, "over_ar": OVER_AR}
"""The named worlds."""
