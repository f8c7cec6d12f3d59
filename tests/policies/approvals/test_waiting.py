"""Waiting for a person: what a policy may say of it, until when it lasts, and which answers count."""

from datetime import timedelta
from typing import Any

import pytest

from policies.approvals.answering import NotAsked, address, came_to_nothing
from policies.approvals.waiting import is_overdue, tell_wait, wait_ends, what_nobody_approved
from policies.baking import bake
from policies.errors import PolicyError
from policies.lifecycle import Approved, Outcome, Phase, State, begin, enter, turn_back
from policies.observation import Signal, Verb
from policies.plan import Plan
from policies.strategies.stage import Stage
from policies.verdict import Answer, GateVerdict
from tests.policies.building import MINUTE, START, make_policy, make_rollout

HOUR = 60 * MINUTE
ROLL_BACK = {"within": "4h", "otherwise": "roll_back"}


def rollout(approval: Any, **fields: Any) -> Plan:
    """A rollout whose first stage asks, of two."""
    ladder = [{"share": 5, "bake": "5m", "approval": approval}, {"share": 50, "bake": "5m"}]
    return make_rollout(make_policy(stages=ladder, **fields))


def asking(plan: Plan, stage: int = 0) -> State:
    """The state of a rollout that began to ask at its very start."""
    return enter(begin(plan), Phase.BAKING, START, stage=stage).model_copy(update={"awaiting_since": START})


@pytest.mark.parametrize(
    ("approval", "told"),
    [
        ("yes please", "'yes please' is no approval; write true, or {within: 4h"),
        ({"within": "0s"}, "within must take time"),
        ({"within": 4}, "4 is no duration"),
        ({"otherwise": "roll_back"}, "never comes to pass without a time"),
        ({"within": "4h", "otherwise": "promote"}, "Input should be 'hold' or 'roll_back'"),
        ({"within": "6h"}, "6h are not over before the deadline, 6h"),
        ({"for": "4h"}, "is no field of this part"),
    ],
)
def test_what_is_no_approval_is_one_clear_problem(approval: Any, told: str) -> None:
    """The field, the value and what to write are named before anything starts."""
    with pytest.raises(PolicyError, match=r"stages\[0\]\.approval") as caught:
        rollout(approval)
    assert told in str(caught.value)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("approval", "asks"), [(True, True), ({}, True), (ROLL_BACK, True), (False, False), (None, False)]
)
def test_a_stage_asks_or_not(approval: Any, asks: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """``true`` asks without an end of its own, ``false`` does not; a plan that was kept as text says the same."""
    stage = rollout(approval).stages[0]
    assert (stage.approval is not None) is asks
    assert Stage.model_validate_json(stage.model_dump_json()) == stage


@pytest.mark.parametrize(
    ("approval", "after", "told"),
    [
        (True, HOUR, "awaiting approval since 12:00:00 UTC, until the deadline at 18:00:00 UTC, then back to fraud-v6"),
        ({"within": "4h"}, HOUR, "awaiting approval since 12:00:00 UTC, until 16:00:00 UTC, then asking again"),
        (ROLL_BACK, HOUR, "awaiting approval since 12:00:00 UTC, until 16:00:00 UTC, then back to fraud-v6"),
        (
            {"within": "4h"},
            5 * HOUR,
            "awaiting approval since 12:00:00 UTC, overdue since 16:00:00 UTC, until the deadline at 18:00:00 UTC, then back to fraud-v6",
        ),
    ],
)
def test_it_is_told_until_when(approval: Any, after: timedelta, told: str) -> None:
    """Whoever is asked reads how long there is, and what happens then."""
    plan = rollout(approval)
    assert tell_wait(plan, asking(plan), START + after) == told


def test_hours_outside_the_windows_do_not_count() -> None:
    """Four hours of an office that closes at one: the next day at twelve, and not at four in the afternoon."""
    plan = rollout(ROLL_BACK, windows={"hours": "09:00-13:00"}, deadline="20h")
    assert wait_ends(plan, asking(plan)) == START + 24 * HOUR
    assert not is_overdue(plan, asking(plan), START + 23 * HOUR)
    assert what_nobody_approved(plan, asking(plan), START + 24 * HOUR) == (
        "nobody approved it at 5 % within 4h, asked for since 2026-11-22 12:00:00 UTC"
    )


def test_who_has_approved_in_time_is_not_overdue() -> None:
    """An approved stage may wait for its gates to pass again for as long as it takes."""
    plan = rollout(ROLL_BACK)
    approved = asking(plan).model_copy(update={"approved": (Approved(stage=0, by="kim", reason="fine", at=START),)})
    assert what_nobody_approved(plan, approved, START + 5 * HOUR) is None


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_an_answer_is_for_the_stage_that_asks(verb: Verb) -> None:
    """The answer names the stage that the person saw; where it is not asked any more, it came to nothing, and that is told."""
    plan = rollout({})
    signal = address(plan, asking(plan), Signal(verb=verb, reason="because", by="kim"))
    assert signal.stage == 0
    assert came_to_nothing(asking(plan, stage=1), signal)
    gone_on = asking(plan, stage=1).model_copy(
        update={"approved": (Approved(stage=0, by="al", reason="fine", at=START),)}
    )
    assert came_to_nothing(gone_on, signal) is (verb == "reject")
    rejected = turn_back(asking(plan), Outcome.ROLLED_BACK, "rejected by kim: because", START)
    assert not came_to_nothing(rejected, signal)


@pytest.mark.parametrize(
    ("verb", "remedy"), [("approve", "rollway status"), ("reject", "rollway abort fraud-prod --reason REASON")]
)
def test_nobody_answers_what_is_not_asked(verb: Verb, remedy: str) -> None:
    """Before the stage asks, and on the way back, the answer is refused with what to do instead."""
    plan = rollout({})
    before = enter(begin(plan), Phase.BAKING, START)
    for state in (before, turn_back(asking(plan), Outcome.ABORTED, "abort by lee: never mind", START)):
        with pytest.raises(NotAsked, match="no stage of the rollout of fraud-prod awaits approval") as caught:
            address(plan, state, Signal(verb=verb, reason="because", by="kim"))
        assert remedy in caught.value.hint


def test_a_stage_is_approved_once() -> None:
    """The second approval is told whose the first one was; a rejection still counts until the stage is left."""
    plan = rollout({})
    approved = asking(plan).model_copy(update={"approved": (Approved(stage=0, by="kim", reason="fine", at=START),)})
    with pytest.raises(NotAsked, match="approved already, by kim at 2026-11-22 12:00 UTC: fine"):
        address(plan, approved, Signal(verb="approve", reason="me too", by="lee"))
    assert address(plan, approved, Signal(verb="reject", reason="wait", by="lee")).stage == 0


def test_other_verbs_are_for_every_stage() -> None:
    """A pause or a rollback is not an answer to anything."""
    signal = Signal(verb="pause", reason="because", by="kim")
    plan = rollout({})
    assert address(plan, begin(plan), signal) == signal
    assert not came_to_nothing(begin(plan), signal)


def test_what_an_earlier_version_wrote_is_still_read() -> None:
    """A journal that has stages alone, and not who approved them, leads on."""
    state = begin(rollout({})).model_dump(mode="json") | {"approved": [0]}
    (approved,) = State.model_validate(state).approved
    assert (approved.stage, approved.by) == (0, "somebody")


def test_what_wavers_while_a_person_is_asked_is_waited_for() -> None:
    """The bake was long enough once: an extension that would be over by now takes nobody back and holds nobody for a verdict."""
    plan = rollout({}, extend_at_most="10m", inconclusive={"few_requests": "extend", "otherwise": "roll_back"})
    unsure = tuple(
        GateVerdict(gate=gate, verdict=Answer.INCONCLUSIVE, sentence="few", reason="few_requests")
        for gate in plan.stages[0].gates
    )
    late = START + 3 * HOUR
    assert bake(plan, enter(begin(plan), Phase.BAKING, START), unsure, late).state.phase is Phase.ROLLING_BACK
    waiting = bake(plan, asking(plan), unsure, late)
    assert (waiting.action, waiting.state.phase) == ("wait", Phase.BAKING)
