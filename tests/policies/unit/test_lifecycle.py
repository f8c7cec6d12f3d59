"""What one look hands to the next: when a stage's minutes end, and what the candidate gets."""

from datetime import timedelta

import pytest

from policies.lifecycle import (
    Outcome,
    Phase,
    Placement,
    begin,
    candidate_share,
    close_window,
    enter,
    open_window,
    turn_back,
)
from policies.loading import parse_policy
from tests.policies.building import MINUTE, START, make_rollout

PLAN = make_rollout()
GUARDED = make_rollout(parse_policy({"strategy": "guardrail", "stages": [{"share": 100, "bake": "5m"}]}))
BAKING = open_window(enter(begin(PLAN), Phase.BAKING, START), 5, START)
NOW = START + 5 * MINUTE


def test_the_minutes_of_a_stage_end_once() -> None:
    """What happens after a stage is no evidence for it, however often its end is noted: by a drift, then by the way back."""
    held = close_window(BAKING, NOW)
    back = turn_back(held, Outcome.ABORTED, "as the test says", NOW + timedelta(hours=1))
    assert [window.end for window in back.windows] == [NOW]


def test_minutes_of_a_later_stage_leave_those_of_the_earlier_alone() -> None:
    """Each stage has its own stretch of time."""
    second = open_window(close_window(BAKING, NOW).model_copy(update={"stage": 1}), 50, NOW + MINUTE)
    windows = close_window(second, NOW + 2 * MINUTE).windows
    assert [(each.stage, each.share, each.start, each.end) for each in windows] == [
        (0, 5, START, NOW),
        (1, 50, NOW + MINUTE, NOW + 2 * MINUTE),
    ]


def test_there_is_nothing_to_end_before_the_first_stage() -> None:
    """A rollout that is taken back before it gave any traffic has no minutes."""
    assert close_window(begin(PLAN), NOW) == begin(PLAN)


@pytest.mark.parametrize(
    ("config", "share", "told"),
    [(PLAN.side_by_side, 5, 5), (PLAN.side_by_side, 0, 0), (PLAN.promoted, 0, 100), (PLAN.original, 0, 0)],
)
def test_the_candidate_gets_what_was_read_back(config, share, told) -> None:
    """By the weights where it serves beside the baseline, everything where it serves alone."""
    placement = Placement(config=config.name, shares=PLAN.split(share))
    assert candidate_share(PLAN, BAKING.model_copy(update={"placement": placement})) == told


def test_a_guarded_candidate_gets_the_share_of_the_step_that_lasts() -> None:
    """SageMaker tells no weights; once the step is over the endpoint, on its old configuration, gives the candidate nothing."""
    stepping = open_window(enter(begin(GUARDED), Phase.BAKING, START), 10, START)
    assert candidate_share(GUARDED, begin(GUARDED)) == 0
    assert candidate_share(GUARDED, stepping) == 10
    assert candidate_share(GUARDED, close_window(stepping, NOW)) == 0
