"""CloudWatch's latency bins: which to ask for, and how the shares that come back become whole requests.

Bin k holds latencies in (1.1^k, 1.1^(k+1)] microseconds. AWS does not document this lattice for SageMaker's metrics; its own agent and its
own histogram sample use it. Pure: reads nothing.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Final

from policies.observation import ARMS, HistogramRequest
from policies.strata.arrays import BIN_RATIO

Histogram = dict[int, int]
"""Requests by bin, in ascending order of the bins; bins without a request are left out."""

LOWEST_US: Final = 1.0
"""Latencies below it are in no bin that is asked for: the lattice has no end towards 0."""

_PERCENT: Final = 100.0
_UNACCOUNTED: Final = 0.5  # requests: one too many or too few is never taken for rounding
_ROUNDING: Final = 0.005  # of all requests: shares with two decimals or more, over a hundred bins, stay within it
_EDGE_SLACK: Final = 1e-5  # bins: an extreme this near an edge has the bins on both sides asked for
_EDGE_DECIMALS: Final = 6  # CloudWatch takes 10 at most; 1e-6 µs is far below what it measures


def group_statistics(lowest_us: float, highest_us: float, bins_per_query: int) -> dict[int, str]:
    """Return the statistics that count the requests within a range of latencies.

    Neighbouring bins are asked for in groups: group g is the bins from ``g * bins_per_query`` on, whatever the range, so
    that groups are the same at every look.

    Args:
        lowest_us: lowest latency in microseconds; below ``LOWEST_US`` it counts as that.
        highest_us: highest latency in microseconds.
        bins_per_query: how many bins are a group, at least 1.

    Returns:
        For each group that overlaps the range, in ascending order, its percentile rank in CloudWatch's notation.
    """
    lowest = _bin_of(max(lowest_us, LOWEST_US), -_EDGE_SLACK) // bins_per_query
    highest = _bin_of(max(highest_us, LOWEST_US), _EDGE_SLACK) // bins_per_query
    # Made once and used by both neighbours: an edge written in two ways would count requests twice or not at all.
    edges = [_edge(group * bins_per_query) for group in range(lowest, highest + 2)]
    return {group: f"PR({low}:{high})" for group, (low, high) in enumerate(pairwise(edges), start=lowest)}


def rebuild_histogram(shares: Mapping[int, float], requests: int, bins_per_query: int) -> Histogram | None:
    """Return the histogram that the shares of all groups tell of, or None where they do not account for every request.

    A share is rounded to whole requests by the method of largest remainders, so that the histogram has exactly
    ``requests``. The requests of a group are spread evenly over its bins: the least wrong guess when latencies are
    compared after shifting one side by whole bins, where a single bin for the whole group would see all or nothing.

    Args:
        shares: percent of the requests by group, in ascending order of the groups.
        requests: how many requests there were.
        bins_per_query: how many bins are a group.
    """
    exact = [share / _PERCENT * requests for share in shares.values()]
    # False for NaN and infinity too.
    accounted = abs(sum(exact) - requests) <= min(_UNACCOUNTED, _ROUNDING * requests)
    if not accounted or any(part < 0 for part in exact):
        return None
    counts = _round_to_total(exact, requests)
    return _spread(dict(zip(shares, counts, strict=True)), bins_per_query)


def metrics_requested_per_hour(lowest_us: float, highest_us: float, request: HistogramRequest) -> float:
    """Return how many metrics the histograms of both arms request in an hour of a rollout.

    Each query of each ``GetMetricData`` call counts as one metric requested; the list price was $0.01 per 1,000
    (us-east-1, unverified, not in the free tier). It is an upper bound: histograms are read at looks only, so never more
    often than the rollout looks. Repeated requests after an incomplete answer come on top.

    Args:
        lowest_us: lowest latency of both arms in microseconds.
        highest_us: highest latency of both arms in microseconds.
        request: how the histograms are read.
    """
    queries = len(ARMS) * len(group_statistics(lowest_us, highest_us, request.bins_per_query))
    return queries * (timedelta(hours=1) / request.every)


def _bin_of(latency_us: float, slack: float) -> int:
    return math.ceil(math.log(latency_us) / math.log(BIN_RATIO) + slack) - 1


def _edge(number: int) -> str:
    """Write the lower edge of a bin as CloudWatch reads it: plain decimals, no exponent."""
    return f"{BIN_RATIO**number:.{_EDGE_DECIMALS}f}".rstrip("0").rstrip(".")


def _round_to_total(exact: list[float], total: int) -> list[int]:
    """Round to whole numbers with a given total, half a unit or less from the exact one: largest remainders go up."""
    counts = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: counts[place] - exact[place])
    for place in by_remainder[: total - sum(counts)]:
        counts[place] += 1
    return counts


def _spread(counts: Mapping[int, int], bins_per_query: int) -> Histogram:
    """Spread each group evenly over its bins, in whole requests.

    The running total is what gets rounded, halves to even: so the odd request of a group falls low as often as high, and
    the fewer requests of a small arm do not look faster or slower than those of a large one.
    """
    histogram: Histogram = {}
    below = 0
    for group, count in counts.items():
        if not count:
            continue
        totals = [round(below + count * part / bins_per_query) for part in range(bins_per_query + 1)]
        for number, (low, high) in enumerate(pairwise(totals), start=group * bins_per_query):
            if high > low:
                histogram[number] = high - low
        below += count
    return histogram
