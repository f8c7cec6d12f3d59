"""The evidence on how many answers agree."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from policies.compare.agreement import agreement_interval, compare_agreement, pairs_to_pass
from policies.compare.comparison import Comparison
from policies.gates.weighing import _holds  # pyright: ignore[reportPrivateUsage] - the very rule by which a gate passes
from policies.strata.arrays import Answers, Floats

TWENTY = math.log(20)


def compare(differing: Floats, pairs: int, least: float) -> Comparison:
    paired = np.full(differing.shape, float(pairs))
    return compare_agreement(Answers(paired, paired, paired - differing), least, np.zeros(differing.shape[-1], int))


@pytest.mark.parametrize("least", [0.6, 0.9, 0.99])
def test_at_the_limit_evidence_is_worth_one_on_average(least: float) -> None:
    """Before anything is tempered both are e-values: their mean at the limit is at most 1 (oracle: sum over all outcomes of 40 pairs)."""
    differing = np.arange(41.0)
    chances = binom.pmf(differing, 40, 1 - least)
    found = compare(differing[:, np.newaxis], 40, least)

    for log_e in (found.worse[:, 0], found.not_worse[:, 0]):
        assert chances @ np.exp(log_e) <= 1 + 1e-9
        assert chances @ np.exp(log_e) > 0.3


@pytest.mark.parametrize(("spread", "pairs", "least"), [(0.0, 300, 0.99), (0.3, 300, 0.99), (0.3, 100, 0.9)])
def test_a_candidate_at_the_limit_is_rarely_judged(spread: float, pairs: int, least: float) -> None:
    """Looked at every minute for an hour, and with rates that vary by 30 %, it fails or passes in 5 % at most (400 simulations)."""
    rng = np.random.default_rng(5)
    rates = (1 - least) * np.exp(spread * rng.standard_normal((400, 60)) - spread**2 / 2)
    found = compare(rng.binomial(pairs, rates).astype(float), pairs, least)

    assert (found.worse >= TWENTY).any(axis=-1).mean() <= 0.05
    assert _holds(found.not_worse, np.zeros(60, int), TWENTY).any(axis=-1).mean() <= 0.05


@pytest.mark.parametrize(("rate", "minutes"), [(0.02, 20), (0.05, 4), (0.3, 1)])
def test_more_differences_than_allowed_are_found(rate: float, minutes: int) -> None:
    """With 300 pairs a minute and 99 % asked for, nine of ten candidates are found out by then (200 simulated rollouts)."""
    found = compare(np.random.default_rng(6).binomial(300, rate, (200, minutes)).astype(float), 300, 0.99)
    assert (found.worse >= TWENTY).any(axis=-1).mean() >= 0.9
    assert not (found.not_worse >= TWENTY).any()


@pytest.mark.parametrize("least", [0.9, 0.99, 0.999])
def test_as_many_pairs_as_foretold_pass(least: float) -> None:
    """The forecast's number of agreeing pairs suffices, and half of it does not."""
    pairs = math.ceil(pairs_to_pass(least, 0.05))
    assert compare(np.zeros(20), math.ceil(pairs / 20 * 1.02), least).not_worse[-1] >= TWENTY
    assert compare(np.zeros(20), pairs // 40, least).not_worse[-1] < TWENTY


def test_a_stage_passes_on_its_own_pairs() -> None:
    """What spoke for the candidate in shadow says nothing about a later stage; what spoke against it goes on counting."""
    paired = np.array([1000.0, 1000.0, 0.0])
    found = compare_agreement(Answers(paired, paired, paired), 0.99, np.array([0, 0, 1]))
    assert found.not_worse[1] >= TWENTY
    assert found.not_worse[2] == pytest.approx(0)


def test_the_interval_holds_the_rate_however_often_one_looks() -> None:
    """Over an hour of looks it ever leaves out the true rate in at most 5 % (400 simulated rollouts), and it narrows."""
    rng = np.random.default_rng(8)
    agreeing = np.cumsum(rng.binomial(50, 0.97, (400, 30)), axis=-1)
    missed = [
        any(not (low <= 0.97 <= high) for low, high in (agreement_interval(k, 50 * n, 1, 0.05) for n, k in seen))
        for seen in ([*enumerate(map(float, row), start=1)][::5] for row in agreeing)
    ]
    assert np.mean(missed) <= 0.05
    low, high = agreement_interval(9700, 10000, 1, 0.05)
    assert 0.96 < low < 0.97 < high < 0.98
    assert agreement_interval(0, 0, 1, 0.05) == (0.0, 1.0)
    assert agreement_interval(500, 500, 1, 0.05)[1] == 1.0
