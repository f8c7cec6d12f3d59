"""Error counts against direct formulas and complete enumeration."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from policies.compare.counts import _cumulant, compare_counts, tolerated_log_odds
from policies.gates.spec import Margin

ODDS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
HISTORY = (100, 400, 0, 2)
"""A first stratum (requests and errors of candidate and baseline) that settles the baseline's rate; it is no evidence itself."""
RATE = 2.5 / 401

Stratum = tuple[int, int, int, int]


def frame(strata: Sequence[Stratum]) -> pd.DataFrame:
    columns = ["invocations_candidate", "invocations_baseline", "errors_candidate", "errors_baseline"]
    return pd.DataFrame(list(strata), columns=columns)


def law(requests: int, control: int, errors: int, log_odds: float) -> dict[int, float]:
    """Fisher's noncentral hypergeometric law of the candidate's errors, by direct summation."""
    possible = range(max(0, errors - control), min(errors, requests) + 1)
    weights = {x: math.comb(requests, x) * math.comb(control, errors - x) * math.exp(log_odds * x) for x in possible}
    return {x: weight / sum(weights.values()) for x, weight in weights.items()}


def evidence(errors: Sequence[int], shapes: Sequence[tuple[int, int, int]], nulls: Sequence[float], sign: int) -> float:
    """The mixture of likelihood ratios against the null, by direct products."""
    total = 0.0
    for odds in ODDS:
        tilt = sign * math.log(odds)
        total += math.prod(
            law(*shape, null + tilt)[x] / law(*shape, null)[x]
            for x, shape, null in zip(errors, shapes, nulls, strict=True)
        )
    return total / len(ODDS)


def log_odds(rate: float, tolerated: float) -> float:
    return math.log(tolerated / (1 - tolerated)) - math.log(rate / (1 - rate))


@pytest.mark.parametrize(("requests", "control", "errors"), [(6, 6, 4), (3, 9, 11), (9, 3, 1), (12, 1, 13), (5, 5, 0)])
def test_the_cumulant_is_the_log_of_a_mean(requests: int, control: int, errors: int) -> None:
    """It is ln E[exp(sX)] of the hypergeometric law (oracle: direct summation over binomial coefficients)."""
    for tilt in (-2.0, 0.0, 0.7):
        direct = math.log(sum(p * math.exp(tilt * x) for x, p in law(requests, control, errors, 0).items()))
        shape = tuple(np.array([float(number)]) for number in (requests, control, errors))
        assert _cumulant(shape, np.array([[tilt]])).item() == pytest.approx(direct, abs=1e-10)


MARGINS = [
    (Margin(ratio=1.1), log_odds(RATE, 1.1 * RATE)),
    (Margin(ratio=3), log_odds(RATE, 3 * RATE)),
    (Margin.model_validate({"ratio": 1.1, "or_absolute": "2%"}), log_odds(RATE, RATE + 0.02)),
]


@pytest.mark.parametrize(("margin", "null"), MARGINS)
def test_the_margin_is_turned_into_odds_by_the_baselines_earlier_rate(margin: Margin, null: float) -> None:
    """The wider of ratio and absolute difference counts, at a rate settled before the stratum (worked by hand)."""
    errors, requests = np.array([2.0, 50.0]), np.array([400.0, 500.0])
    assert tolerated_log_odds(errors, requests, margin)[1] == pytest.approx(null)


@pytest.mark.parametrize(("margin", "null"), MARGINS[:2])
@pytest.mark.parametrize("errors", range(4))
def test_evidence_is_a_mixture_of_likelihood_ratios(margin: Margin, null: float, errors: int) -> None:
    """Both directions (oracle: ratios of Fisher's noncentral hypergeometric probabilities by direct summation)."""
    found = compare_counts(frame([HISTORY, (6, 6, errors, 3 - errors)]), margin)
    shape = [(6, 6, 3)]
    assert found.worse == pytest.approx(max(1.0, evidence([errors], shape, [null], 1)))
    assert found.not_worse == pytest.approx(evidence([errors], shape, [null], -1))


@pytest.mark.parametrize(("margin", "null"), MARGINS[:2])
@pytest.mark.parametrize("beyond", [0.0, 0.5, 2.0])
def test_evidence_of_no_worse_is_an_e_value(margin: Margin, null: float, beyond: float) -> None:
    """Its mean is at most 1 at the margin and beyond (oracle: all outcomes of two strata of 12 and 11 requests)."""
    shapes = [(6, 6, 3), (3, 8, 3)]
    laws = [law(*shape, null + beyond) for shape in shapes[:1]]
    mean = 0.0
    for first, p in laws[0].items():
        # The second stratum's null follows from what the first one showed, as in a real rollout.
        seen = [HISTORY, (6, 6, first, 3 - first)]
        rate = (2 + 3 - first + 0.5) / 407
        following = law(*shapes[1], log_odds(rate, margin.ratio * rate) + beyond)
        for second, q in following.items():
            mean += p * q * compare_counts(frame([*seen, (3, 8, second, 3 - second)]), margin).not_worse
    assert mean <= 1 + 1e-9
    assert beyond or mean == pytest.approx(1)


@pytest.mark.parametrize("within", [0.0, 0.5])
def test_evidence_of_worse_rarely_crosses_whenever_it_is_looked_at(within: float) -> None:
    """Within the margin it ever reaches c with probability at most 1/c (oracle: all outcomes of three looks; Ville)."""
    margin, shape = Margin(ratio=1.5), (6, 6, 3)
    crossed = dict.fromkeys((1.5, 2.0, 3.0), 0.0)
    for outcome in itertools.product(range(4), repeat=3):
        strata, probability, baseline = [HISTORY], 1.0, 2
        for errors in outcome:
            rate = (baseline + 0.5) / (400 + 6 * (len(strata) - 1) + 1)
            probability *= law(*shape, log_odds(rate, 1.5 * rate) - within)[errors]
            strata.append((6, 6, errors, 3 - errors))
            baseline += 3 - errors
        worse = compare_counts(frame(strata), margin).worse
        for level in crossed:
            crossed[level] += probability * (worse >= level)
    assert all(probability <= 1 / level for level, probability in crossed.items())
    assert crossed[1.5] > 0


def test_without_errors_the_absolute_lane_decides() -> None:
    """Likelihood ratios of a rate of 0 and of a tenth and a third of 1 % against 1 %, over 400 answers without a failure (by hand)."""
    margin = Margin.model_validate({"ratio": 1.2, "or_absolute": "1%"})
    found = compare_counts(frame([(400, 400, 0, 0)]), margin)
    absolute = (0.99**-400 + (0.999 / 0.99) ** 400 + ((1 - 0.01 / 3) / 0.99) ** 400) / 3
    assert found.not_worse == pytest.approx((1 + absolute) / 2)
    assert found.worse <= 1


def test_with_errors_the_absolute_lane_keeps_its_mixture() -> None:
    """One failure among 400 rules out the rate of 0 and weighs the others (by hand); the lane without history says nothing."""
    margin = Margin.model_validate({"ratio": 1.2, "or_absolute": "1%"})
    found = compare_counts(frame([(400, 400, 1, 0)]), margin)
    parts = [part * ((1 - part * 0.01) / 0.99) ** 399 for part in (0.1, 1 / 3)]
    assert found.not_worse == pytest.approx((1 + sum(parts) / 3) / 2)


@pytest.mark.parametrize("ratio", [1.2, 2, 3, 10])
def test_the_first_minute_proves_nothing_before_the_baselines_rate_is_known(ratio: float) -> None:
    """A candidate that fails five times as often is not waved through on a guessed rate, however wide the margin."""
    found = compare_counts(frame([(25, 475, 2, 8)]), Margin(ratio=ratio))
    assert (found.worse, found.not_worse) == (1, 1)


def test_no_pairs_are_no_evidence() -> None:
    """Nothing measured says nothing in either direction."""
    found = compare_counts(frame([]), Margin(ratio=1.2))
    assert (found.worse, found.not_worse, found.strata) == (1, 1, 0)


def test_a_shared_outage_proves_nothing() -> None:
    """Minutes in which half of all requests fail in both arms move the evidence against the candidate nowhere."""
    outage = [HISTORY, *[(100, 100, 50, 50)] * 20]
    assert compare_counts(frame(outage), Margin(ratio=1.2)).worse < 2


def test_overwhelming_evidence_stays_a_number() -> None:
    """Evidence beyond what a float holds is capped, never infinite or undefined."""
    flood = [HISTORY, *[(5000, 5000, 4000, 10)] * 30]
    found = compare_counts(frame(flood), Margin(ratio=1.2))
    assert 1e300 < found.worse < math.inf
    assert found.not_worse <= 1


def test_a_shared_outage_does_not_make_a_bad_candidate_look_no_worse() -> None:
    """A candidate that fails twice as often is not passed because an outage made both arms fail alike for ten minutes."""
    calm, outage = (100, 400, 2, 4), (100, 400, 21, 83)
    found = compare_counts(frame([*[calm] * 10, *[outage] * 10]), Margin(ratio=1.5))
    assert found.not_worse < 1
