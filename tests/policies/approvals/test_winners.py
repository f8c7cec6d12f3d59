"""An A/B test that asks: a person approves one winner and no other, and a proposed winner is not given up for a look that tells nothing."""

from policies.approvals.answering import address
from policies.approvals.waiting import who_waits
from policies.baking import needed_gates
from policies.experiment import Judged, compete, competition_ends
from policies.heeding import heed
from policies.lifecycle import Phase, State, begin, enter, open_window
from policies.observation import Signal
from policies.plan import Plan
from policies.verdict import Answer, GateVerdict
from tests.policies.building import MINUTE, START, make_policy, make_rollout

METRIC = {"gates": {"purchases": {"metric": "Purchase", "namespace": "Shop", "better_by": "0%"}}}
STAGES = [{"share": 30, "bake": "5m", "approval": True}]
PLAN = make_rollout(make_policy(strategy="ab_test", stages=STAGES, keep_control=False, **METRIC), rivals=("fraud-v8",))
BAKING = open_window(enter(begin(PLAN), Phase.BAKING, START), 30, START)
ENDS = competition_ends(PLAN, BAKING)
LATE = ENDS + PLAN.policy.extend_at_most + 3 * PLAN.policy.metrics.period


def judged(plan: Plan, *effects: float | None) -> Judged:
    """Every gate passed by each challenger, with such an effect; None for one whose metrics cannot be read."""
    return {
        each.variant: tuple(verdicts_of(plan, effect)) for each, effect in zip(plan.challengers, effects, strict=True)
    }


def verdicts_of(plan: Plan, effect: float | None) -> list[GateVerdict]:
    """The verdicts of one duel."""
    needed = sorted(needed_gates(plan, BAKING))
    if effect is None:
        lost = {"verdict": Answer.INCONCLUSIVE, "sentence": "cannot read", "reason": "metrics_unavailable"}
        return [GateVerdict.model_validate({"gate": gate} | lost) for gate in needed]
    return [GateVerdict(gate=gate, verdict=Answer.PASS, sentence="passed", estimate=effect) for gate in needed]


def asked() -> State:
    """The state in which fraud-v7 is proposed."""
    decision = compete(PLAN, BAKING, judged(PLAN, 1.2, 1.1), ENDS)
    assert decision.awaits == "approval"
    return decision.state


def approve(state: State) -> Signal:
    """An approval of what is asked in a state."""
    return address(PLAN, state, Signal(verb="approve", reason="this one", by="kim")).model_copy(update={"id": "1"})


def test_who_was_approved_wins_though_another_leads_by_then() -> None:
    """The lead may change from look to look; the winner is the one that the person was asked about."""
    state = asked()
    assert who_waits(PLAN, state) == "fraud-v7"
    crowned = compete(PLAN, heed(state, (approve(state),), ENDS + MINUTE), judged(PLAN, 1.1, 1.2), ENDS + MINUTE)
    assert crowned.state.winner == PLAN.candidate.variant
    assert "fraud-v7 wins" in crowned.reason
    assert "approved by kim: this one" in crowned.reason


def test_where_another_is_proposed_the_approval_of_the_first_is_none() -> None:
    """The proposed winner fails to pass while another one does: a person is asked again, and an answer on its way counts for nothing."""
    state = asked()
    answer = approve(state)
    for before in (state, heed(state, (answer,), ENDS)):
        again = compete(PLAN, before, judged(PLAN, None, 1.2), ENDS + MINUTE)
        assert again.awaits == "approval"
        assert who_waits(PLAN, again.state) == "fraud-v8"
        assert heed(again.state, (answer,), ENDS + 2 * MINUTE).approved == ()


def test_a_look_that_tells_nothing_gives_no_winner_up() -> None:
    """After the longest time of the test a proposed winner is waited for; without one, nobody has won."""
    state = asked()
    for before in (state, heed(state, (approve(state),), ENDS)):
        held = compete(PLAN, before, judged(PLAN, None, None), LATE)
        assert (held.action, held.state) == ("hold", before)
    assert compete(PLAN, BAKING, judged(PLAN, None, None), LATE).state.phase is Phase.ROLLING_BACK
