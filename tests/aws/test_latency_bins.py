"""The lattice: bins that tile the range, whole requests out of percentages, groups of bins that favour neither side."""

import math
import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest

from policies.observation import HistogramRequest
from rollway.aws.latency_bins import group_statistics, metrics_requested_per_hour, rebuild_histogram


def edges(statistics: dict[int, str]) -> list[tuple[str, str]]:
    found = [re.fullmatch(r"PR\(([0-9.]+):([0-9.]+)\)", text) for text in statistics.values()]
    return [(each[1], each[2]) for each in found if each]


def percent(counts: Counter[int]) -> dict[int, float]:
    return {group: 100 * counts[group] / counts.total() for group in range(min(counts), max(counts) + 1)}


@pytest.mark.parametrize("bins_per_query", [1, 2, 5])
def test_groups_tile_the_range(bins_per_query: int) -> None:
    """Every latency of the range is in exactly one group: neighbours share an edge to the letter."""
    pairs = edges(group_statistics(5_000.0, 5_000_000.0, bins_per_query))
    assert all(low[1] == high[0] for low, high in pairwise(pairs))
    assert float(pairs[0][0]) < 5_000
    assert float(pairs[-1][1]) >= 5_000_000


def test_edges_are_powers_in_cloudwatchs_grammar() -> None:
    """Edges are 1.1^k in plain decimals, 10 at most, as CloudWatch documents its statistics."""
    statistics = group_statistics(0.0, 6e7, 1)
    assert statistics[-1] == "PR(0.909091:1)"
    assert statistics[2] == "PR(1.21:1.331)"
    for number, (low, _) in zip(statistics, edges(statistics), strict=True):
        assert re.fullmatch(r"[0-9]+(\.[0-9]{1,10})?", low)
        assert float(low) == pytest.approx(math.exp(number * math.log(1.1)), rel=1e-6)


def test_groups_stay_the_same_when_the_range_grows() -> None:
    """A group asked for once is asked for in the same words later, or its counts would not be comparable."""
    narrow, wide = group_statistics(100.0, 200.0, 3), group_statistics(7.0, 90_000.0, 3)
    assert narrow.items() <= wide.items()
    assert len(wide) > len(narrow)


def test_latency_on_an_edge_has_its_bin_asked_for() -> None:
    """A bin includes its upper edge, so the lowest latency 1.1^k needs bin k - 1, however the logarithm rounds."""
    for number in range(0, 190, 7):
        statistics = group_statistics(1.1**number, 1.1**number, 1)
        assert {number - 1} <= set(statistics) <= {number - 1, number}


@pytest.mark.parametrize("decimals", [16, 6, 4])
def test_counts_come_back_whole(decimals: int) -> None:
    """Percentages with a rounding error still give the true counts, all of them."""
    random = Random(7)
    truth = Counter(int(random.gauss(100, 8)) for _ in range(2_000))
    shares = {group: round(share, decimals) for group, share in percent(truth).items()}
    assert rebuild_histogram(shares, 2_000, 1) == dict(sorted(truth.items()))


def test_fractions_of_requests_are_rounded_to_the_exact_total() -> None:
    """Where an edge cuts a bin of CloudWatch's, its interpolation is rounded, and no request is lost or invented."""
    assert rebuild_histogram({0: 33.4, 1: 33.3, 2: 33.3}, 10, 1) == {0: 4, 1: 3, 2: 3}


@pytest.mark.parametrize(
    "shares",
    [
        {0: 50.0, 1: 49.0},
        {0: 50.0, 1: 51.0},
        {0: 101.0, 1: -1.0},
        {0: 100.0, 1: math.nan},
        {0: 100.0, 1: math.inf},
        {0: 0.0},
        {},
    ],
    ids=["one missing", "one too many", "negative", "not a number", "infinite", "nothing", "no groups"],
)
def test_shares_that_do_not_account_for_every_request_are_no_histogram(shares: dict[int, float]) -> None:
    """A histogram that lacks even one request in a hundred is none: a missing one is safer than a wrong one."""
    assert rebuild_histogram(shares, 100, 1) is None


def test_minute_without_requests_has_an_empty_histogram() -> None:
    """No request is a known histogram, not a missing one."""
    assert rebuild_histogram({3: 0.0}, 0, 2) == {}


@pytest.mark.parametrize("bins_per_query", [2, 3, 4])
def test_groups_keep_their_requests(bins_per_query: int) -> None:
    """Spreading moves requests within their group only, as evenly as whole requests can be."""
    random = Random(11)
    truth = Counter(int(random.gauss(40, 5)) for _ in range(999))
    spread = rebuild_histogram(percent(truth), 999, bins_per_query)
    assert spread is not None
    for group, count in truth.items():
        parts = [spread.get(group * bins_per_query + place, 0) for place in range(bins_per_query)]
        assert sum(parts) == count
        assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize("requests", [20, 400])
@pytest.mark.parametrize("bins_per_query", [2, 3, 4])
def test_spreading_favours_neither_fast_nor_slow(bins_per_query: int, requests: int) -> None:
    """An arm with few requests looks neither faster nor slower than one with many: the mean place in a group is its middle.

    The oracle is symmetry: the middle of bins 0 to b-1 is (b-1)/2. Seeded simulation of 400 minutes; 0.02 bins is 0.2 % of latency,
    above four standard errors of the smallest case had the odd requests been placed by a coin.
    """
    random = Random(13)
    places: Counter[int] = Counter()
    for _ in range(400):
        spread = rebuild_histogram(
            percent(Counter(int(random.gauss(40, 5)) for _ in range(requests))), requests, bins_per_query
        )
        assert spread is not None
        for number, count in spread.items():
            places[number % bins_per_query] += count
    mean = sum(place * count for place, count in places.items()) / places.total()
    assert mean == pytest.approx((bins_per_query - 1) / 2, abs=0.02)


def test_cost_of_an_hour() -> None:
    """From 5 ms to 5 s there are 73 bins, by hand: two arms read twelve times in an hour ask for 1,752 metrics."""
    # ln 5,000 / ln 1.1 = 89.36 and ln 5,000,000 / ln 1.1 = 161.84: bins 89 to 161.
    assert metrics_requested_per_hour(5e3, 5e6, HistogramRequest(1, timedelta(minutes=5))) == 2 * 73 * 12
    assert metrics_requested_per_hour(5e3, 5e6, HistogramRequest(2, timedelta(minutes=10))) == 2 * 37 * 6
