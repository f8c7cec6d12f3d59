"""How often an A/B test declares a winner that is none, and how often it finds the one that there is, on seeded simulated values.

As in the other calibrations, a rate is in order when its exact (Clopper-Pearson) 99.9 % lower bound is not above the risk.
"""

from typing import Literal

import numpy as np
import pytest
from scipy.stats import binomtest

from policies.gates.spec import Superiority
from policies.gates.superiority import Pairs, find
from policies.strata.arrays import Floats

RISK = 0.05
CHALLENGERS = 2
PERIODS = 120
LOOKS = range(10, PERIODS + 1, 10)
VALUES = 300


def draw(rng: np.random.Generator, level: Floats, wobble: float) -> tuple[Floats, Floats]:
    """Counts and sums of a 0/1 metric by period, whose rate wobbles by itself beyond chance."""
    counts = rng.poisson(VALUES, PERIODS).astype(float)
    rates = np.clip(level * np.exp(rng.normal(0, wobble, PERIODS)), 0, 1)
    return counts, rng.binomial(counts.astype(int), rates).astype(float)


def shows_a_winner(gate: Superiority, rng: np.random.Generator, lift: float, wobble: float) -> bool:
    """Whether any challenger is shown to be better than the shared baseline, at any look that the gate takes."""
    level = 0.1 * np.exp(0.2 * np.sin(np.arange(PERIODS) / 8))  # the time of day, for all arms alike
    base = draw(rng, level, wobble)
    challengers = [draw(rng, level * (1 + lift), wobble) for _ in range(CHALLENGERS)]
    looks = LOOKS if gate.looks == "any" else [PERIODS]
    return any(_is_shown(gate, challenger, base, until) for challenger in challengers for until in looks)


def _is_shown(gate: Superiority, challenger: tuple[Floats, Floats], base: tuple[Floats, Floats], until: int) -> bool:
    arms = {"candidate": challenger, "baseline": base}
    counts, totals = ({arm: each[part][:until] for arm, each in arms.items()} for part in (0, 1))
    finding = find(gate, Pairs(totals, counts, counts))
    assert finding is not None
    if finding.e_value is not None:
        return finding.e_value >= 1 / gate.risk
    assert finding.p_value is not None
    return finding.p_value <= gate.risk


def count_winners(looks: Literal["any", "once"], runs: int, lift: float, wobble: float) -> int:
    gate = Superiority(
        metric="Purchase", namespace="Shop", better_by="0%", looks=looks, risk=f"{100 * RISK / CHALLENGERS}%"
    )
    rng = np.random.default_rng(20261123)
    return sum(shows_a_winner(gate, rng, lift, wobble) for _ in range(runs))


@pytest.mark.parametrize(("looks", "runs"), [("any", 120), ("once", 400)])
@pytest.mark.parametrize("wobble", [0.0, 0.3])
def test_where_all_are_alike_nobody_wins(looks, runs, wobble):
    """A/A/A: both challengers and all looks together declare a winner no more often than the risk, also where periods wobble."""
    events = count_winners(looks, runs, 0.0, wobble)
    low = binomtest(events, runs).proportion_ci(0.998, method="exact").low
    assert low <= RISK, f"{events} of {runs} runs, {RISK:.0%} are allowed"


@pytest.mark.parametrize("looks", ["any", "once"])
def test_a_tenth_more_is_found(looks):
    """36,000 values an arm at a rate of a tenth show a tenth more in most tests: an honest test is not a blind one."""
    assert count_winners(looks, 40, 0.1, 0.0) > 24
