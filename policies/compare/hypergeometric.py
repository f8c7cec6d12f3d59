"""The law of the candidate's failures in a stratum, given both arms' requests and the failures of both together.

When failures ignore the arm it is the hypergeometric law; when the odds differ by a factor, Fisher's noncentral one, the same law tilted.
The stratum's own failure rate has dropped out, so an outage that hits both arms changes nothing.
"""

from typing import Final

import numpy as np
from scipy.special import gammaln

from policies.strata.arrays import Arms, Floats


def cumulant(tilts: Floats, requests: Arms, failures: Arms) -> Floats:
    """Return ``ln E exp(tilt · X)``, X the candidate's failures when failures ignore the arm.

    Summed term by term up to 511 terms; beyond, by Laplace's method, off by less than 0.005 for odds ratios up to 10.

    Args:
        tilts: log odds ratios, shape (tilts, ...): an axis of its own before whatever broadcasts against the counts.
        requests: requests of both arms.
        failures: failures of both arms; only their sum matters.
    """
    shape = (len(tilts), *np.broadcast_shapes(tilts.shape[1:], requests.candidate.shape, failures.candidate.shape))
    drawn, other, marked = (
        np.broadcast_to(values, shape[1:]).ravel() for values in (requests.candidate, requests.baseline, failures.total)
    )
    tilts = np.broadcast_to(tilts, shape).reshape(len(tilts), -1)
    certain = np.minimum(drawn, marked)
    terms = certain - np.maximum(0.0, marked - other)
    # All or none of one arm's requests failed: the candidate's failures follow from the total.
    result = np.where(terms == 0, tilts * certain, 0.0)
    method = np.where(terms > 0, np.searchsorted(_MOST_TERMS, terms), -1)
    for index in np.unique(method[terms > 0]):
        chosen = np.flatnonzero(method == index)
        for piece in np.split(chosen, range(_PIECE, len(chosen), _PIECE)):
            result[:, piece] = _METHODS[index](tilts[:, piece], drawn[piece], other[piece], marked[piece])
    return result.reshape(shape)


def _probabilities(drawn: Floats, other: Floats, marked: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the least number of failures, how many more there can be, and their log probabilities, one row a number."""
    least = np.maximum(0.0, marked - other)
    steps = np.arange(float((np.minimum(drawn, marked) - least).max()) + 1)[:, None]
    counts = least + steps[:-1]
    # From one number of failures to the next; beyond the greatest a factor is 0, and its logarithm stays -inf from there on.
    growth = (
        np.maximum(drawn - counts, 0) * np.maximum(marked - counts, 0) / ((counts + 1) * (other - marked + counts + 1))
    )
    first = _log_choose(drawn, least) + _log_choose(other, marked - least) - _log_choose(drawn + other, marked)
    with np.errstate(divide="ignore"):
        return least, steps, np.cumsum(np.concatenate([first[None], np.log(growth)]), axis=0)


def _evaluate(tilts: Floats, drawn: Floats, other: Floats, marked: Floats) -> Floats:
    """Evaluate the probability generating function as a polynomial, by Estrin's scheme: fast while no power can overflow."""
    least, _, logs = _probabilities(drawn, other, marked)
    rows = 2 ** int(len(logs) - 1).bit_length()
    sums = np.exp(np.pad(logs, [(0, rows - len(logs)), (0, 0)], constant_values=-np.inf))[None]
    power = np.exp(tilts)[:, None]
    while sums.shape[1] > 1:
        sums, power = sums[:, ::2] + power * sums[:, 1::2], power**2
    return np.log(sums[:, 0]) + tilts * least


def _sum_logs(tilts: Floats, drawn: Floats, other: Floats, marked: Floats) -> Floats:
    """Sum the same polynomial in logarithms, term after term: the order in which numpy sums depends on how many strata there are."""
    least, steps, logs = _probabilities(drawn, other, marked)
    terms = logs + tilts[:, None] * steps
    peak = terms.max(axis=1, keepdims=True)
    total = np.add.accumulate(np.exp(terms - peak), axis=1)[:, -1]
    return np.log(total) + peak[:, 0] + tilts * least


def _approximate(tilts: Floats, drawn: Floats, other: Floats, marked: Floats) -> Floats:
    """Laplace's approximation of the tilted sum over that of the plain one."""
    plain = _log_peak(np.zeros_like(drawn), drawn, other, marked)
    return _log_peak(tilts, drawn, other, marked) - plain


def _log_peak(tilts: Floats, drawn: Floats, other: Floats, marked: Floats) -> Floats:
    odds = np.exp(tilts)
    linear = (drawn + marked) * odds + other - marked
    product = drawn * marked * odds
    mode = 2 * product / (linear + np.sqrt(linear**2 - 4 * (odds - 1) * product))
    cells = np.stack([mode, drawn - mode, marked - mode, other - marked + mode])
    return tilts * mode - gammaln(cells + 1).sum(axis=0) - 0.5 * np.log((1 / (cells + 0.5)).sum(axis=0))


def _log_choose(many: Floats, few: Floats) -> Floats:
    return gammaln(many + 1) - gammaln(few + 1) - gammaln(many - few + 1)


_MOST_TERMS: Final = (7.0, 31.0, 127.0, 511.0)
_METHODS: Final = (_evaluate, _evaluate, _sum_logs, _sum_logs, _approximate)
"""How a stratum is summed up, by how many terms it has; in classes, so that one large stratum does not slow down all small ones."""
_PIECE: Final = 1024
"""Strata that are worked out together, to bound memory."""
