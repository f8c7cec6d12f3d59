"""The words of each notice: one line that says it all, why, what the gates said, and what to type now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from policies.approvals.link import Question
from policies.approvals.waiting import is_overdue, wait_ends, who_waits
from policies.author import Author
from policies.by_hand import by_hand
from policies.decision import Awaited
from policies.headline import headline
from policies.leftovers import Leftover, describe_left
from policies.lifecycle import Ending, Outcome, Pause, State, without_traffic
from policies.notices.notice import Event, Level, Notice
from policies.observation import Halt
from policies.plan import Plan
from policies.promoting import describe
from policies.serving import ReadBack, describe_serving
from policies.values import format_duration
from policies.verdict import GateVerdict

_ENDS: Final = {
    Outcome.PROMOTED: (Event.PROMOTED, Level.INFO),
    Outcome.ROLLED_BACK: (Event.ROLLED_BACK, Level.WARNING),
    Outcome.ABORTED: (Event.ABORTED, Level.WARNING),
    Outcome.INCONCLUSIVE: (Event.INCONCLUSIVE, Level.WARNING),
}


def started(plan: Plan, at: datetime, by: str) -> Notice:
    """Tell that a rollout began."""
    steps = " → ".join(describe(stage) for stage in plan.stages if not stage.watch)
    policy = f"{plan.policy.strategy}@{plan.policy.digest}"
    return Notice(
        key="started",
        event=Event.STARTED,
        level=Level.INFO,
        endpoint=plan.endpoint,
        at=at,
        headline=f"STARTED at {_time(at)} · {plan.models} may replace {plan.baseline.model} on {plan.endpoint}",
        reason=f"Started by {by}, policy {policy}: {steps}.",
        commands=(f"rollway status {plan.endpoint}", _abort(plan)),
    )


def shifted(plan: Plan, state: State, at: datetime, passed: Sequence[GateVerdict]) -> Notice:
    """Tell that the candidate has reached a stage; ``passed`` is what the gates said of the one before."""
    stage = plan.stages[state.stage]
    out = without_traffic(plan, state)
    left = " and ".join(each.model for each in plan.challengers if each.variant not in out)
    if stage.watch:
        told = f"{plan.candidate.model} serves all traffic of {plan.endpoint}, and is watched for {format_duration(stage.bake)}"
    elif stage.shadow:
        told = f"{left} gets copies of {stage.share:g} % of the requests of {plan.endpoint}"
    else:
        told = f"{left} {'each get' if ' and ' in left else 'gets'} {stage.share:g} % of the traffic of {plan.endpoint}"
    rungs = sum(not each.watch for each in plan.stages)
    place = "" if stage.watch else f"Stage {state.stage + 1} of {rungs}, "
    return Notice(
        key=f"stage-{state.stage + 1}",
        event=Event.SHIFTED,
        level=Level.INFO,
        endpoint=plan.endpoint,
        at=at,
        headline=f"SHIFTED at {_time(at)} · {told}",
        reason=f"{place}baking for {format_duration(stage.bake)} at least." if place else "",
        numbers=_numbers(passed),
        commands=(f"rollway status {plan.endpoint}", _rollback(plan)),
    )


def challenger_out(plan: Plan, at: datetime, variant: str, why: str) -> Notice:
    """Tell that a challenger has left an A/B test."""
    model = next(each.model for each in plan.challengers if each.variant == variant)
    return Notice(
        key=f"out-{variant}",
        event=Event.CHALLENGER_OUT,
        level=Level.WARNING,
        endpoint=plan.endpoint,
        at=at,
        headline=f"OUT at {_time(at)} · {model} has left the test on {plan.endpoint}; its share goes to {plan.baseline.model}",
        reason=_sentence(why),
        commands=(f"rollway status {plan.endpoint}",),
    )


def awaited(plan: Plan, state: State, at: datetime, asked: tuple[Awaited, str, tuple[GateVerdict, ...]]) -> Notice:
    """Tell that a person is asked for: what for, why, and what the gates said."""
    what, why, verdicts = asked
    reason, overdue = "REASON", what == "approval" and is_overdue(plan, state, at)
    asked_at = _stamp(state.awaiting_since) if what == "approval" and state.awaiting_since else ""
    since = wait_ends(plan, state) if overdue else at
    if what == "approval":
        told = f"{who_waits(plan, state)} on {plan.endpoint} awaits approval at {describe(plan.stages[state.stage])}"
        answers = (f"rollway approve {plan.endpoint} --reason {reason}", _reject(plan))
        question = Question(rollout_id=plan.rollout_id, stage=state.stage)
    else:
        told = f"the gates cannot tell whether {plan.models} is good enough for {plan.endpoint}, at {describe(plan.stages[state.stage])}"
        answers, question = (f"rollway promote-now {plan.endpoint} --reason {reason}", _abort(plan)), None
    return Notice(
        key="-".join(filter(None, (what, f"{state.stage + 1}", asked_at, "overdue" if overdue else ""))),
        event=Event.WAITING,
        level=Level.WARNING,
        endpoint=plan.endpoint,
        at=at,
        headline=f"{'OVERDUE' if overdue else 'WAITING'} since {_time(since or at)} · {told}",
        reason=_sentence(why),
        numbers=_numbers(verdicts, told=why),
        commands=answers,
        asks=question,
    )


def paused(plan: Plan, pause: Pause) -> Notice:
    """Tell that a person has paused the rollout."""
    return Notice(
        key=f"paused-{_stamp(pause.since)}",
        event=Event.WAITING,
        level=Level.INFO,
        endpoint=plan.endpoint,
        at=pause.since,
        headline=f"WAITING since {_time(pause.since)} · {plan.endpoint} was paused by {pause.by}",
        reason=f"{pause.by} says: {_sentence(pause.reason)}",
        commands=(f"rollway resume {plan.endpoint} --reason REASON", _abort(plan)),
    )


def drifted(plan: Plan, at: datetime, why: str) -> Notice:
    """Tell that somebody else changed the endpoint."""
    return Notice(
        key=f"drift-{_stamp(at)}",
        event=Event.WAITING,
        level=Level.WARNING,
        endpoint=plan.endpoint,
        at=at,
        headline=f"WAITING since {_time(at)} · somebody else changed {plan.endpoint}",
        reason=_sentence(why),
        commands=(f"rollway status {plan.endpoint}", _abort(plan)),
    )


def rolling_back(plan: Plan, ending: Ending, share: float, failures: int) -> Notice:
    """Tell that a candidate is on its way back and still has traffic."""
    told = f"{plan.endpoint} is on its way back to {plan.baseline.model}, and {_who_has(plan, ending, share)}"
    return Notice(
        key=_key(Event.ROLLING_BACK, failures),
        event=Event.ROLLING_BACK,
        level=Level.WARNING,
        endpoint=plan.endpoint,
        at=ending.at,
        headline=f"ROLLING BACK since {_time(ending.at)} · {told}",
        reason=_sentence(ending.reason),
        commands=(f"rollway status {plan.endpoint}",),
    )


def switch_fired(plan: Plan, ending: Ending) -> Notice:
    """Report that the endpoint was put back from outside."""
    by_switch = ending.by is not None and Author.SWITCH in ending.by.authors
    known = "The switch acts when no process has driven the rollout for "
    return Notice(
        key="switch_fired",
        event=Event.SWITCH_FIRED,
        level=Level.CRITICAL,
        endpoint=plan.endpoint,
        at=ending.at,
        headline=f"TAKEN BACK FROM OUTSIDE, seen at {_time(ending.at)} · {plan.endpoint}: {ending.reason}",
        reason=f"{known}{format_duration(plan.policy.lease)}: find out why." if by_switch else "",
        commands=(f"rollway status {plan.endpoint}",),
    )


def ended(
    plan: Plan, ending: Ending, found: tuple[Sequence[GateVerdict], timedelta | None], failures: int = 0
) -> Notice:
    """Tell how a rollout ended.

    Args:
        plan: its plan.
        ending: how it ended.
        found: what the gates said when that was decided, and how long afterwards the traffic was back; None where nothing had to come back.
        failures: how often its rollback was given up before.
    """
    verdicts, back = found
    event, level = _ENDS[ending.outcome]
    in_time = "" if back is None else f" · traffic back in {format_duration(back)}"
    return Notice(
        key=_key(event, failures),
        event=event,
        level=level,
        endpoint=plan.endpoint,
        at=ending.at,
        headline=f"{headline(plan, ending)}{in_time}",
        reason=_sentence(ending.reason),
        numbers=_numbers(verdicts, told=ending.reason),
        commands=(
            f"rollway status {plan.endpoint}",
            *((_rollback(plan),) if event is Event.ABORTED and back is None else ()),
        ),
    )


def serving_changed(plan: Plan, ending: Ending, at: datetime) -> Notice:
    """Report that, when a rollout was over, its endpoint served something else than was reported with its outcome."""
    event, _ = _ENDS[ending.outcome]
    return Notice(
        key=f"{event}-serving-changed",
        event=event,
        level=Level.WARNING,
        endpoint=plan.endpoint,
        at=at,
        headline=headline(plan, ending),
        reason=f"The endpoint was changed after the outcome was reported, before the end at {_time(at)}.",
        commands=(f"rollway status {plan.endpoint}",),
    )


def rollback_failed(plan: Plan, ending: Ending, failures: int) -> Notice:
    """Tell that a rollback was given up, for the first or another time."""
    return Notice(
        key=_key(Event.ROLLBACK_FAILED, failures - 1),
        event=Event.ROLLBACK_FAILED,
        level=Level.CRITICAL,
        endpoint=plan.endpoint,
        at=ending.at,
        headline=headline(plan, ending),
        reason=_sentence(ending.reason),
        commands=(f"rollway status {plan.endpoint}", _rollback(plan)),
    )


def left_over(plan: Plan, at: datetime, left: Sequence[Leftover]) -> Notice:
    """Report what an ended rollout has left behind, and the commands that clear it up by hand."""
    what = describe_left(left)
    return Notice(
        key="left_over",
        event=Event.LEFT_OVER,
        level=Level.WARNING,
        endpoint=plan.endpoint,
        at=at,
        headline=f"LEFT OVER at {_time(at)} · the rollout on {plan.endpoint} has ended, and could not clear up",
        reason=_sentence(what[:1].upper() + what[1:]),
        commands=(f"rollway status {plan.endpoint}", *(command for each in left for command in by_hand(plan, each))),
    )


def taken_over(plan: Plan, at: datetime, who: tuple[str, timedelta, int], *, died: bool) -> Notice:
    """Tell that another process goes on: who, after how much silence, and under which number of the lease."""
    by, silent_for, token = who
    why = (
        f"Its process gave no sign of life for {format_duration(silent_for)}"
        if died
        else "Its process has let go of it"
    )
    return Notice(
        key=f"taken_over-{token}",
        event=Event.TAKEN_OVER,
        level=Level.WARNING,
        endpoint=plan.endpoint,
        at=at,
        headline=f"TAKEN OVER at {_time(at)} · {by} goes on with the rollout of {plan.models} on {plan.endpoint}",
        reason=_sentence(why),
        commands=(f"rollway status {plan.endpoint}",),
    )


def halted(halt: Halt) -> Notice:
    """Tell that every rollout is halted. One that Rollway called by itself is an incident."""
    by_itself = bool(halt.endpoints)
    return Notice(
        key=f"{_stamp(halt.since)}-halted",
        event=Event.HALTED,
        level=Level.CRITICAL if by_itself else Level.WARNING,
        endpoint="",
        at=halt.since,
        headline=f"HALTED at {_time(halt.since)} · no rollout starts and no candidate gets more, until that is lifted",
        reason=f"Called by {halt.by}: {_sentence(halt.reason)}",
        commands=("rollway status", "rollway lift --reason REASON"),
    )


def lifted(halt: Halt, at: datetime, by: str, why: str) -> Notice:
    """Tell that a halt has ended."""
    return Notice(
        key=f"{_stamp(halt.since)}-lifted",
        event=Event.LIFTED,
        level=Level.INFO,
        endpoint="",
        at=at,
        headline=f"LIFTED at {_time(at)} · rollouts go on where they stood",
        reason=f"The halt of {_time(halt.since)} was lifted by {by}: {_sentence(why)}",
        commands=("rollway status",),
    )


def _numbers(verdicts: Sequence[GateVerdict], told: str = "") -> tuple[str, ...]:
    """Say what each gate said that was not told already, and how many requests that rests on."""
    lines = [f"{each.gate} {each.verdict}: {each.sentence}" for each in verdicts if each.sentence not in told]
    most = max((each.samples for each in verdicts if each.samples), key=lambda each: each.candidate, default=None)
    if most:
        lines.append(f"{most.candidate:,} candidate and {most.baseline:,} baseline requests compared")
    return tuple(lines)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


def _who_has(plan: Plan, ending: Ending, share: float) -> str:
    """Say who has traffic on the way back: in an A/B test by what was read back of each challenger."""
    if plan.rivals and isinstance(ending.serving, ReadBack):
        return describe_serving(ending.serving)
    return f"{plan.models} still has {share:g} %"


def _key(event: Event, failures: int) -> str:
    """Return a key that tells the ends of a rollout apart whose rollback was given up before."""
    return f"{event}-{failures + 1}" if failures else str(event)


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}"


def _abort(plan: Plan) -> str:
    return f"rollway abort {plan.endpoint} --reason REASON"


def _rollback(plan: Plan) -> str:
    return f"rollway rollback {plan.endpoint} --reason REASON"


def _reject(plan: Plan) -> str:
    return f"rollway reject {plan.endpoint} --reason REASON"
