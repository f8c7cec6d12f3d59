"""Faults that sit exactly on a gate's margin: the mildest candidates that must not be promoted."""

from collections.abc import Iterable

import numpy as np
from scipy.optimize import brentq

from policies.gates.spec import CountComparison, LatencyComparison, Margin
from rollway.calibration.faults import Fault, Faults, LatencyLaw, Service, behave

Margined = CountComparison | LatencyComparison


def at_margin(gates: Iterable[Margined], service: Service) -> Faults:
    """Return the fault that puts a candidate on the margin of each gate, in a still world.

    Gates on the same thing share a fault, that of the widest margin. A quantile is brought to its margin by more slow requests, on top of
    what gates on the whole distribution ask for; where even slow requests alone would not do, the whole distribution is moved.

    Args:
        gates: gates on errors and on latency.
        service: the baseline.
    """
    rate, ratio, tails = service.error_rate, 1.0, list[tuple[float, float]]()
    for gate in gates:
        match gate:
            case CountComparison():
                rate = max(rate, tolerated_rate(gate.no_worse_than, service.error_rate))
            case LatencyComparison(quantile=None):
                ratio = max(ratio, gate.no_worse_than.ratio)
            case LatencyComparison(quantile=float(quantile)):
                tails.append((quantile, gate.no_worse_than.ratio))
            case LatencyComparison():
                raise AssertionError(f"a quantile is a number, not {gate.quantile!r}")
    errors = (Fault(error_added=rate - service.error_rate),)
    slow = max([1.0, *(slow_ratio(service, quantile, wanted / ratio) or 1.0 for quantile, wanted in tails)])
    unreachable = [wanted for quantile, wanted in tails if slow_ratio(service, quantile, wanted / ratio) is None]
    return (*errors, Fault(latency_ratio=max([ratio, *unreachable]), slow_ratio=slow))


def tolerated_rate(margin: Margin, rate: float) -> float:
    """Return the highest error rate that a margin tolerates: the wider of its ratio and its difference."""
    return min(1.0, max(rate * margin.ratio, rate + margin.or_absolute))


def slow_ratio(service: Service, quantile: float, wanted: float) -> float | None:
    """Return by what the share of slow requests must be multiplied to bring a quantile to a multiple of the baseline's.

    At least 1; None where even slow requests alone would not bring it there.
    """
    if wanted <= 1.0:
        return 1.0
    if service.slow_share <= 0.0:
        return None
    target = log_quantile(service.latency(1), quantile) + float(np.log(wanted))

    def short(multiple: float) -> float:
        law = behave(service, (Fault(slow_ratio=multiple),), np.array([50.0]), "candidate").latency
        return float(law.cdf(np.array([[target]]))[0, 0]) - quantile

    most = 1.0 / service.slow_share
    return None if short(most) > 0.0 else float(brentq(short, 1.0, most))


def log_quantile(law: LatencyLaw, quantile: float) -> float:
    """Return the natural logarithm of a quantile in microseconds, in the law's first minute."""
    low, high = law.log_range(1e-6)
    return float(brentq(lambda log: float(law.cdf(np.array([[log]]))[0, 0]) - quantile, low, high))
