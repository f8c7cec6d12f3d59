"""E-rank and E-hist: e-values by going through every assignment of requests to arms."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from policies.compare.latency import compare_latency, compare_quantile, exceedances, tolerated_bins
from policies.compare.ranks import RANK_WEIGHTS, rank_steps, shift, swap
from policies.strata.arrays import Arms, Histograms

LATTICE = np.array([0, 0, 1, 1, 1, 2, 2, 3, 4, 4, 6, 9, 9, 11])
"""Bins of a dozen requests and two."""


def histogram(bins: np.ndarray) -> np.ndarray:
    return np.bincount(bins, minlength=12).astype(float)


@pytest.mark.parametrize(("size", "drawn"), [(12, 1), (12, 3), (12, 6), (14, 7)])
def test_the_mean_over_every_assignment_is_at_most_one(size, drawn):
    """When the arms are alike, each alternative's mean over all assignments is at most 1.005 (oracle: brute force)."""
    pooled = LATTICE[:size]
    total = np.zeros(len(RANK_WEIGHTS))
    for chosen in combinations(range(size), drawn):
        picked = np.zeros(size, dtype=bool)
        picked[list(chosen)] = True
        arms = Arms(histogram(pooled[picked])[None], histogram(pooled[~picked])[None])
        total += np.exp(rank_steps(arms)[:, 0])
    means = total / comb(size, drawn)
    assert (means <= 1.005).all()
    assert (means >= 0.5).all(), "bets that nobody could win are no bets"


def test_weights_are_one_together():
    """One weight for each alternative."""
    assert RANK_WEIGHTS.sum() == pytest.approx(1)
    assert len(RANK_WEIGHTS) == len(rank_steps(Arms(histogram(LATTICE)[None], histogram(LATTICE)[None])))


def test_a_shift_moves_the_candidate_down_by_whole_bins():
    """What lay two bins higher lies level afterwards, and the other way round for a shift below zero."""
    level = Arms(np.array([[0.0, 0, 5]]), np.array([[5.0, 0, 0]]))
    moved = shift(level, 2)
    assert (moved.candidate == [[0, 0, 5, 0, 0]]).all()
    assert (moved.baseline == [[0, 0, 5, 0, 0]]).all()
    back = shift(swap(level), -2)
    assert (back.candidate == back.baseline).all()


@pytest.mark.parametrize(("ratio", "up", "down"), [(1.1, 1, 1), (1.21, 2, 2), (1.25, 3, 2), (2.0, 8, 7)])
def test_margins_are_rounded_against_the_easier_side(ratio, up, down):
    """Up against a rollback, down against a promotion; 10 % and 21 % need no rounding."""
    assert tolerated_bins(ratio) == (up, down)


def test_requests_beyond_the_quantile_of_both_arms_are_counted():
    """The threshold is that of everything seen so far: here the slowest tenth."""
    counts = Arms(np.array([[4.0, 0, 1], [4, 1, 0]]), np.array([[5.0, 0, 0], [5, 0, 0]]))
    beyond = exceedances(counts, 0, 0.9)
    assert beyond.candidate.tolist() == [1.0, 1.0]
    assert beyond.baseline.tolist() == [0.0, 0.0]


def test_twice_the_latency_is_found_and_the_same_is_proven():
    """Five requests of the candidate against 95 a minute: slower by eight bins fails at once, equally fast passes, in all and at p90."""
    rng = np.random.default_rng(3)
    stage = np.zeros(60, dtype=int)

    def table(bins: int) -> Histograms:
        base = np.stack([histogram(rng.poisson(4, 475).clip(0, 11)) for _ in stage])
        own = np.stack([histogram(rng.poisson(4, 125).clip(0, 11)) for _ in stage])
        return Histograms(100, shift(Arms(own, base), -bins))

    slower, same = table(8), table(0)
    assert compare_latency(slower, 1.1, stage).worse[1] > np.log(60)
    assert compare_quantile(slower, 0.9, 1.1, stage).worse[9] > np.log(60)
    assert compare_latency(same, 1.1, stage).not_worse[-1] > np.log(20)
    assert compare_latency(same, 1.1, stage).worse.max() < np.log(5)
