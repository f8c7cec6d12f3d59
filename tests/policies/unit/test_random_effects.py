"""The t-mixture over minutes: its kernel, its confidence sequence, and what it does with too little."""

import numpy as np
import pytest

from policies.compare.random_effects import LEAST_STRATA, Effects, summarise


@pytest.mark.parametrize(
    ("t_squared", "freedom", "mixture", "size", "log_bf"),
    [(4, 10, 1, 12, 0.401443), (9, 28, 10, 30, 2.227468), (16, 58, 10, 60, 5.073658)],
)
def test_the_kernel_is_savvis(t_squared, freedom, mixture, size, log_bf):
    """The published mixture gives what the package savvi 0.3.1 gives (frozen values of its ``log_bf``)."""
    shrink = mixture / (mixture + size)
    kernel = 0.5 * np.log(shrink) + 0.5 * (freedom + 1) * (
        np.log1p(t_squared / freedom) - np.log1p(shrink * t_squared / freedom)
    )
    assert kernel == pytest.approx(log_bf, abs=1e-6)


def test_evidence_is_that_kernel_doubled_one_sided():
    """With g = 5 and n - 1 degrees of freedom, doubled because only one direction counts (oracle: the formula by hand)."""
    effects = Effects(np.array([0.3]), np.array([0.1]), np.array([20.0]))
    t_squared, freedom, shrink = 9.0, 19.0, 5 / 25
    wanted = (
        np.log(2) + 0.5 * np.log(shrink) + 10 * (np.log1p(t_squared / freedom) - np.log1p(shrink * t_squared / freedom))
    )
    assert effects.evidence(0.0, direction=1) == pytest.approx([wanted])
    assert effects.evidence(0.0, direction=-1) == pytest.approx([0.0])


def test_the_confidence_sequence_inverts_the_evidence():
    """At its ends the two-sided evidence is just what rejects: half the one-sided one."""
    effects = Effects(np.array([0.3]), np.array([0.1]), np.array([20.0]))
    low, high = effects.interval(0.05)
    assert effects.evidence(low, direction=1) == pytest.approx([np.log(2 / 0.05)])
    assert effects.evidence(high, direction=-1) == pytest.approx([np.log(2 / 0.05)])


def test_too_few_strata_say_nothing():
    """Before the fifth stratum there is no evidence, and no effect is ruled out."""
    effects = summarise(np.full(LEAST_STRATA - 1, 100.0), np.full(LEAST_STRATA - 1, 10.0))
    assert effects.evidence(0.0, direction=1) == pytest.approx(np.zeros(LEAST_STRATA - 1))
    assert not np.isfinite(effects.interval(0.05)[1]).any()


def test_the_truth_is_covered_at_every_look():
    """Over 500 seeded runs of 40 strata with noise of their own, the sequence misses the truth, ever, in at most 5 % of runs."""
    rng = np.random.default_rng(6)
    information = np.full((500, 40), 8.0)
    effect = 0.4 + rng.normal(0, 0.5, information.shape)
    score = rng.normal(effect * information, np.sqrt(information))
    low, high = summarise(score, information).interval(0.05)
    assert ((low > 0.4) | (high < 0.4)).any(axis=1).mean() <= 0.05


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("information", [[1e-9], [0.0, 0.0], [5.0, 0.0, 1e-12]])
def test_next_to_nothing_is_no_trouble(information):
    """A single stratum, one of almost no information, none at all: no evidence and no warning."""
    effects = summarise(np.full(len(information), 1e-9), np.array(information))
    assert (effects.evidence(0.0, direction=1) == 0).all()
