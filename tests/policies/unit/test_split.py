"""The e-value of a sample-ratio mismatch."""

import math

import pytest

from policies.gates.split import mismatch_evidence


@pytest.mark.parametrize(
    ("candidate", "baseline", "share", "e_value"),
    [
        (60, 1000, 0.05, 0.4206163),
        (80, 1000, 0.05, 50.29839),
        (100, 1000, 0.05, 509775.48),
        (520, 480, 0.5, 0.6230520),
        (560, 440, 0.5, 213.42146),
    ],
)
def test_the_evidence_is_savvis(candidate: int, baseline: int, share: float, e_value: float) -> None:
    """The beta-binomial mixture with a prior worth 100 requests (oracle: savvi 0.3.1, ``Multinomial(...).odds`` with k=100)."""
    assert math.exp(mismatch_evidence(candidate, baseline, share)) == pytest.approx(e_value, rel=1e-6)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_the_evidence_is_an_e_value(share: float) -> None:
    """Under the ordered share its mean is exactly 1 (oracle: sum over all outcomes of 60 requests)."""
    total = 60
    mean = sum(
        math.comb(total, x) * share**x * (1 - share) ** (total - x) * math.exp(mismatch_evidence(x, total - x, share))
        for x in range(total + 1)
    )
    assert mean == pytest.approx(1)


def test_a_baseline_that_still_answers_at_a_full_share_is_a_mismatch() -> None:
    """At 100 % there is no chance in it: one request to the baseline is proof."""
    assert mismatch_evidence(100, 0, 1.0) == 0
    assert mismatch_evidence(100, 1, 1.0) == math.inf
