"""Do two models answer alike? An e-process on how many of the requests that both answered got the same answer.

Each pair agrees or does not, so a minute's pairs are binomial: mixtures of sequential likelihood ratios against the limit (Wald 1945,
Robbins 1970) are e-processes against "the probability of agreeing is at least the limit" and "at most the limit". Their alternatives are
set apart in the odds of *dis*agreeing, which make sense from one in a million to one in two.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln

from policies.compare.comparison import SEVERE, Comparison
from policies.compare.mixture import average, restart, since_stage
from policies.compare.tempering import temper
from policies.strata.arrays import Answers, Floats, Integers

_MORE: Final = np.log([1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0])
_FEWER: Final = -np.log([1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 1e6])
"""Alternatives, as distances in the log odds of differing; the last one is a candidate that answers alike always."""
_SEVERE_ODDS: Final = float(np.log(3.0))
_NOISE_VARIANCE: Final = 0.1
"""Assumed variance of the rate of differing, as a part of it, until the data speak: rates that vary by 30 % from minute to minute."""
_PAIRS_ASSUMED: Final = 100.0
"""How many pairs the limit is worth, as a guess of the rate of differing."""
_PRIOR: Final = 0.5
_LEAST: Final = 1e-12


def compare_agreement(answers: Answers, least: float, stage: Integers) -> Comparison:
    """Weigh whether answers agree at least as often as they have to.

    Args:
        answers: by stratum, shape (..., strata); a stratum without pairs says nothing.
        least: the limit, a fraction between 0 and 1.
        stage: index of each stratum's stage, shape (strata,).
    """
    agreeing, differing = answers.agreeing, answers.paired - answers.agreeing
    at_limit = float(np.log1p(-least) - np.log(least))
    tempering = _temper(answers, 1 - least)
    severe = average(np.cumsum(_steps(agreeing, differing, at_limit + _SEVERE_ODDS, _MORE), axis=-1))
    tolerated = restart(_steps(agreeing, differing, at_limit, _MORE), tempering)
    better = since_stage(_steps(agreeing, differing, at_limit, _FEWER), stage)
    return Comparison(
        worse=average(np.stack([severe, tolerated]), (SEVERE, 1 - SEVERE)),
        not_worse=average(better / tempering),
        tempering=tempering,
    )


def _temper(answers: Answers, limit: float) -> Floats:
    """Return by how much more the minutes differ than chance explains, at the rate of differing that was seen by then."""
    differing = answers.paired - answers.agreeing
    seen, pairs = np.cumsum(differing, axis=-1), np.cumsum(answers.paired, axis=-1)
    rate = (seen + _PAIRS_ASSUMED * limit) / (pairs + _PAIRS_ASSUMED)
    return temper(differing - answers.paired * rate, answers.paired * rate * (1 - rate), _NOISE_VARIANCE)


def pairs_to_pass(least: float, risk: float) -> float:
    """Return how many pairs pass the limit if every one of them agrees; the noise that is assumed at first is left out."""
    return (np.log(1 / risk) + np.log(len(_FEWER))) / -np.log(least)


def _steps(agreeing: Floats, differing: Floats, null: float, tilts: Floats) -> Floats:
    """Return log likelihood ratios of alternatives to a null, both in log odds of differing, shape (tilts, ..., strata)."""
    odds = null + tilts.reshape(-1, *[1] * agreeing.ndim)
    rises = np.logaddexp(0, null) - np.logaddexp(0, odds)
    return agreeing * rises + differing * (rises + odds - null)


def agreement_interval(agreeing: float, paired: float, tempering: float, risk: float) -> tuple[float, float]:
    """Return which rates of agreeing are not ruled out, however often one has looked: a beta-binomial confidence sequence (Robbins 1970).

    Args:
        agreeing: pairs that agree.
        paired: all pairs.
        tempering: what the evidence is divided by.
        risk: of the true rate lying outside.
    """
    if not paired:
        return 0.0, 1.0
    differing = paired - agreeing
    mixture = float(betaln(_PRIOR + agreeing, _PRIOR + differing) - betaln(_PRIOR, _PRIOR))
    most, middle = float(np.log(1 / risk)), agreeing / paired

    def excess(rate: float) -> float:
        likelihood = agreeing * np.log(rate) + differing * np.log1p(-rate)
        return float(mixture - likelihood) / tempering - most

    inside = min(max(middle, _LEAST), 1 - _LEAST)
    return _crossing(excess, _LEAST, inside, 0.0), _crossing(excess, 1 - _LEAST, inside, 1.0)


def _crossing(excess: Callable[[float], float], end: float, inside: float, otherwise: float) -> float:
    """Return the rate between the likeliest one and an end from which on the evidence suffices; ``otherwise`` where there is none."""
    return float(brentq(excess, end, inside)) if excess(end) > 0 >= excess(inside) else otherwise
