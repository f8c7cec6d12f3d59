"""The simulated service, and the faults that a candidate may have: what each arm would show on average, minute by minute.

Nothing here is drawn: the truth is exact, so that a fault can sit on the very margin that a judge has to keep to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from policies.observation import Arm
from policies.strata.arrays import Booleans, Floats


@dataclass(frozen=True)
class LatencyLaw:
    """A mixture of two lognormal laws per minute: the body and the slow requests. All arrays have the shape (minutes,).

    Attributes:
        slow_share: probability of a slow request.
        log_medians: natural logarithm of the median latency in microseconds, of the body and of the slow ones.
        sigmas: standard deviations of log latency, likewise.
    """

    slow_share: Floats
    log_medians: tuple[Floats, Floats]
    sigmas: tuple[Floats, Floats]

    def cdf(self, log_latency: Floats) -> Floats:
        """Return the probability of a latency up to exp(`log_latency`) microseconds; the last but one axis is the minute."""
        (body, slow), (body_sd, slow_sd) = (
            [value[:, np.newaxis] for value in pair] for pair in (self.log_medians, self.sigmas)
        )
        share = self.slow_share[:, np.newaxis]
        return (1.0 - share) * ndtr((log_latency - body) / body_sd) + share * ndtr((log_latency - slow) / slow_sd)

    def moment(self, order: int) -> Floats:
        """Return the mean of latency to the power of `order`, by the lognormal law's formula exp(nμ + n²σ²/2)."""
        body, slow = (
            np.exp(order * median + (order * sigma) ** 2 / 2.0)
            for median, sigma in zip(self.log_medians, self.sigmas, strict=True)
        )
        return (1.0 - self.slow_share) * body + self.slow_share * slow

    def log_range(self, outside: float) -> tuple[float, float]:
        """Return bounds of log latency that a request crosses, at either end, with a probability of at most `outside`."""
        lows: list[float] = []
        highs: list[float] = []
        shares = (1.0 - self.slow_share, self.slow_share)
        for share, median, sigma in zip(shares, self.log_medians, self.sigmas, strict=True):
            used = share > 0.0
            reach = -ndtri(np.minimum(0.5, outside / 2.0 / share[used])) * sigma[used]
            lows += list(median[used] - reach)
            highs += list(median[used] + reach)
        return min(lows), max(highs)


@dataclass(frozen=True)
class Service:
    """What the simulated baseline is like in a still world.

    Attributes:
        error_rate: chance of a request to fail, in the model and therefore for the client too.
        median_ms: median latency of the body.
        sigma: standard deviation of log latency in the body.
        slow_share: share of slow requests.
        slow_median_ms: their median latency.
        slow_sigma: their standard deviation of log latency.
    """

    error_rate: float = 0.01
    median_ms: float = 50.0
    sigma: float = 0.40
    slow_share: float = 0.03
    slow_median_ms: float = 166.0
    slow_sigma: float = 0.50

    def __post_init__(self) -> None:
        if not (0.0 <= self.error_rate <= 1.0 and 0.0 <= self.slow_share <= 1.0):
            raise ValueError(f"error_rate {self.error_rate} and slow_share {self.slow_share} must lie in [0, 1]")
        sizes = (self.median_ms, self.sigma, self.slow_median_ms, self.slow_sigma)
        if min(sizes) <= 0.0:
            raise ValueError(f"medians and sigmas must be above 0, not {sizes}")

    def latency(self, minutes: int) -> LatencyLaw:
        """Return the law of latency, the same in every minute."""
        return LatencyLaw(
            np.full(minutes, self.slow_share),
            (np.full(minutes, np.log(self.median_ms * 1e3)), np.full(minutes, np.log(self.slow_median_ms * 1e3))),
            (np.full(minutes, self.sigma), np.full(minutes, self.slow_sigma)),
        )

    def log_median(self) -> float:
        """Return the natural logarithm of the whole mixture's median in microseconds."""
        law = self.latency(1)
        ends = [float(median[0]) for median in law.log_medians]
        if min(ends) == max(ends):
            return ends[0]
        return float(brentq(lambda log: float(law.cdf(np.array([[log]]))[0, 0]) - 0.5, min(ends), max(ends)))


SERVICE: Final = Service()
"""The service of most studies: 1 % errors, p50 51 ms, p90 89 ms, p99 208 ms."""


@dataclass(frozen=True)
class Fault:
    """One way in which a simulated candidate differs, and when. Several faults together multiply, and add up where they add.

    Attributes:
        error_ratio: what the error rate is multiplied by.
        error_added: what is then added to the error rate; 0.005 is half a percentage point.
        latency_ratio: what every latency is multiplied by.
        spread: what log latency's distance from the baseline's median is multiplied by: wider above 1, with the same median.
        slow_ratio: what the share of slow requests is multiplied by: the tail.
        silences: the arm that gets no requests at all.
        onset: first minute of the fault.
        until: first minute without it; None for never.
        ramp: minutes in which it grows linearly from nothing to its full size, judged in the middle of each minute.
        from_share: it shows only in minutes in which the candidate is given at least this percent of traffic (load).
    """

    error_ratio: float = 1.0
    error_added: float = 0.0
    latency_ratio: float = 1.0
    spread: float = 1.0
    slow_ratio: float = 1.0
    silences: Arm | None = None
    onset: int = 0
    until: int | None = None
    ramp: int = 0
    from_share: float = 0.0

    def __post_init__(self) -> None:
        if min(self.error_ratio, self.slow_ratio) < 0.0 or min(self.latency_ratio, self.spread) <= 0.0:
            raise ValueError(
                f"ratios of errors and slow requests must be at least 0, latency_ratio and spread above 0: {self}"
            )

    def size(self, share: Floats) -> Floats:
        """Return how much of the fault shows in each minute, 0 to 1.

        Args:
            share: percent of traffic that the candidate is given, minute by minute.
        """
        minute = np.arange(share.size)
        grown = np.clip((minute + 0.5 - self.onset) / self.ramp, 0.0, 1.0) if self.ramp else 1.0
        shows = (minute >= self.onset) & (share >= self.from_share)
        if self.until is not None:
            shows &= minute < self.until
        return np.where(shows, grown, 0.0)


Faults: TypeAlias = tuple[Fault, ...]

NO_FAULT: Final[Faults] = ()
"""The candidate is as good as the baseline."""


def cold_start(minutes: int, latency_ratio: float = 2.0) -> Fault:
    """Return a candidate that is slow at first, until its caches and threads are warm."""
    return Fault(latency_ratio=latency_ratio, until=minutes)


@dataclass(frozen=True)
class Behaviour:
    """What one arm is like in a still world, minute by minute; arrays have the shape (minutes,).

    Attributes:
        error_ratio: what the service's error rate is multiplied by.
        error_added: what is then added to it.
        latency: the law of latency.
        heard: whether the arm gets its requests at all.
    """

    error_ratio: Floats
    error_added: Floats
    latency: LatencyLaw
    heard: Booleans


def behave(service: Service, faults: Faults, share: Floats, arm: Arm) -> Behaviour:
    """Return what an arm is like: the service itself, and in the candidate its faults.

    Args:
        service: the baseline.
        faults: the candidate's; a fault may also silence the baseline.
        share: percent of traffic that the candidate is given, minute by minute.
        arm: which arm.
    """
    sizes = [fault.size(share) for fault in faults]
    silent = [size > 0.0 for fault, size in zip(faults, sizes, strict=True) if fault.silences == arm]
    heard = ~np.any([np.zeros(share.size, bool), *silent], axis=0)
    own = list(zip(faults, sizes, strict=True)) if arm == "candidate" else []

    def scale(ratios: Sequence[float]) -> Floats:
        grown = [1.0 + size * (ratio - 1.0) for ratio, (_, size) in zip(ratios, own, strict=True)]
        return np.prod([np.ones(share.size), *grown], axis=0)

    added = np.sum([np.zeros(share.size), *(size * fault.error_added for fault, size in own)], axis=0)
    latency = _distort(
        service,
        ratio=scale([fault.latency_ratio for fault, _ in own]),
        spread=scale([fault.spread for fault, _ in own]),
        slow_ratio=scale([fault.slow_ratio for fault, _ in own]),
    )
    return Behaviour(scale([fault.error_ratio for fault, _ in own]), added, latency, heard)


def _distort(service: Service, *, ratio: Floats, spread: Floats, slow_ratio: Floats) -> LatencyLaw:
    law = service.latency(ratio.size)
    centre = service.log_median()
    body, slow = (np.log(ratio) + centre + spread * (median - centre) for median in law.log_medians)
    body_sd, slow_sd = (spread * sigma for sigma in law.sigmas)
    return LatencyLaw(np.minimum(1.0, law.slow_share * slow_ratio), (body, slow), (body_sd, slow_sd))
