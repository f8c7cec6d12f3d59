"""Latency against a direct implementation of the published formula."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
import pytest

from policies.compare.latency import compare_latency
from policies.gates.spec import Margin

Minute = tuple[int, int, float, float]
"""Requests of candidate and baseline, mean latency of candidate and baseline in milliseconds."""


def frame(minutes: Sequence[Minute]) -> pd.DataFrame:
    rows = [(n1, n0, n1 * m1 * 1000, n0 * m0 * 1000) for n1, n0, m1, m0 in minutes]
    columns = [f"latency_{what}_{arm}" for what in ("count", "sum_us") for arm in ("candidate", "baseline")]
    return pd.DataFrame(rows, columns=columns)


def kernel(t: float, freedom: float, mixture: float, size: float) -> float:
    """The two-sided t-mixture's log e-value."""
    r = mixture / (mixture + size)
    return 0.5 * math.log(r) + 0.5 * (freedom + 1) * (math.log1p(t * t / freedom) - math.log1p(r * t * t / freedom))


def direct(minutes: Sequence[Minute], null: float, sign: int) -> float:
    """The one-sided e-value, term by term in plain numbers."""
    d = [math.log(m1 / m0) for _, _, m1, m0 in minutes]
    h = [n1 * n0 / (n1 + n0) for n1, n0, _, _ in minutes]
    n, fixed = len(d), sum(x * y for x, y in zip(d, h, strict=True)) / sum(h)
    q = sum(w * (x - fixed) ** 2 for x, w in zip(d, h, strict=True))
    tau2 = max(0.0, (q - (n - 1)) / (sum(h) - sum(w * w for w in h) / sum(h)))
    w = [x / (1 + tau2 * x) for x in h]
    b = sum(x * y for x, y in zip(d, w, strict=True)) / sum(w)
    r = [math.sqrt(y) * (x - b) for x, y in zip(d, w, strict=True)]
    rho = sum(x * y for x, y in pairwise(r)) / sum(x * x for x in r)
    rho = rho + (1 + 3 * rho) / n
    rho = min(max((n * rho + 10 * 0.2) / (n + 10), 0), 0.95)
    f = (1 + rho) / (1 - rho)
    s2 = sum((y * (x - b)) ** 2 for x, y in zip(d, w, strict=True)) * n / (n - 1)
    t = sign * (b - null) * sum(w) / math.sqrt(s2 * f)
    return 2 * math.exp(kernel(t, n / f - 1, 5, n / f)) if t > 0 else 1.0


MINUTES: list[Minute] = [
    (50, 950, 52, 50), (60, 900, 61, 55), (40, 980, 50, 51), (55, 940, 58, 52), (52, 930, 66, 60),
    (48, 955, 57, 50), (51, 970, 55, 49), (20, 400, 90, 70), (500, 500, 56, 50), (510, 490, 54, 50),
]  # fmt: skip
NOISY: list[Minute] = [(n1, n0, m1 * (1.6 if i % 4 == 0 else 1), m0) for i, (n1, n0, m1, m0) in enumerate(MINUTES)]


def test_the_direct_kernel_is_savvis() -> None:
    """The formula that this file compares with is itself right (oracle: savvi 0.3.1, ``linear_regression.log_bf``)."""
    assert kernel(2, 10, 1, 12) == pytest.approx(0.401443, abs=1e-6)
    assert kernel(3, 28, 10, 30) == pytest.approx(2.227468, abs=1e-6)
    assert kernel(4, 58, 10, 60) == pytest.approx(5.073658, abs=1e-6)


@pytest.mark.parametrize("minutes", [MINUTES, NOISY])
@pytest.mark.parametrize("ratio", [1.01, 1.05, 1.1, 1.5])
def test_evidence_is_the_published_formula(minutes: list[Minute], ratio: float) -> None:
    """Both directions, at every look from the fifth minute on (oracle: the formula term by term)."""
    found = compare_latency(frame(minutes), Margin(ratio=ratio))
    null = math.log(ratio)
    looks = [direct(minutes[:end], null, 1) for end in range(5, len(minutes) + 1)]
    assert found.worse == pytest.approx(max(looks))
    assert found.not_worse == pytest.approx(direct(minutes, null, -1))
    assert found.strata == len(minutes)


def test_four_minutes_are_too_few() -> None:
    """Scatter and autocorrelation cannot be told from fewer than five minutes."""
    found = compare_latency(frame(MINUTES[:4]), Margin(ratio=1.1))
    assert (found.worse, found.not_worse, found.strata) == (1, 1, 4)


def test_no_pairs_are_no_evidence() -> None:
    """Nothing measured says nothing in either direction."""
    assert compare_latency(frame([]), Margin(ratio=1.1)).strata == 0


def test_one_bad_minute_is_no_proof() -> None:
    """A single slow minute among good ones widens the doubt instead of condemning the candidate."""
    minutes = [*MINUTES[:5], (50, 950, 500, 50)]
    assert compare_latency(frame(minutes), Margin(ratio=1.1)).worse < 20
