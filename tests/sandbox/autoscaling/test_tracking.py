"""What one target tracking policy wants of a variant's load, and several together."""

import pytest

from rollway.sandbox.autoscaling.tracking import agree, wanted_count

QUIET = [100.0] * 12


@pytest.mark.parametrize(
    ("loads", "wanted"),
    [
        ([*QUIET, 201.0, 201.0, 201.0], 3),
        ([*QUIET, 950.0, 201.0, 230.0], 10),
        ([*QUIET, 200.0, 201.0, 201.0], None),
        ([*QUIET, 201.0, None, 201.0], None),
        ([201.0, 201.0, 201.0], 3),
        ([201.0, 201.0], None),
        ([179.0] * 15, None),
        ([99.0] * 15, 1),
        ([*([99.0] * 14), 100.5], None),
        ([*([99.0] * 14), 180.0], None),
        ([None, *([99.0] * 14)], None),
        ([99.0] * 14, None),
    ],
)
def test_what_two_instances_with_a_target_of_100_want(loads: list[float | None], wanted: int | None) -> None:
    """Three minutes above, or fifteen below 90 %, and none of them unknown; the oracle is arithmetic: ceil(busiest / 100)."""
    assert wanted_count(loads, 2, 100.0) == wanted


@pytest.mark.parametrize("loads", [[0.0] * 15, [0.0] * 40])
def test_an_idle_variant_wants_none(loads: list[float]) -> None:
    """Without calls a policy wants to scale in all the way; the target's minimum stops it."""
    assert wanted_count(loads, 2, 100.0) == 0


@pytest.mark.parametrize(
    ("votes", "wanted"),
    [([3, 5], 5), ([3, 1], 3), ([None, 4], 4), ([1, 1], 1), ([0, 1], 1), ([1, None], None), ([None], None), ([], None)],
)
def test_policies_agree_on_the_larger_capacity(votes: list[int | None], wanted: int | None) -> None:
    """One policy is enough to scale out, all must want it to scale in, and the largest capacity wins."""
    assert agree(votes, 2) == wanted
