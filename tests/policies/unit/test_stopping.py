"""What keeps a candidate where it is: on a ladder of ours for as long as it lasts, in a step of SageMaker's until that is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policies.baking import bake_ends
from policies.lifecycle import Outcome, Pause, Phase, State, begin, enter
from policies.loading import parse_policy
from policies.observation import Halt, Observation, Unavailable
from policies.plan import Plan
from policies.stopping import what_stops
from tests.policies.building import START, make_rollout

OURS = make_rollout()
STEPS = [{"share": 10, "bake": "5m"}, {"share": 100, "bake": "3m"}]
GUARDED = make_rollout(parse_policy({"strategy": "guardrail", "stages": STEPS}))
SEEN = Observation(Unavailable("not looked at"), surroundings=OURS.surroundings)
HALTED = replace(SEEN, halt=Halt(since=START, reason="storm", by="kim"))
UNREADABLE = replace(SEEN, surroundings=Unavailable("throttled"))
SECOND = timedelta(seconds=1)


def baking(plan: Plan, *, paused: bool = False) -> State:
    """A stage that bakes, paused by a person or not."""
    pause = Pause(by="kim", reason="lunch", since=START) if paused else None
    return enter(begin(plan), Phase.BAKING, START).model_copy(update={"paused": pause})


@pytest.mark.parametrize("plan", [OURS, GUARDED], ids=["ours", "guarded"])
def test_nothing_stops_a_candidate_that_nothing_speaks_against(plan: Plan) -> None:
    """Neither within the bake nor after it."""
    for moment in (START, bake_ends(plan, baking(plan))):
        assert what_stops(plan, baking(plan), SEEN, moment) is None


@pytest.mark.parametrize(("paused", "seen"), [(True, SEEN), (False, HALTED)], ids=["paused", "halted"])
@pytest.mark.parametrize("plan", [OURS, GUARDED], ids=["ours", "guarded"])
def test_a_stop_holds_a_stage_and_takes_a_step_back_that_sagemaker_would_end(
    plan: Plan, seen: Observation, *, paused: bool
) -> None:
    """On our ladder nothing goes on by itself, so a stop may last. SageMaker would give the candidate more at the end of its step."""
    state = baking(plan, paused=paused)
    ends = bake_ends(plan, state)
    before, at_the_end = (what_stops(plan, state, seen, moment) for moment in (ends - SECOND, ends))
    assert before is not None
    assert at_the_end is not None
    assert (before.action, before.state, before.commands) == ("hold", state, ())
    if plan is OURS:
        assert at_the_end == before
        return
    ending = at_the_end.state.ending
    assert ending is not None
    assert (at_the_end.state.phase, at_the_end.state.since) == (Phase.ROLLING_BACK, ends)
    assert (ending.outcome, ending.at) == (Outcome.ABORTED, ends)
    assert ending.reason == f"SageMaker waits for nobody — {before.reason}"


def test_scaling_that_cannot_be_read_holds_what_this_rollout_would_change_itself() -> None:
    """A step of SageMaker's goes on without it."""
    held = what_stops(OURS, baking(OURS), UNREADABLE, START)
    assert held is not None
    assert held.reason == "cannot read the endpoint's tags and scaling: throttled"
    assert what_stops(GUARDED, baking(GUARDED), UNREADABLE, START) is None
    assert what_stops(GUARDED, begin(GUARDED), UNREADABLE, START) is not None
