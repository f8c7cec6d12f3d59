"""How much of alpha may be spent by the time a share of the information is in (Lan and DeMets, Biometrika 70, 1983).

A spending function takes the share of the planned information, from 0 to 1, and one-sided alpha, and returns the chance of a false claim
spent so far: nothing at the start, all of alpha at the end.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

from scipy.stats import norm

Spending: TypeAlias = Callable[[float, float], float]


def spend_obrien_fleming(share: float, alpha: float) -> float:
    """Spend next to nothing early: 2 - 2 Phi(z(1 - alpha/2) / sqrt(share)), close to O'Brien and Fleming's boundaries."""
    if share == 0:
        return 0.0
    return 2 * float(norm.sf(norm.isf(alpha / 2) / math.sqrt(share)))


def spend_pocock(share: float, alpha: float) -> float:
    """Spend about as readily at every look: alpha ln(1 + (e - 1) share), close to Pocock's boundaries."""
    return alpha * math.log1p((math.e - 1) * share)


def spend_power(exponent: float) -> Spending:
    """Spend alpha share^exponent (Kim and DeMets, Biometrika 74, 1987); the larger the exponent, the later.

    Raises:
        ValueError: when the exponent is not positive.
    """
    if not exponent > 0:
        raise ValueError(f"the exponent is {exponent}; write a number above 0, for example 2")

    def spend(share: float, alpha: float) -> float:
        """Spend alpha share^exponent."""
        return alpha * share**exponent

    return spend
