"""The metrics that rivals look at, minute by minute, and the truth about the simulated service that their limits were set with."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.strata.arrays import BIN_RATIO, Arms, Floats, Histograms, Strata
from rollway.calibration.faults import SERVICE, Service

ERRORS: Final = "errors_5xx"
"""The error metric that every rival judges."""

TAIL: Final = 0.99
"""The quantile of latency that limits are set on."""


def error_rate(traces: Strata) -> Arms:
    """Return failed requests as a share of all; NaN where an arm has none."""
    failed, requests = traces.errors[ERRORS], traces.invocations
    return Arms(_divide(failed.candidate, requests.candidate), _divide(failed.baseline, requests.baseline))


def mean_latency_ms(traces: Strata) -> Arms:
    """Return mean latency in milliseconds; NaN where an arm has no requests."""
    total, count = traces.latency_sum_us, traces.latency_count
    return Arms(_divide(total.candidate, count.candidate) / 1e3, _divide(total.baseline, count.baseline) / 1e3)


def quantile_ms(traces: Strata, quantile: float) -> Arms:
    """Return a quantile of latency in milliseconds, interpolated within its bin; NaN where an arm has no requests."""
    histograms = require_histograms(traces)
    arms = histograms.counts
    return Arms(
        *(
            interpolate_quantile(counts, histograms.lowest, np.float64(quantile)) / 1e3
            for counts in (arms.candidate, arms.baseline)
        )
    )


def interpolate_quantile(counts: Floats, lowest: int, quantile: Floats | np.float64) -> Floats:
    """Return a quantile in the histogram's unit, log-linear within the bin that holds it.

    Args:
        counts: shape (..., bins).
        lowest: index of the first bin.
        quantile: between 0 and 1, shape (...) or one for all.
    """
    below = counts.cumsum(axis=-1)
    wanted = np.asarray(quantile * below[..., -1])[..., np.newaxis]
    index = np.minimum((below < wanted).sum(axis=-1, keepdims=True), counts.shape[-1] - 1)
    held = np.take_along_axis(counts, index, axis=-1)
    missing = wanted - (np.take_along_axis(below, index, axis=-1) - held)
    position = (index + _divide(missing, held) + lowest)[..., 0]
    return np.asarray(BIN_RATIO**position)


def require_histograms(traces: Strata) -> Histograms:
    """Return the latency histograms.

    Raises:
        ValueError: when the traces were drawn without them.
    """
    if traces.histograms is None:
        raise ValueError("the traces have no latency histograms, which this rival judges; draw them with histograms")
    return traces.histograms


@dataclass(frozen=True)
class Limits:
    """Limits that a careful operator would set on a service whose usual figures are known exactly.

    Attributes:
        error_rate: failed requests as a share of all.
        mean_ms: mean latency.
        p99_ms: 99th percentile of latency.
    """

    error_rate: float
    mean_ms: float
    p99_ms: float


ERRORS_ADDED: Final = 0.005
"""How much higher than usual a limit on the error rate is."""

LATENCY_RATIO: Final = 1.25
"""How many times the usual latency a limit on latency is."""


def limits_for(service: Service = SERVICE) -> Limits:
    """Return limits half a percentage point of errors and a quarter of latency above what the simulated service really shows."""
    law = service.latency(1)
    logs = np.linspace(*law.log_range(1e-9), 100_001)
    p99_us = np.exp(np.interp(TAIL, law.cdf(logs[np.newaxis, :])[0], logs))
    return Limits(
        error_rate=service.error_rate + ERRORS_ADDED,
        mean_ms=LATENCY_RATIO * float(law.moment(1)[0]) / 1e3,
        p99_ms=LATENCY_RATIO * float(p99_us) / 1e3,
    )


def _divide(total: Floats, count: Floats) -> Floats:
    return np.divide(total, count, out=np.full(np.broadcast(total, count).shape, np.nan), where=count > 0)
