"""The clean-up after either end: put back what the safeguards changed, remove the configurations that nothing needs any more.

A task that AWS refuses or does not answer is asked for again, after all others have had their turn. What is not done when the time is up
is left behind: the ending has it with the last answer, and its outcome stays.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from policies.commands import Command, CommandResult, DeleteConfig, explain
from policies.decision import Decision
from policies.declared import is_to_be_put_back, put_back, tell_models
from policies.facts import Surroundings
from policies.leftovers import Leftover, describe_left, with_answers
from policies.lifecycle import Ending, Outcome, State, finish
from policies.observation import Unavailable
from policies.plan import Plan
from policies.returning import RETRY_EVERY
from policies.safeguards import lower_safeguards


def clean_up(plan: Plan, state: State, surroundings: Surroundings | Unavailable, now: datetime) -> Decision:
    """Put back what the safeguards changed, remove the configurations that nothing needs any more, then end."""
    ending = state.ending
    assert ending is not None, "cleaning up without an ending"  # noqa: S101 - an invariant of promote and roll_back
    left = (
        *with_answers(state.uncleared, _tasks(plan, state, surroundings, now)),
        *_in_doubt(plan, state, surroundings),
    )
    if _is_over(plan, state, left, now):
        return _end(state, ending, left, now)
    look = min(RETRY_EVERY, plan.policy.metrics.look_every)
    due = tuple(each.task for each in left if each.task is not None and not each.is_final)
    if not due:
        return Decision(state, "wait", "cannot read yet whether autoscaling is as before", look)
    return Decision(state, "act", f"clearing up: {', '.join(map(explain, due))}", look, due)


def _tasks(plan: Plan, state: State, surroundings: Surroundings | Unavailable, now: datetime) -> tuple[Command, ...]:
    """Return everything that is still to be done, in the order in which it is to be done."""
    ending = state.ending
    assert ending is not None, "cleaning up without an ending"  # noqa: S101 - an invariant of promote and roll_back
    earlier = () if isinstance(surroundings, Unavailable) else tuple(put_back(plan, state, surroundings, now))
    held = state.model_copy(update={"scaling": "none"}) if earlier else state  # it comes back without our suspensions
    return (*earlier, *lower_safeguards(plan, held, surroundings), *_removals(plan, state, ending))


def _in_doubt(plan: Plan, state: State, surroundings: Surroundings | Unavailable) -> Iterator[Leftover]:
    """Yield that autoscaling may not be as before, where that cannot be read."""
    if isinstance(surroundings, Unavailable) and (state.scaling != "none" or is_to_be_put_back(plan, state)):
        yield Leftover(task=None, answer=CommandResult(status="busy", message=surroundings.why))


def _is_over(plan: Plan, state: State, left: tuple[Leftover, ...], now: datetime) -> bool:
    """Whether nothing is left that is worth another try: what is refused is given less time than what may only take longer."""
    timeouts, took = plan.policy.timeouts, now - state.since
    if all(each.is_final for each in left):
        return True
    refused = all(each.answer is not None and each.answer.status == "refused" for each in left)
    return took > (timeouts.settle if refused else timeouts.update)


def _end(state: State, ending: Ending, left: tuple[Leftover, ...], now: datetime) -> Decision:
    notes = [describe_left(left), "" if ending.outcome is Outcome.PROMOTED else tell_models(state)]
    reason = "; ".join([ending.reason, *filter(None, notes)])
    ended = finish(state, ending.model_copy(update={"reason": reason, "left": left}), now)
    return Decision(ended, "finish", reason, timedelta(0))


def _removals(plan: Plan, state: State, ending: Ending) -> tuple[DeleteConfig, ...]:
    kept = {plan.original.name} | ({plan.promoted.name} if ending.outcome is Outcome.PROMOTED else set[str]())
    if state.placement.config == plan.original_copy.name and ending.cause != "endpoint_deleted":
        kept.add(plan.original_copy.name)  # the endpoint runs on it
    return tuple(DeleteConfig(config=name) for name in state.made if name not in state.cleaned and name not in kept)
