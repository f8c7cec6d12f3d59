"""E-CMH: an e-value under every law within its margin, by going through every outcome."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom

from policies.compare.counts import ALTERNATIVES, _tolerated_log_odds, compare_counts, log_odds_score, odds_steps
from policies.strata.arrays import Arms

RATIO = SimpleNamespace(ratio=1.2, or_absolute=0.0)
EITHER = SimpleNamespace(ratio=1.2, or_absolute=0.005)


def arms(candidate: object, baseline: object) -> Arms:
    return Arms(np.asarray(candidate, dtype=float), np.asarray(baseline, dtype=float))


@pytest.mark.parametrize(("odds", "direction"), [(1.0, 1), (0.7, 1), (1.5, 1), (1.5, -1), (3.0, -1)])
def test_the_mean_of_each_bet_is_at_most_one(odds, direction):
    """For any odds ratio on the null's side of 1.5, each alternative's mean over all outcomes is at most 1 (oracle: enumeration)."""
    null, rate = np.log(1.5), 0.3
    tilted = odds * rate / (1 - rate) / (1 + odds * rate / (1 - rate))
    total = np.zeros(len(ALTERNATIVES))
    for failed, control in product(range(6), range(8)):
        chance = binom.pmf(failed, 5, tilted) * binom.pmf(control, 7, rate)
        steps = odds_steps(arms([failed], [control]), arms([5], [7]), np.array([null]), direction * ALTERNATIVES)
        total += chance * np.exp(steps[:, 0])
    within = odds <= 1.5 if direction > 0 else odds >= 1.5
    assert within
    assert (total <= 1 + 1e-9).all()


def test_the_score_is_observed_minus_expected():
    """The score and its variance are those of the Mantel-Haenszel test (oracle: the hypergeometric law)."""
    score, variance = log_odds_score(arms([7.0], [3.0]), arms([50.0], [50.0]))
    assert score == pytest.approx([2.0])
    assert variance == pytest.approx([50 * 50 * 10 * 90 / (100**2 * 99)])


def test_a_service_without_errors_is_shown_to_be_good_enough():
    """Odds of nothing are nothing, but an absolute margin is proven by enough requests that do not fail."""
    stage = np.zeros(30, dtype=int)
    requests = arms(np.full(30, 250), np.full(30, 250))
    nothing = arms(np.zeros(30), np.zeros(30))
    assert compare_counts(nothing, requests, EITHER, stage).not_worse[-1] > np.log(20)
    assert compare_counts(nothing, requests, RATIO, stage).not_worse[-1] < np.log(20)


def test_a_silent_baseline_proves_nothing():
    """However well the candidate does by itself, without a baseline in the same minutes there is no evidence either way."""
    requests = arms(np.full(30, 500), np.zeros(30))
    said = compare_counts(arms(np.zeros(30), np.zeros(30)), requests, EITHER, np.zeros(30, dtype=int))
    assert (said.not_worse <= 1e-9).all()
    assert (said.worse <= 1e-9).all()


def test_a_shared_outage_proves_nothing_against_the_candidate():
    """Half of all requests fail in both arms for five minutes: no evidence that the candidate is worse."""
    failing = np.where((np.arange(20) >= 8) & (np.arange(20) < 13), 250, 5)
    said = compare_counts(
        arms(failing, failing), arms(np.full(20, 500), np.full(20, 500)), EITHER, np.zeros(20, dtype=int)
    )
    assert said.worse.max() < np.log(2)


def test_a_shared_outage_proves_nothing_for_the_candidate_either():
    """In it the odds are alike whatever the candidate does by itself: what was shown before neither grows nor shrinks while it lasts."""
    failing = np.where((np.arange(20) >= 10) & (np.arange(20) < 15), 250, 5)
    said = compare_counts(
        arms(failing, failing), arms(np.full(20, 500), np.full(20, 500)), RATIO, np.zeros(20, dtype=int)
    )
    assert said.not_worse[10:15] == pytest.approx(np.full(5, said.not_worse[9]))
    assert said.not_worse[16] > said.not_worse[15]


def test_a_candidate_that_breaks_is_found_after_one_minute():
    """Twenty failures of fifty after four quiet minutes are enough: the severe lane needs no second look."""
    failures = arms([0, 0, 0, 0, 20], np.full(5, 5))
    said = compare_counts(failures, arms(np.full(5, 50), np.full(5, 950)), RATIO, np.zeros(5, dtype=int))
    assert said.worse[3] < 0
    assert said.worse[4] > np.log(20)


def test_earlier_stages_do_not_prove_a_later_one():
    """Evidence that the candidate is not worse begins at nothing when a stage begins."""
    stage = np.repeat([0, 1], 20)
    requests = arms(np.full(40, 2500), np.full(40, 2500))
    said = compare_counts(arms(np.full(40, 5), np.full(40, 5)), requests, EITHER, stage)
    assert said.not_worse[19] > np.log(20)
    assert said.not_worse[20] < np.log(20)


def test_many_runs_are_compared_as_each_by_itself():
    """Leading axes are runs that know nothing of each other."""
    rng = np.random.default_rng(2)
    requests = arms(rng.poisson(50, (4, 25)), rng.poisson(450, (4, 25)))
    failures = arms(
        rng.binomial(requests.candidate.astype(int), 0.03), rng.binomial(requests.baseline.astype(int), 0.01)
    )
    stage = np.repeat([0, 1], [10, 15])
    together = compare_counts(failures, requests, EITHER, stage)
    for run in range(4):
        alone = compare_counts(
            Arms(failures.candidate[run], failures.baseline[run]),
            Arms(requests.candidate[run], requests.baseline[run]),
            EITHER,
            stage,
        )
        assert together.worse[run] == pytest.approx(alone.worse, abs=1e-9)
        assert together.not_worse[run] == pytest.approx(alone.not_worse, abs=1e-9)


def test_what_a_margin_tolerates_is_settled_before_the_stratum_is_looked_at():
    """A difference of rates is turned into odds by the baseline's past: a minute that set its own margin could prove anything."""
    requests = arms([100, 100], [1000, 1000])
    calm = np.ones(2, dtype=bool)
    told = [_tolerated_log_odds(arms([1, 1], [10, failed]), requests, calm, EITHER) for failed in (0, 10, 500)]
    for tolerated, known in told:
        assert tolerated[1] == told[0][0][1]
        assert known.tolist() == [False, True]
    rate = 10.5 / 1001
    assert told[0][0][1] == pytest.approx(np.log((rate + 0.005) / (1 - rate - 0.005)) - np.log(rate / (1 - rate)))
