"""The clean-up after either end: put back what the safeguards changed, remove the configurations that nothing needs any more."""

from datetime import datetime, timedelta

from policies.commands import Command, DeleteConfig, explain
from policies.decision import Decision
from policies.declared import is_to_be_put_back, put_back, tell_models
from policies.facts import Surroundings
from policies.lifecycle import Ending, Outcome, State, finish
from policies.observation import Unavailable
from policies.plan import Plan
from policies.returning import RETRY_EVERY
from policies.safeguards import lower_safeguards


def clean_up(plan: Plan, state: State, surroundings: Surroundings | Unavailable, now: datetime) -> Decision:
    """Put back what the safeguards changed, remove the configurations that nothing needs any more, then end."""
    ending = state.ending
    assert ending is not None, "cleaning up without an ending"  # noqa: S101 - an invariant of promote and roll_back
    earlier = () if isinstance(surroundings, Unavailable) else tuple(put_back(plan, state, surroundings, now))
    held = state.model_copy(update={"scaling": "none"}) if earlier else state  # it comes back without our suspensions
    left = (*earlier, *lower_safeguards(plan, held, surroundings), *_removals(plan, state, ending))
    in_doubt = state.scaling != "none" or is_to_be_put_back(plan, state)
    blind = in_doubt and isinstance(surroundings, Unavailable)
    timeouts = plan.policy.timeouts
    late = now - state.since > (timeouts.settle if state.setback else timeouts.update)
    if late or not (left or blind):
        note = _leftovers(left, blind=blind) + ("" if ending.outcome is Outcome.PROMOTED else tell_models(state))
        ended = finish(state, ending.model_copy(update={"reason": ending.reason + note}), now)
        return Decision(ended, "finish", ending.reason + note, timedelta(0))
    look = min(RETRY_EVERY, plan.policy.metrics.look_every)
    if not left:
        return Decision(state, "wait", "cannot read yet whether autoscaling is as before", look)
    due = left[::-1] if state.setback else left  # what AWS refuses must not keep the rest from its turn
    return Decision(state, "act", f"clearing up: {', '.join(map(explain, due))}", look, due)


def _removals(plan: Plan, state: State, ending: Ending) -> tuple[DeleteConfig, ...]:
    kept = {plan.original.name} | ({plan.promoted.name} if ending.outcome is Outcome.PROMOTED else set[str]())
    if state.placement.config == plan.original_copy.name and ending.cause != "endpoint_deleted":
        kept.add(plan.original_copy.name)  # the endpoint runs on it
    return tuple(DeleteConfig(config=name) for name in state.made if name not in state.cleaned and name not in kept)


def _leftovers(left: tuple[Command, ...], *, blind: bool) -> str:
    tasks = [*map(explain, left), *(["see that autoscaling is as before"] if blind else [])]
    return f"; still to be done by hand: {', '.join(tasks)}" if tasks else ""
