"""Sticky assignment: even, the same everywhere, and moving nobody who need not move."""

import subprocess
import sys
from collections import Counter

import pytest
from scipy import stats

from rollway.assignment import assign

USERS = [f"user-{number}" for number in range(20_000)]
THREE = {"AllTraffic": 40.0, "candidate": 30.0, "candidate-2": 30.0}
FROZEN = {
    "user-0": "AllTraffic",
    "user-1": "AllTraffic",
    "user-2": "candidate-2",
    "user-3": "AllTraffic",
    "user-4": "candidate-2",
    "user-5": "candidate-2",
    "user-6": "candidate",
    "user-7": "candidate-2",
}


def deal(shares: dict[str, float], salt: str = "test-1") -> dict[str, str]:
    """The variant of every user."""
    return {user: assign(user, shares, salt, "AllTraffic") for user in USERS}


@pytest.mark.parametrize(
    "shares",
    [THREE, {"AllTraffic": 50.0, "candidate": 50.0}, {"AllTraffic": 5.0, "candidate": 0.0, "candidate-2": 95.0}],
)
def test_the_split_is_as_ordered(shares):
    """Users fall to the variants in the ordered proportion: a chi-square test (scipy) finds no deviation, and nobody gets a share of 0."""
    counts = Counter(deal(shares).values())

    served = [name for name, share in shares.items() if share]
    assert counts.keys() == set(served)
    expected = [len(USERS) * shares[name] / 100 for name in served]
    assert stats.chisquare([counts[name] for name in served], expected).pvalue > 0.001


def test_the_same_user_gets_the_same_variant_everywhere():
    """Variants frozen when this was written still hold, also in another process with another hash seed and the shares in another order."""
    assert {user: assign(user, THREE, "test-1", "AllTraffic") for user in FROZEN} == FROZEN
    code = (
        "from rollway.assignment import assign; shares = {'candidate-2': 30.0, 'candidate': 30.0, 'AllTraffic': 40.0};"
        f"print([assign(user, shares, 'test-1', 'AllTraffic') for user in {list(FROZEN)}])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str(list(FROZEN.values()))


def test_another_test_deals_anew():
    """Under another salt users meet their variants independently of the first test (chi-square of the cross table, scipy)."""
    first, second = deal(THREE), deal(THREE, "test-2")
    table = Counter((first[user], second[user]) for user in USERS)
    cells = [[table[left, right] for right in THREE] for left in THREE]
    assert stats.chi2_contingency(cells).pvalue > 0.001


@pytest.mark.parametrize(
    ("after", "moves"),
    [
        ({"AllTraffic": 70.0, "candidate": 0.0, "candidate-2": 30.0}, {("candidate", "AllTraffic")}),
        ({"AllTraffic": 70.0, "candidate": 30.0, "candidate-2": 0.0}, {("candidate-2", "AllTraffic")}),
        (
            {"AllTraffic": 10.0, "candidate": 0.0, "candidate-2": 90.0},
            {("candidate", "candidate-2"), ("AllTraffic", "candidate-2"), ("candidate", "AllTraffic")},
        ),
    ],
    ids=["first leaves", "second leaves", "second wins"],
)
def test_only_those_move_who_have_to(after, moves):
    """When a challenger leaves, only its users move, to the baseline; when one wins, none of its own users do."""
    first, second = deal(THREE), deal(after)
    assert {(first[user], second[user]) for user in USERS if first[user] != second[user]} <= moves


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"AllTraffic": 40.0, "candidate": 30.0}, "sum to 70"),
        ({"AllTraffic": 110.0, "candidate": -10.0}, "from 0 to 100"),
        ({"AllTraffic": float("nan"), "candidate": 100.0}, "from 0 to 100"),
        ({"candidate": 100.0}, "not among the shares"),
    ],
)
def test_shares_that_make_no_sense_are_refused(shares, message):
    """Nobody is assigned by shares that do not add up: the split would not be the one that is judged."""
    with pytest.raises(ValueError, match=message):
        assign("user-1", shares, "test-1", "AllTraffic")
