"""Heeding people: every signal once, in order, whatever the phase."""

from datetime import timedelta

import pytest

from policies.gates.evidence import Window
from policies.heeding import heed
from policies.lifecycle import CLIMBING, Approved, Outcome, Phase, State, begin, enter
from policies.observation import Signal, Verb
from tests.policies.building import START, make_rollout

NOW = START + timedelta(minutes=5)
BAKING = enter(begin(make_rollout()), Phase.BAKING, START)


def signal(verb: Verb, name: str = "1") -> Signal:
    return Signal(verb=verb, reason="because", by="kim", id=name)


def after(*verbs: Verb, state: State = BAKING) -> State:
    signals = tuple(signal(verb, str(number)) for number, verb in enumerate(verbs))
    return heed(state, signals, NOW)


@pytest.mark.parametrize("phase", sorted(CLIMBING))
@pytest.mark.parametrize(("verb", "outcome"), [("abort", Outcome.ABORTED), ("rollback", Outcome.ROLLED_BACK)])
def test_abort_and_rollback_turn_back_from_every_phase(phase: Phase, verb: Verb, outcome: Outcome) -> None:
    """Both lead to the baseline at once; they differ in what the rollout is said to have come to, and by whom."""
    state = after(verb, state=enter(BAKING, phase, START))
    assert state.phase is Phase.ROLLING_BACK
    assert state.ending is not None
    assert (state.ending.outcome, state.ending.reason) == (outcome, f"{verb} by kim: because")


def test_a_signal_is_heeded_once() -> None:
    """A pause that was ended is not begun again because its signal still lies in the journal."""
    paused = heed(BAKING, (signal("pause", "a"),), NOW)
    resumed = heed(paused, (signal("pause", "a"), signal("resume", "b")), NOW)
    assert resumed.paused is None
    assert heed(resumed, (signal("pause", "a"),), NOW) == resumed


def test_signals_count_in_their_order() -> None:
    """Of two that contradict each other the later one holds; of two ways back the first."""
    assert after("pause", "resume").paused is None
    assert after("resume", "pause").paused is not None
    ending = after("rollback", "abort").ending
    assert ending is not None
    assert ending.outcome is Outcome.ROLLED_BACK


def test_a_signal_without_an_id_is_heeded_every_time() -> None:
    """The process's own end has no place in the journal, so there is nothing by which to forget it."""
    assert heed(BAKING, (signal("abort", ""),), NOW).heard == ()
    assert heed(BAKING, (signal("abort", ""),), NOW).phase is Phase.ROLLING_BACK


@pytest.mark.parametrize("phase", [Phase.ROLLING_BACK, Phase.CLEANING, Phase.FINISHED])
def test_on_the_way_back_nothing_is_heeded_but_all_of_it_is_heard(phase: Phase) -> None:
    """No word brings a rollout forward again, also none that lay there unheard until a rollback is tried anew."""
    state = enter(BAKING, phase, START)
    verbs: tuple[Verb, ...] = ("promote_now", "resume", "approve", "reject", "pause", "abort", "rollback")
    heard = after(*verbs, state=state)
    assert sorted(heard.heard) == ["0", "1", "2", "3", "4", "5", "6"]
    assert heard.model_copy(update={"heard": ()}) == state


def test_a_second_pause_keeps_the_first_ones_name_and_time() -> None:
    """Who asks again for what stands already changes nothing."""
    first = after("pause")
    again = heed(first, (Signal(verb="pause", reason="me too", by="lee", id="x"),), NOW + timedelta(minutes=1))
    assert again.paused == first.paused
    assert first.paused is not None
    assert (first.paused.by, first.paused.since) == ("kim", NOW)


def test_resume_accepts_the_drift_that_stands() -> None:
    """What was accepted is remembered in the words in which it was told; without a drift there is nothing to accept."""
    assert after("resume", state=BAKING.model_copy(update={"drift": "somebody did it"})).accepted == (
        "somebody did it",
    )
    assert after("resume").accepted == ()


ASKING = BAKING.model_copy(update={"stage": 1, "awaiting_since": START})


def test_approval_is_for_the_stage_that_asks() -> None:
    """Who approved, why and when is kept; the second of two approvals adds nothing."""
    approved = Approved(stage=1, by="kim", reason="because", at=NOW)
    assert after("approve", "approve", state=ASKING).approved == (approved,)


def test_a_rejection_turns_back_even_after_an_approval() -> None:
    """Of two people who disagree the careful one is heard, as long as the stage was not left."""
    for verbs in (("reject",), ("approve", "reject"), ("reject", "approve"), ("promote_now", "reject")):
        ending = after(*verbs, state=ASKING).ending
        assert ending is not None
        assert (ending.outcome, ending.reason) == (Outcome.ROLLED_BACK, "rejected by kim: because")


def test_an_answer_to_an_earlier_question_is_none_to_the_present_one() -> None:
    """The same stage may ask again, for other numbers or another winner: the answer names the question that the person saw."""
    for verb in ("approve", "reject"):
        earlier = signal(verb).model_copy(update={"stage": 1, "asked": START - timedelta(minutes=9)})
        assert heed(ASKING, (earlier,), NOW) == ASKING.model_copy(update={"heard": ("1",)})
    present = signal("approve").model_copy(update={"stage": 1, "asked": START})
    assert heed(ASKING, (present,), NOW).approved


def test_nobody_approves_while_somebody_elses_change_stands() -> None:
    """The stage bakes anew after it, and asks again; a rejection counts all the same."""
    drifted = ASKING.model_copy(update={"drift": "somebody did it"})
    assert after("approve", state=drifted).approved == ()
    assert after("reject", state=drifted).ending is not None


def test_a_stage_that_begins_anew_asks_anew() -> None:
    """What was approved was the bake that a person saw; the approvals of other stages stay on record."""
    earlier = Approved(stage=0, by="lee", reason="fine", at=START)
    approved = after("approve", state=ASKING.model_copy(update={"approved": (earlier,)}))
    assert enter(approved, Phase.PROMOTING, NOW).approved == approved.approved
    again = enter(approved, Phase.SHIFTING, NOW)
    assert (again.approved, again.awaiting_since) == ((earlier,), None)


@pytest.mark.parametrize("verb", ["approve", "reject"])
@pytest.mark.parametrize(("stage", "state"), [(None, BAKING), (1, BAKING), (0, ASKING), (2, ASKING)])
def test_an_answer_that_no_stage_asks_for_changes_nothing(verb: Verb, stage: int | None, state: State) -> None:
    """Given too early, too late, or meant for another stage: it is heard, so that it never counts later, and that is all."""
    answer = signal(verb).model_copy(update={"stage": stage})
    assert heed(state, (answer,), NOW) == state.model_copy(update={"heard": ("1",)})


def test_promote_now_ends_the_bake_and_any_pause() -> None:
    """Minutes after a person's word are no evidence for the stage that it cut short, and it is kept whose word it was."""
    window = Window(stage=0, share=5, start=START)
    state = after("pause", "promote_now", state=BAKING.model_copy(update={"windows": (window,)}))
    assert (state.phase, state.paused, state.windows[0].end) == (Phase.PROMOTING, None, NOW)
    assert state.override == "promote now by kim: because"


def test_promote_now_changes_no_promotion_that_is_under_way() -> None:
    """Gates that have passed are not overridden by a word that comes too late to matter."""
    promoting = enter(BAKING, Phase.PROMOTING, START)
    assert after("promote_now", state=promoting).override is None
