"""The clean-up, whatever AWS answers to each of its requests: it ends in time, every task has its turn, and nothing is left unsaid."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.cleaning import clean_up
from policies.commands import Command, CommandResult
from policies.facts import ScalingTarget, Surroundings
from policies.lifecycle import Ending, Outcome, Phase, State, begin, enter, record_result
from policies.observation import Unavailable
from policies.plan import Plan
from tests.policies.building import BASELINE, START, make_policy, make_rollout

ANSWERS = {
    "done": CommandResult(status="done"),
    "denied": CommandResult(status="refused", message="AccessDenied", code="access_denied"),
    "our own no": CommandResult(status="refused", message="in use by another endpoint"),
    "throttled": CommandResult(status="busy", message="Throttling", code="throttled"),
}
SCALING = ScalingTarget(variant=BASELINE, minimum=1, maximum=4)
PLAN = make_rollout(make_policy(timeouts={"update": "5m"}), 4, SCALING)
MADE = ("fraud-prod-a", "fraud-prod-b", PLAN.side_by_side.name)
OUTCOMES = st.sampled_from([Outcome.PROMOTED, Outcome.ROLLED_BACK, Outcome.ABORTED, Outcome.INCONCLUSIVE])
SCRIPTS = st.dictionaries(
    st.sampled_from(["set_scaling", "disarm_switch", *MADE]),
    st.lists(st.sampled_from([*ANSWERS]), min_size=1, max_size=4),
)


def name(task: Command) -> str:
    """The name of a task: a configuration's own, the kind of any other."""
    return task.config if task.kind == "delete_config" else task.kind


def cleaning(plan: Plan, outcome: Outcome) -> State:
    """A rollout that has everything to clear up."""
    ending = Ending(outcome=outcome, reason="as the test says", at=START)
    held = {"ending": ending, "switch": "armed", "scaling": "held", "made": MADE}
    return enter(begin(plan), Phase.CLEANING, START).model_copy(update=held)


@settings(deadline=None)
@given(OUTCOMES, SCRIPTS, st.sampled_from(["readable", "unreadable"]))
def test_whatever_aws_answers_nothing_is_left_unsaid(outcome: Outcome, script: dict[str, list[str]], seen: str) -> None:
    """AWS gives the answers of a script, the last of them for ever; what is left in the end are the tasks whose last answer was no."""
    state, now, blind = cleaning(PLAN, outcome), START, seen == "unreadable"
    answered: dict[str, list[str]] = {}
    released = False
    while True:
        live = SCALING if released else SCALING.held()
        surroundings = Unavailable("no answer") if blind else Surroundings(scaling=(live,))
        decision = clean_up(PLAN, state, surroundings, now)
        state = decision.state
        if decision.action == "finish":
            break
        for task in decision.commands:
            given_so_far = answered.setdefault(name(task), [])
            answers = script.get(name(task), ["done"])
            given_so_far.append(answers[min(len(given_so_far), len(answers) - 1)])
            result = ANSWERS[given_so_far[-1]]
            state = record_result(state, task, result, now)
            released |= task.kind == "set_scaling" and result.status == "done"
            if result.status != "done":
                break
        now += decision.next_look

    assert now - START <= PLAN.policy.timeouts.update + timedelta(minutes=1)
    tasks = {"disarm_switch", *MADE} | (set[str]() if blind else {"set_scaling"})
    assert answered.keys() == tasks
    assert state.ending is not None
    said = {name(each.task): each.answer for each in state.ending.left if each.task}
    assert said == {task: ANSWERS[given[-1]] for task, given in answered.items() if given[-1] != "done"}
    assert any(each.task is None for each in state.ending.left) == blind
    assert state.ending.outcome is outcome
    assert ("left behind: " in state.ending.reason) == bool(state.ending.left)
