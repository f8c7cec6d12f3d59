"""What people ask of a rollout takes effect at its next look, in every phase; halts, brakes and second rollouts."""

import asyncio
from datetime import datetime, timedelta

import pytest

from policies.errors import JournalError, PreflightError
from policies.lifecycle import Ending, Outcome, Phase
from policies.loading import parse_policy
from policies.observation import Halt
from rollway.journal.halts import call_halt, lift_halt, read_halt
from rollway.journal.leases import read_standing
from rollway.loop.braking import report_failure
from rollway.loop.drive import free
from rollway.loop.queueing import make_way
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, plan_rollout, refuse_if_braked
from tests.loop.rehearsal import ENDPOINT, POLICY, QUICK, Rehearsal, model
from tests.loop.test_trouble import at, on_baseline

MINUTE = timedelta(minutes=1)
PHASES = [(Phase.PREPARING, 0), (Phase.SHIFTING, 0), (Phase.BAKING, 0), (Phase.SHIFTING, 1), (Phase.BAKING, 1)]


@pytest.mark.parametrize(("phase", "stage"), PHASES)
def test_a_pause_keeps_the_candidate_where_it_is_until_resumed(rehearsal, phase, stage):
    """Paused in any phase, the candidate gets no more for half an hour; resumed, the rollout goes on to its end."""
    paused_at = []

    def watch(rehearsal: Rehearsal, decision) -> None:
        if not paused_at and (decision.state.phase, decision.state.stage) == (phase, stage):
            paused_at.append(rehearsal.now())
            rehearsal.signal("pause")
        held = decision.state.paused is not None
        if held and decision.action == "hold" and (rehearsal.now() - paused_at[0]).total_seconds() > 600:
            rehearsal.signal("resume")
        assert not (held and decision.commands)

    rehearsal.watch = watch

    assert rehearsal.play(QUICK).outcome is Outcome.PROMOTED
    assert any("paused by tester" in decision.reason for decision in rehearsal.decisions)


def test_a_paused_candidate_that_fails_is_taken_back(rehearsal):
    """A pause stops nobody from going back."""

    def pause(rehearsal: Rehearsal) -> None:
        rehearsal.signal("pause")
        rehearsal.models["fraud-v7"] = model(3, failing=0.3)

    rehearsal.watch = at(Phase.BAKING, 0, pause)

    assert rehearsal.play(QUICK).outcome is Outcome.ROLLED_BACK
    assert on_baseline(rehearsal)


def test_a_stage_that_wants_approval_waits_for_it(rehearsal):
    """After every gate has passed a person has to approve, and is asked with the command to type."""
    stages = [{"share": 20, "bake": "8m", "approval": True}, {"share": 95, "bake": "5m"}]

    def watch(rehearsal: Rehearsal, decision) -> None:
        if "awaiting approval" in decision.reason:
            rehearsal.signal("approve")

    rehearsal.watch = watch

    assert rehearsal.play(QUICK | {"stages": stages}).outcome is Outcome.PROMOTED
    assert any("rollway approve fraud-prod" in decision.reason for decision in rehearsal.decisions)


ASKING = QUICK | {"stages": [{"share": 20, "bake": "3m", "approval": {"within": "30m", "otherwise": "roll_back"}}]}


def test_a_candidate_that_goes_bad_while_it_awaits_approval_is_taken_back(rehearsal):
    """Gates go on judging while a person is asked; an approval that comes then is too late."""

    def watch(rehearsal: Rehearsal, decision) -> None:
        if decision.awaits:
            rehearsal.models["fraud-v7"] = model(3, failing=0.5)

    rehearsal.watch = watch
    ending = rehearsal.play(ASKING)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.reason.startswith("at 20 % — failing:")
    assert on_baseline(rehearsal)


def test_a_rejected_candidate_goes_back_and_the_outcome_says_whose_word_it_was(rehearsal):
    """A person's no is enough, though every gate has passed."""
    rehearsal.watch = lambda rehearsal, decision: (
        rehearsal.signal("reject", "not on a Friday") if decision.awaits else None
    )

    ending = rehearsal.play(ASKING)

    assert (ending.outcome, ending.reason) == (Outcome.ROLLED_BACK, "rejected by tester: not on a Friday")
    assert on_baseline(rehearsal)


def test_a_candidate_that_nobody_answers_for_goes_back_in_time(rehearsal):
    """The time is the rollout's own, so it is kept by whatever process drives it; here one that took it up from a dead one."""
    rehearsal.begin(ASKING | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    while not rehearsal.rollout.state.awaiting_since:
        asyncio.run(rehearsal.rollout.tick(rehearsal.now()))
        rehearsal.pass_time(MINUTE)
    asked = rehearsal.rollout.state.awaiting_since
    rehearsal.die()

    (done,) = rehearsal.reconcile()

    assert done.ending.outcome is Outcome.INCONCLUSIVE
    assert done.ending.reason.startswith("nobody approved it at 20 % within 30m, asked for since")
    assert 30 * MINUTE <= done.ending.at - asked < 33 * MINUTE
    assert on_baseline(rehearsal)


@pytest.mark.parametrize(("phase", "stage"), PHASES)
def test_promote_now_skips_what_has_not_passed(rehearsal, phase, stage):
    """From any phase a person's word promotes, and the outcome says whose it was."""
    rehearsal.watch = at(phase, stage, lambda r: r.signal("promote_now", "hotfix"))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED
    assert ending.reason == "promote now by tester: hotfix"


def test_a_halt_keeps_every_candidate_where_it_is_until_lifted(rehearsal):
    """Halted, a rollout gets no further and none starts; lifted, it goes on."""
    halts = []

    def watch(rehearsal: Rehearsal, decision) -> None:
        if decision.state.phase is Phase.BAKING and not halts:
            halts.append(Halt(since=rehearsal.now(), reason="network trouble", by="kim"))
            call_halt(rehearsal.store, halts[0])
        if "network trouble" in decision.reason and (rehearsal.now() - halts[0].since).total_seconds() > 600:
            lift_halt(rehearsal.store, "kim", "over")

    rehearsal.watch = watch

    assert rehearsal.play(QUICK).outcome is Outcome.PROMOTED
    assert any("every rollout is halted" in decision.reason for decision in rehearsal.decisions)


def test_nothing_starts_during_a_halt(rehearsal):
    """A start is refused with who called the halt, and why."""
    call_halt(rehearsal.store, Halt(since=rehearsal.now(), reason="network trouble", by="kim"))

    with pytest.raises(PreflightError, match="network trouble"):
        rehearsal.begin(QUICK)


def test_gates_that_fail_on_many_endpoints_are_one_incident(rehearsal):
    """The third endpoint whose gates fail within a quarter of an hour calls one halt that names all three."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.3)
    planned = plan_rollout(rehearsal.aws, Request(ENDPOINT, "fraud-v7", parse_policy(POLICY | QUICK)), rehearsal.now())

    def others_fail(rehearsal: Rehearsal) -> None:
        for endpoint in ("eu", "us"):
            report_failure(rehearsal.store, planned.model_copy(update={"endpoint": endpoint}), rehearsal.now())

    rehearsal.watch = at(Phase.ROLLING_BACK, 0, others_fail)

    assert rehearsal.play(QUICK).outcome is Outcome.ROLLED_BACK
    halt = read_halt(rehearsal.store)
    assert halt is not None
    assert halt.endpoints == ("eu", ENDPOINT, "us")


def test_the_same_model_is_not_retried_by_itself(rehearsal):
    """What was taken back starts again by a person's hand only."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.3)
    rehearsal.play(QUICK)
    request = Request(ENDPOINT, "fraud-v7", parse_policy(POLICY | QUICK))
    again = plan_rollout(rehearsal.aws, request, rehearsal.now())

    with pytest.raises(PreflightError, match="not retried by itself"):
        refuse_if_braked(again, rehearsal.store, rehearsal.now())
    assert rehearsal.begin(QUICK).lease.lease.token == 2


def test_a_second_rollout_is_refused_and_told_who_holds_the_endpoint(rehearsal):
    """Refusing names the rollout that is under way."""
    first = rehearsal.begin(QUICK)

    with pytest.raises(JournalError, match=first.plan.rollout_id):
        rehearsal.begin(QUICK)


class WhileTheFirstGoesOn:
    """The clock of a process that waits: while it sleeps, the rollout that is under way has a look at the world."""

    def __init__(self, rehearsal: Rehearsal, first: Rollout) -> None:
        self._rehearsal = rehearsal
        self._first = first
        self.ending: Ending | None = None

    def now(self) -> datetime:
        return self._rehearsal.now()

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        del length, wake
        decision = await self._first.tick(self.now())
        self._rehearsal.pass_time(decision.next_look)
        if decision.action == "finish" and decision.state.ending:
            self.ending = decision.state.ending
            free(self._first, self.ending)


@pytest.mark.parametrize(("when_taken", "outcome"), [("queue", Outcome.PROMOTED), ("supersede", Outcome.ABORTED)])
def test_a_second_rollout_may_queue_or_supersede(rehearsal, when_taken, outcome):
    """Queueing waits for the end of the first; superseding takes its candidate back. Either way the endpoint is free then."""
    clock = WhileTheFirstGoesOn(rehearsal, rehearsal.begin(QUICK))
    request = Request(ENDPOINT, "fraud-v7", parse_policy(POLICY | QUICK | {"when_taken": when_taken}))

    asyncio.run(make_way(request, rehearsal.store, rehearsal.hands, clock))

    assert clock.ending.outcome is outcome
    assert read_standing(rehearsal.store, ENDPOINT).lease.outcome is outcome


def test_a_second_rollout_brings_an_orphan_to_its_end_first(rehearsal):
    """Queueing behind a rollout whose process is gone would take for ever: it is taken up and ended from here."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()
    request = Request(ENDPOINT, "fraud-v7", parse_policy(POLICY | QUICK | {"when_taken": "queue"}))

    asyncio.run(make_way(request, rehearsal.store, rehearsal.hands, rehearsal))

    assert read_standing(rehearsal.store, ENDPOINT).lease.outcome is Outcome.PROMOTED
