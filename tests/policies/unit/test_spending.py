"""Group-sequential boundaries, against published tables."""

import math

import numpy as np
import pytest
from scipy import stats

from policies.compare.sequential.boundary import GroupSequential, plan_bounds
from policies.compare.sequential.crossing import cross
from policies.compare.sequential.spending import Spending, spend_obrien_fleming, spend_pocock, spend_power

FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
LAN_DEMETS = [
    (spend_obrien_fleming, (4.8769, 3.3569, 2.6803, 2.2898, 2.0310), (4.878, 3.3575, 2.6806, 2.2901, 2.0314)),
    (spend_pocock, (2.4380, 2.4268, 2.4101, 2.3966, 2.3859), (2.439, 2.4275, 2.4108, 2.3972, 2.3865)),
]
"""One-sided 2.5 %, five equal looks: published table, and an earlier recursion on a coarser grid."""
POWER_FAMILY = [
    (1, (2.3263, 2.2193, 2.1201, 2.0331, 1.9559)),
    (2, (2.8782, 2.4702, 2.2009, 1.9818, 1.7902)),
    (3, (3.3528, 2.7525, 2.3503, 2.0189, 1.7223)),
]
"""One-sided 5 %, five equal looks, from spotify-confidence 4.1.0."""
FUNCTIONS = [spend_obrien_fleming, spend_pocock, spend_power(1), spend_power(2.5)]


@pytest.mark.parametrize("spend", FUNCTIONS)
def test_all_of_alpha_is_spent_at_the_end(spend: Spending) -> None:
    """Spending starts at nothing, never goes back, and ends at alpha."""
    spent = [spend(share, 0.03) for share in np.linspace(0, 1, 21)]
    assert (spent[0], spent[-1]) == pytest.approx((0, 0.03))
    assert spent == sorted(spent)


@pytest.mark.parametrize(("spend", "table", "coarse"), LAN_DEMETS)
def test_lan_and_demets_table_is_reproduced(
    spend: Spending, table: tuple[float, ...], coarse: tuple[float, ...]
) -> None:
    """Bounds are the standard table's to 2e-4, and those of the coarser recursion to 2e-3 and so between them."""
    bounds = plan_bounds(FIFTHS, GroupSequential(0.025, 1, spend))
    assert bounds == pytest.approx(table, abs=2e-4)
    assert bounds == pytest.approx(coarse, abs=2e-3)


@pytest.mark.parametrize(("exponent", "table"), POWER_FAMILY)
def test_the_power_family_is_reproduced(exponent: float, table: tuple[float, ...]) -> None:
    """Bounds are those of an independent package to 2e-4."""
    assert plan_bounds(FIFTHS, GroupSequential(0.05, 1, spend_power(exponent))) == pytest.approx(table, abs=2e-4)


@pytest.mark.parametrize("spend", FUNCTIONS)
@pytest.mark.parametrize("sides", [1, 2])
def test_looks_at_odd_times_spend_what_was_promised(spend: Spending, sides: int) -> None:
    """At each of uneven looks the chance of a first crossing is what the spending function allows (oracle: the crossing recursion)."""
    times = (0.13, 0.15, 0.5, 0.51, 0.97, 1.0)
    bounds = plan_bounds(times, GroupSequential(0.05, sides, spend))
    up, down = cross(times, bounds, [-bound for bound in bounds] if sides == 2 else None)
    spent = [sides * spend(time, 0.05 / sides) for time in times]
    np.testing.assert_allclose(np.cumsum(up + down), spent, atol=1e-8)


def test_one_look_is_the_plain_test() -> None:
    """A single look at the end has the fixed-horizon bound (oracle: scipy's normal quantile)."""
    assert plan_bounds((1.0,), GroupSequential(0.05, 2)) == pytest.approx((stats.norm.isf(0.025),))


def test_next_to_nothing_is_not_spent() -> None:
    """A look too early for any bound cannot claim, and keeps what it had for later."""
    design = GroupSequential(0.05, 2).look(0.01, 30)
    assert (design.looks[0].bound, design.looks[0].spent, design.is_over) == (math.inf, 0, False)
    assert design.bound(1.0) == pytest.approx(stats.norm.isf(0.025))


@pytest.mark.parametrize(
    ("sides", "z", "crossed"), [(1, 2.5, True), (1, -9.0, False), (2, -2.7, True), (2, 2.0, False)]
)
def test_a_claim_ends_the_test(sides: int, z: float, crossed: bool) -> None:  # noqa: FBT001 - a column of the table above
    """A z-value beyond the bound, on a side that counts, is a claim and the end."""
    design = GroupSequential(0.05, sides, spend_pocock).look(0.5, z)
    assert (design.looks[-1].crossed, design.is_over) == (crossed, crossed)
    if crossed:
        with pytest.raises(ValueError, match="its bound was crossed"):
            design.look(0.9, 0)


def test_an_overshot_plan_keeps_alpha() -> None:
    """A last look at 130 % of the plan spends just what was left, and is the last (oracle: the crossing recursion)."""
    design = GroupSequential(0.05, 1, spend_power(2)).look(0.5, 0).look(0.9, 0).look(1.3, 0)
    up, _ = cross([look.information for look in design.looks], [look.bound for look in design.looks])
    assert up.sum() == pytest.approx(0.05, abs=1e-8)
    with pytest.raises(ValueError, match="all of alpha was spent"):
        design.look(1.4, 0)


@pytest.mark.parametrize("information", [-1.0, 0.0, 0.4, 0.3, math.nan, math.inf])
def test_a_look_must_add_information(information: float) -> None:
    """The same data twice, or fewer, are no second look."""
    with pytest.raises(ValueError, match="each look must add"):
        GroupSequential(0.05, 2, spend_pocock).look(0.4, 0).bound(information)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: GroupSequential(5), "alpha is 5"),
        (lambda: GroupSequential(0.05, 3), "sides 3"),
        (lambda: spend_power(0), "exponent is 0"),
        (lambda: GroupSequential().look(0.5, math.nan), "not a number"),
    ],
)
def test_nonsense_is_refused(mistake, message: str) -> None:
    """A risk, side, exponent or z-value that makes no sense is named."""
    with pytest.raises(ValueError, match=message):
        mistake()
