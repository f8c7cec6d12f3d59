"""Tempering: noise of the arms' own counts, a lasting effect does not."""

import numpy as np
import pytest

from policies.compare.tempering import temper

RNG = np.random.default_rng(5)
INFORMATION = np.full((400, 60), 12.0)


def test_chance_alone_is_not_tempered_for_long():
    """With nothing but chance the factor comes down towards 1 from its prior, on average over 400 seeded runs."""
    factor = temper(RNG.normal(0, np.sqrt(INFORMATION)), INFORMATION, 0.2)
    assert factor[:, 0] == pytest.approx(1 + 0.2 * 12)
    assert factor[:, -1].mean() < 1.8
    assert (factor >= 1).all()


def test_noise_of_the_arms_is_tempered_in_proportion():
    """Noise with variance 0.2 on the log odds makes scores vary 1 + 0.2 × 12 times as much as chance: so much is the factor."""
    scores = RNG.normal(0, np.sqrt(INFORMATION)) + RNG.normal(0, np.sqrt(0.2), INFORMATION.shape) * INFORMATION
    assert np.median(temper(scores, INFORMATION, 0.0)[:, -1]) == pytest.approx(3.4, rel=0.25)


def test_a_lasting_effect_is_no_noise():
    """A constant difference between the arms leaves the factor as it is."""
    chance = RNG.normal(0, np.sqrt(INFORMATION))
    assert temper(chance + 1.0 * INFORMATION, INFORMATION, 0.2) == pytest.approx(temper(chance, INFORMATION, 0.2))


def test_strata_that_say_nothing_are_passed_over():
    """Without information there is nothing to differ from, and no number that is none."""
    assert temper(np.zeros(10), np.zeros(10), 0.2) == pytest.approx(np.ones(10))


def test_one_onset_is_hardly_noise():
    """A fault that sets in once is one difference among many: the factor stays below three at its greatest, on average, and comes down."""
    chance = RNG.normal(0, np.sqrt(INFORMATION))
    onset = np.where(np.arange(60) < 30, 0.0, 0.7) * INFORMATION
    more = temper(chance + onset, INFORMATION, 0.2).mean(axis=0) / temper(chance, INFORMATION, 0.2).mean(axis=0)
    assert more[:30] == pytest.approx(np.ones(30))
    assert more.max() < 3
    assert more[-1] < more.max()
