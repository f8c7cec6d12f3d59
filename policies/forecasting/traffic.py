"""The traffic of an endpoint as a forecast sees it: how much, how much of it fails, how long it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from policies.strata.arrays import BIN_RATIO, Floats
from policies.strata.columns import ERROR_COLUMNS

DEFAULT_ERROR_RATE: Final = 0.01
DEFAULT_P50_MS: Final = 50.0
DEFAULT_P99_MS: Final = 200.0
_LOG_RATIO: Final = float(np.log(BIN_RATIO))
_OUTSIDE: Final = 1e-6
"""Probability of a latency that is left out at either end."""


@dataclass(frozen=True)
class Latency:
    """A distribution of latencies on CloudWatch's lattice.

    Attributes:
        lowest: index of the first bin, as in ``policies.strata.arrays.Histograms``.
        chances: probability of each bin; they sum to 1.
    """

    lowest: int
    chances: Floats

    @property
    def mean_us(self) -> float:
        """The mean in microseconds, each latency taken for its bin's middle."""
        return float(self.chances @ np.power(BIN_RATIO, self.lowest + np.arange(len(self.chances)) + 0.5))

    def quantile_ms(self, quantile: float) -> float:
        """Return a quantile in milliseconds, to the bin."""
        number = self.lowest + int((np.cumsum(self.chances) >= quantile - 1e-12).argmax())
        return BIN_RATIO ** (number + 0.5) / 1000

    def scaled(self, ratio: float) -> Floats:
        """Return the chances with every latency multiplied by ``ratio``, at least 1; there are as many more bins as that takes.

        A ratio that is no whole number of bins is split between the two nearest.
        """
        exact = float(np.log(ratio)) / _LOG_RATIO
        whole = int(np.floor(exact + 1e-9))
        part = exact - whole
        near, far = (np.pad(self.chances, (by, whole + 1 - by)) for by in (whole, whole + 1))
        return (1 - part) * near + part * far


@dataclass(frozen=True)
class Traffic:
    """What comes in, steady and the same for both arms.

    Attributes:
        requests_per_minute: of both arms together.
        error_rates: share of requests that fail, by metric: ``errors_4xx``, ``errors_5xx``, ``model_errors``; 0 for one that is not named.
        latency: how long requests take.
    """

    requests_per_minute: float
    error_rates: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(ERROR_COLUMNS, DEFAULT_ERROR_RATE))
    latency: Latency = field(default_factory=lambda: lognormal(DEFAULT_P50_MS, DEFAULT_P99_MS))

    def __post_init__(self) -> None:
        if self.requests_per_minute <= 0:
            raise ValueError(
                f"{self.requests_per_minute:g} requests a minute can show nothing; at least some are needed"
            )
        if wrong := {name: rate for name, rate in self.error_rates.items() if not 0 <= rate < 1}:
            raise ValueError(f"an error rate must be at least 0 % and less than 100 %, not {wrong}")

    def times(self, factor: float) -> "Traffic":
        """Return so many times the traffic, otherwise the same."""
        return replace(self, requests_per_minute=factor * self.requests_per_minute)


def lognormal(p50_ms: float, p99_ms: float) -> Latency:
    """Return the lognormal law with that median and that 99th percentile, both in milliseconds.

    Raises:
        ValueError: they are not above 0, or not in order.
    """
    if not 0 < p50_ms < p99_ms:
        raise ValueError(f"latencies must be above 0, and p99 above p50: not p50 {p50_ms:g} ms and p99 {p99_ms:g} ms")
    centre = np.log(p50_ms * 1000)
    spread = np.log(p99_ms / p50_ms) / ndtri(0.99)
    reach = -ndtri(_OUTSIDE) * spread
    lowest, highest = (int(np.floor(end / _LOG_RATIO)) for end in (centre - reach, centre + reach))
    edges = (np.arange(lowest, highest + 2, dtype=np.float64) * _LOG_RATIO - centre) / spread
    chances = np.diff(np.asarray(ndtr(edges), dtype=np.float64))
    return Latency(lowest, chances / chances.sum())


def from_histogram(counts: Mapping[int, float]) -> Latency:
    """Return the distribution of measured latencies, by bin of CloudWatch's lattice.

    Raises:
        ValueError: nothing was measured.
    """
    if not counts or sum(counts.values()) <= 0:
        raise ValueError("there are no latencies to make a distribution of")
    lowest = min(counts)
    chances = np.zeros(max(counts) - lowest + 1)
    chances[np.fromiter(counts, np.int64) - lowest] = np.fromiter(counts.values(), np.float64)
    return Latency(lowest, chances / chances.sum())
