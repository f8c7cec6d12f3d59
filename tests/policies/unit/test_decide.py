"""What a look changes of what the rollout believes, and what it tells, beside the stories in ``golden``."""

from dataclasses import replace

import pytest

from policies.commands import SetShares
from policies.decide import decide
from policies.lifecycle import Operation, Outcome, Pause, Phase, Placement, State, begin, enter, open_window
from policies.observation import Halt, Metrics, Observation, Unavailable
from policies.plan import Plan
from policies.values import format_duration
from policies.verdict import Answer, GateVerdict
from tests.policies.building import BASELINE, CANDIDATE, MINUTE, START, make_endpoint, make_rollout

PLAN = make_rollout()
BESIDE, COUNTS = PLAN.side_by_side.name, {BASELINE: 4, CANDIDATE: 1}


def test_an_endpoint_at_work_is_not_taken_for_what_the_rollout_wanted() -> None:
    """Whoever deploys just then may yet be taken back by AWS: only an endpoint at rest shows that a shift has been carried out."""
    placement = Placement(config=BESIDE, shares=PLAN.split(0))
    shifting = enter(begin(PLAN), Phase.SHIFTING, START).model_copy(update={"placement": placement, "switch": "armed"})
    moving = make_endpoint(BESIDE, PLAN.split(5), COUNTS, status="Updating", pending_config="foreign")

    seen = decide(PLAN, shifting, Observation(moving, surroundings=PLAN.surroundings), START + MINUTE).state
    after = make_endpoint(BESIDE, PLAN.split(0), COUNTS)
    then = decide(PLAN, seen, Observation(after, surroundings=PLAN.surroundings), START + 2 * MINUTE)

    assert seen.placement == placement
    assert then.state.drift is None
    assert [each for each in then.commands if isinstance(each, SetShares)] == [
        SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(5))
    ]


BAKING = open_window(enter(begin(PLAN), Phase.BAKING, START), 5, START).model_copy(
    update={"placement": Placement(config=BESIDE, shares=PLAN.split(5)), "switch": "armed"}
)
SEEN = Observation(make_endpoint(BESIDE, PLAN.split(5), COUNTS), surroundings=PLAN.surroundings)
SCALED = make_endpoint(BESIDE, PLAN.split(5), COUNTS | {CANDIDATE: 3})
SAID = (GateVerdict(gate="errors", verdict=Answer.INCONCLUSIVE, sentence="as the test says"),)


def undecided(plan: Plan, state: State, metrics: Metrics | Unavailable) -> tuple[GateVerdict, ...]:
    """One gate cannot tell."""
    del plan, state, metrics
    return SAID


@pytest.mark.parametrize(
    ("state", "seen", "action"),
    [
        (BAKING, SEEN, "wait"),
        (BAKING.model_copy(update={"paused": Pause(by="kim", reason="lunch", since=START)}), SEEN, "hold"),
        (BAKING, replace(SEEN, halt=Halt(since=START, reason="storm", by="kim")), "hold"),
        (BAKING, replace(SEEN, surroundings=Unavailable("throttled")), "hold"),
        (BAKING, replace(SEEN, endpoint=SCALED), "hold"),
        (enter(BAKING, Phase.SHIFTING, START), replace(SEEN, endpoint=SCALED), "hold"),
    ],
    ids=["baking", "paused", "halted", "scaling not readable", "scaled", "scaled while shifting"],
)
def test_whatever_holds_a_rollout_what_the_gates_say_is_told(state: State, seen: Observation, action: str) -> None:
    """Who has to decide about a held rollout sees how its candidate does meanwhile."""
    decision = decide(PLAN, state, seen, START + MINUTE, undecided)
    assert (decision.action, decision.verdicts) == (action, SAID)


SHIFT = Operation(command=SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(5)), since=START + PLAN.policy.deadline)
MOVING = BAKING.model_copy(update={"operation": SHIFT})
UPDATING = make_endpoint(BESIDE, PLAN.split(5), COUNTS, status="Updating")
BLIND = replace(SEEN, endpoint=Unavailable("throttled"))


@pytest.mark.parametrize(
    ("state", "seen", "told"),
    [
        (BAKING, SEEN, "sample: not judged yet; split: not judged yet"),
        (BAKING.model_copy(update={"paused": Pause(by="kim", reason="lunch", since=START)}), SEEN, "paused by kim"),
        (BAKING, replace(SEEN, halt=Halt(since=START, reason="storm", by="kim")), "every rollout is halted"),
        (BAKING, BLIND, "cannot read the endpoint: throttled"),
        (
            MOVING,
            BLIND,
            "cannot read the endpoint: throttled; AWS accepted the shift to AllTraffic 95 %, candidate 5 %",
        ),
        (
            MOVING,
            replace(SEEN, endpoint=UPDATING),
            "AWS has been at work on the shift to AllTraffic 95 %, candidate 5 %",
        ),
    ],
    ids=["a gate", "a pause", "a halt", "no sight", "no sight of a shift", "a shift"],
)
def test_at_the_deadline_it_is_told_what_was_in_the_way(state: State, seen: Observation, told: str) -> None:
    """A person who reads the outcome need not look for what kept the rollout from going on."""
    ended = decide(PLAN, state, seen, START + PLAN.policy.deadline + MINUTE, undecided).state
    assert ended.ending is not None
    assert ended.ending.outcome is Outcome.INCONCLUSIVE
    assert (
        f"the deadline of {format_duration(PLAN.policy.deadline)} passed in phase baking; in the way: {told}"
        in ended.ending.reason
    )
