"""Error counts: a stratified conditional e-process on the odds ratio.

Given how many requests each arm answered in a minute and how many failed in both together, the failures of the candidate follow a
hypergeometric law when both fail equally often, and Fisher's noncentral one when the odds differ by a factor. The minute's own error
rate drops out, so an outage that hits both arms proves nothing. Source: Lindon and Malek (2022), arXiv 2011.03567, conditioned on the
actual size of each arm. Odds say little of a service without errors, so an absolute margin is also tested on the rates themselves: see
``excess``, and for the other direction a plain sequential likelihood ratio.
"""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from policies.compare.comparison import Comparison, Floats, e_value, mix
from policies.compare.excess import Counts, excess_evidence
from policies.gates.spec import Margin

_ODDS_RATIOS: Final = np.log([1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0])
_PARTS_OF_MARGIN: Final = (0.1, 1 / 3)
_OUTAGE: Final = 3.0
_SPREAD: Final = 3.0
"""A stratum is out of the ordinary with this many times the errors that the past explains, and this many standard deviations more."""
_LEAST_HISTORY: Final = 100
"""Requests of the baseline before its error rate can turn a margin of rates into one of odds; a guessed rate can prove anything."""


def compare_counts(pairs: pd.DataFrame, margin: Margin) -> Comparison:
    """Compare error rates.

    Args:
        pairs: per minute ``errors_baseline``, ``errors_candidate``, ``invocations_baseline``, ``invocations_candidate``.
        margin: the tolerated ratio, or the tolerated absolute difference where that is wider.
    """
    pairs = pairs[(pairs["invocations_candidate"] > 0) & (pairs["invocations_baseline"] > 0)]
    if pairs.empty:
        return Comparison(worse=1.0, not_worse=1.0, strata=0)
    requests, control = (pairs[f"invocations_{arm}"].to_numpy(float) for arm in ("candidate", "baseline"))
    # CloudWatch may count an error before its request: one such minute must not blind the gate for the whole rollout.
    candidate = np.minimum(pairs["errors_candidate"].to_numpy(float), requests)
    baseline = np.minimum(pairs["errors_baseline"].to_numpy(float), control)
    calm = find_calm_strata((candidate, requests), (baseline, control))
    tolerated = tolerated_log_odds(np.where(calm, baseline, 0.0), np.where(calm, control, 0.0), margin)
    tilts = np.concatenate([_ODDS_RATIOS, -_ODDS_RATIOS])
    shape = (requests, control, candidate + baseline)
    at_null = _cumulant(shape, tolerated[None, :])
    steps = candidate * tilts[:, None] - (_cumulant(shape, tolerated + tilts[:, None]) - at_null)
    steps = np.where(_before(control) < _LEAST_HISTORY, 0.0, steps)
    worse = mix(np.cumsum(steps[: len(_ODDS_RATIOS)], axis=1))
    not_worse = mix(np.cumsum(np.where(calm, steps[len(_ODDS_RATIOS) :], 0.0), axis=1))
    if margin.or_absolute:
        worse = mix(np.stack([worse, excess_evidence((candidate, requests), (baseline, control), margin)]))
        not_worse = mix(np.stack([not_worse, _below_absolute_margin(candidate, requests, margin.or_absolute)]))
    return Comparison(worse=e_value(worse.max()), not_worse=e_value(not_worse[-1]), strata=len(pairs))


def tolerated_log_odds(baseline_errors: Floats, baseline_requests: Floats, margin: Margin) -> Floats:
    """Return the log odds ratio that the margin tolerates in each stratum.

    A margin speaks of rates, the test of odds; the rate that turns one into the other is the baseline's in the strata *before*, so that
    it is settled before the stratum is looked at.
    """
    rate = (_before(baseline_errors) + 0.5) / (_before(baseline_requests) + 1.0)
    tolerated = np.minimum(np.maximum(rate * margin.ratio, rate + margin.or_absolute), 0.999)
    return np.maximum(np.log(tolerated / (1 - tolerated)) - np.log(rate / (1 - rate)), 0.0)


def find_calm_strata(candidate: Counts, baseline: Counts) -> NDArray[np.bool_]:
    """Tell the strata in which both arms together fail no more than the baseline's calm past explains.

    In an outage that hits both arms their odds are alike whatever the candidate does on its own, so such a stratum must not count as
    evidence that it is no worse. Which strata count depends only on the errors of both together and on the past, so the test stays valid.
    """
    calm = np.ones(len(candidate[0]), dtype=bool)
    past_errors = past_requests = 0.0
    for index, (errors, requests, failed, control) in enumerate(zip(*candidate, *baseline, strict=True)):
        expected = _OUTAGE * (requests + control) * (past_errors + 0.5) / (past_requests + 1.0)
        calm[index] = past_requests < _LEAST_HISTORY or errors + failed <= expected + _SPREAD * np.sqrt(expected + 1)
        if calm[index]:
            past_errors, past_requests = past_errors + failed, past_requests + control
    return calm


def _before(counts: Floats) -> Floats:
    """Sum up the strata before each."""
    return np.cumsum(counts) - counts


def _cumulant(shape: tuple[Floats, Floats, Floats], tilts: Floats) -> Floats:
    """Log of the mean of ``exp(tilt * X)``, X hypergeometric, per (tilt, stratum).

    ``shape`` is the candidate's requests, the baseline's, and the errors of both together, per stratum.
    """
    requests, control, errors = (part[:, None] for part in shape)
    possible = np.arange(float(np.minimum(errors, requests).max()) + 1)[None, :]
    can_be = (possible <= np.minimum(errors, requests)) & (possible >= errors - control)
    ways = _log_choose(requests, np.where(can_be, possible, 0.0)) + _log_choose(
        control, np.where(can_be, errors - possible, 0.0)
    )
    log_probability = np.where(can_be, ways, -np.inf) - _log_choose(requests + control, errors)
    return logsumexp(log_probability + tilts[:, :, None] * possible, axis=2)


def _log_choose(many: Floats, few: Floats) -> Floats:
    return gammaln(many + 1) - gammaln(few + 1) - gammaln(many - few + 1)


def _below_absolute_margin(errors: Floats, requests: Floats, margin: float) -> Floats:
    """Log e-process against "the candidate's rate is at least the margin", which any rate that exceeds the baseline's by it is.

    A mixture of sequential likelihood ratios with a rate of zero and rates at parts of the margin.
    """
    failed, answered = np.cumsum(errors), np.cumsum(requests - errors)
    without = answered * -np.log1p(-margin)
    paths = [np.where(failed == 0, without, -np.inf)]
    paths += [failed * np.log(part) + without + answered * np.log1p(-part * margin) for part in _PARTS_OF_MARGIN]
    return mix(np.stack(paths))
