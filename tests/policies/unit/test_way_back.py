"""The way back where something is in its way: what is sent without sight of the endpoint, and when the switch may act."""

from datetime import timedelta

import pytest

from policies.commands import ApplyConfig, Command, CommandResult, SetShares
from policies.decide import decide
from policies.facts import Endpoint
from policies.lifecycle import Outcome, Phase, Placement, State, begin, enter, record_intent, record_result, turn_back
from policies.observation import Metrics, Observation, Signal, Unavailable
from policies.operations import follow
from policies.plan import Plan
from policies.returning import return_unseen
from policies.safeguards import may_extend
from policies.verdict import Answer, GateVerdict
from tests.policies.building import BASELINE, CANDIDATE, START, make_endpoint, make_rollout

PLAN = make_rollout()
BESIDE, SOON = PLAN.side_by_side.name, START + timedelta(seconds=20)
SHIFT = SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(5))
BACK = SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(0), unseen=True)
PROMOTE = ApplyConfig(endpoint=PLAN.endpoint, config=PLAN.promoted.name, replaces=BESIDE)
BLIND = Observation(Unavailable("denied"))


def at(share: float, phase: Phase = Phase.BAKING) -> State:
    """A rollout that last read the candidate back at a share."""
    placement = Placement(config=BESIDE, shares=PLAN.split(share))
    return enter(begin(PLAN), phase, START).model_copy(update={"placement": placement, "switch": "armed"})


def accepted(state: State, command: Command) -> State:
    """The state once AWS has accepted a command."""
    return record_result(state, command, CommandResult(status="accepted"), START)


def live(share: float) -> Endpoint:
    """The endpoint with both variants."""
    return make_endpoint(BESIDE, PLAN.split(share), {BASELINE: 4, CANDIDATE: 1})


def failing(plan: Plan, state: State, metrics: Metrics | Unavailable) -> tuple[GateVerdict, ...]:
    """Every gate fails."""
    del plan, state, metrics
    return (GateVerdict(gate="errors", verdict=Answer.FAIL, sentence="as the test says"),)


@pytest.mark.parametrize(
    "state",
    [
        at(5),
        at(0.5),
        accepted(at(0, Phase.SHIFTING), SHIFT),
        record_intent(at(0, Phase.SHIFTING), SHIFT, START),
        accepted(at(0, Phase.PROMOTING), PROMOTE),
    ],
    ids=["has traffic", "has a little", "gets some", "may get some", "gets all"],
)
def test_whatever_may_give_the_candidate_traffic_is_taken_back_unseen(state):
    """Not only what was read back counts; and while it may have traffic, the switch is left to act."""
    decision = decide(PLAN, turn_back(state, Outcome.ABORTED, "as the test says", START), BLIND, SOON)

    assert decision.commands == (BACK,)
    assert not may_extend(PLAN, decision.state)


@pytest.mark.parametrize(
    "state",
    [
        begin(PLAN),
        at(0),
        at(5).model_copy(update={"taken_over": True}),
        at(5).model_copy(update={"failures": {"earlier": 1}}),
    ],
    ids=["never beside", "no traffic", "taken over", "a person was called"],
)
def test_what_is_not_this_rollouts_is_not_touched_unseen(state):
    """Nothing is sent where the candidate has no traffic, or where somebody else may have set the endpoint up."""
    assert return_unseen(PLAN, state) == ()


def test_an_accepted_return_is_not_sent_again_unseen():
    """One answer is enough: every further change would keep the endpoint busy."""
    back = turn_back(at(5), Outcome.ABORTED, "as the test says", START)
    assert return_unseen(PLAN, accepted(back, BACK)) == ()


def test_refused_weights_are_followed_by_the_old_configuration_unseen():
    """There is a second way without sight, too."""
    back = turn_back(at(5), Outcome.ABORTED, "as the test says", START)
    refused = record_result(back, BACK, CommandResult(status="refused", message="denied"), START)
    (command,) = return_unseen(PLAN, refused)
    assert (command.kind, command.config, command.unseen) == ("apply_config", PLAN.original.name, True)


@pytest.mark.parametrize(
    ("drift", "taken_over", "phase"), [("tags", False, Phase.ROLLING_BACK), ("moved", True, Phase.BAKING)]
)
def test_a_candidate_that_fails_unseen_goes_back_unless_somebody_has_taken_over(drift, taken_over, phase):
    """A change of tags is no reason to keep a failing candidate; a changed configuration is a reason to touch nothing."""
    held = at(50).model_copy(update={"drift": drift, "taken_over": taken_over})
    assert decide(PLAN, held, BLIND, SOON, failing).state.phase is phase


@pytest.mark.parametrize(
    ("taken_over", "phase", "outcome"),
    [(False, Phase.ROLLING_BACK, Outcome.INCONCLUSIVE), (True, Phase.CLEANING, Outcome.ABORTED)],
)
def test_at_the_deadline_a_drift_that_cannot_be_looked_at_ends_the_rollout(taken_over, phase, outcome):
    """What is still this rollout's goes back; what somebody else has taken over is left to them."""
    drifted = at(50).model_copy(update={"drift": "somebody did it", "taken_over": taken_over})
    deadline = START + PLAN.policy.deadline
    assert decide(PLAN, drifted, BLIND, deadline).state.phase is Phase.BAKING
    ended = decide(PLAN, drifted, BLIND, deadline + timedelta(seconds=1)).state
    assert ended.ending is not None
    assert (ended.phase, ended.ending.outcome) == (phase, outcome)
    assert ended.ending.reason.startswith("somebody did it")


@pytest.mark.parametrize(
    ("state", "failures", "may"),
    [
        (at(5), {}, True),
        (at(5, Phase.PROMOTING), {"apply_config": 1}, True),
        (at(5, Phase.ROLLING_BACK), {}, True),
        (at(5, Phase.ROLLING_BACK), {"set_shares": 1}, False),
        (at(0, Phase.ROLLING_BACK), {"set_shares": 1}, True),
    ],
)
def test_the_switch_may_act_where_a_way_back_fails_while_the_candidate_has_traffic(state, failures, may):
    """On the way up it must not, nor on a way back that goes well, nor when nothing is left to bring back."""
    assert may_extend(PLAN, state.model_copy(update={"failures": failures})) is may


@pytest.mark.parametrize("verb", [None, "promote_now"])
def test_a_shift_that_was_put_back_is_not_made_again(verb):
    """Neither at the next look, nor as a promotion, though a person asks for that in the same moment."""
    shifting = accepted(at(0, Phase.SHIFTING), SHIFT)
    returning = live(5).model_copy(
        update={
            "status": "Updating",
            "variants": tuple(
                each.model_copy(update={"wanted_share": PLAN.split(0)[each.name]}) for each in live(5).variants
            ),
        }
    )
    signals = (Signal(verb=verb, reason="because", by="kim", id="1"),) if verb else ()

    first = decide(PLAN, shifting, Observation(returning, signals=signals), SOON)
    second = decide(PLAN, first.state, Observation(live(0)), SOON + timedelta(seconds=15))

    assert first.commands == ()
    assert second.state.phase is Phase.ROLLING_BACK
    assert not any(isinstance(each, SetShares) and each.shares != PLAN.split(0) for each in second.commands)


def test_promoting_now_does_not_take_an_undone_shift_for_a_failed_promotion():
    """The shift was ordered before, so its failure is not the promotion's."""
    promoting = enter(accepted(at(0, Phase.SHIFTING), SHIFT), Phase.PROMOTING, SOON)
    followed = follow(PLAN, promoting, live(0), SOON + PLAN.policy.timeouts.settle)
    assert followed.setback_kind == "refused"
    assert followed.failures == {}


def test_a_return_is_counted_as_failed_whoever_took_the_traffic_before():
    """After the switch has acted, the placement is what it left: a configuration that AWS takes back is a failure all the same."""
    back = turn_back(at(50), Outcome.ROLLED_BACK, "as the test says", START)
    first = decide(PLAN, back, Observation(live(0)), START)
    state = first.state
    for command in first.commands:
        state = record_result(record_intent(state, command, START), command, CommandResult(status="accepted"), START)
    later = decide(PLAN, state, Observation(live(0)), SOON + PLAN.policy.timeouts.settle)
    assert later.state.failures.get("apply_config")
