"""How a rollout ended, in one line: the same words on the command line, in reports and in messages.

Which model serves is said from what was read back of the endpoint, never from the plan.
"""

from typing import assert_never

from policies.lifecycle import Ending, Outcome, State
from policies.plan import Plan
from policies.serving import NotReadBack, describe_serving, is_on_baseline, promoted_model


def headline(plan: Plan, ending: Ending) -> str:
    """Say in one line how a rollout ended, and which model serves."""
    return f"{ending.outcome} at {ending.at:%H:%M:%S} UTC · {_explain(plan, ending)}"


def name_candidates(plan: Plan, state: State) -> str:
    """Name the models that may replace the baseline's; of an A/B test that has a winner, that one."""
    return plan.duel(state.winner).candidate.model if state.winner else plan.models


def is_confirmed(plan: Plan, ending: Ending) -> bool:
    """Say whether what was read back is what the outcome promises: the promoted model, or else the baseline, serves alone."""
    if ending.outcome is Outcome.PROMOTED:
        return promoted_model(plan, ending.serving) is not None
    return is_on_baseline(plan, ending.serving)


def confirmed_reason(plan: Plan, ending: Ending) -> str:
    """Return why a rollout ended so, and what serves where that is not what the outcome promises."""
    return ending.reason if is_confirmed(plan, ending) else f"{ending.reason}; {describe_serving(ending.serving)}"


def _explain(plan: Plan, ending: Ending) -> str:
    serving, baseline, endpoint = describe_serving(ending.serving), plan.baseline.model, plan.endpoint
    back = is_on_baseline(plan, ending.serving)
    match ending.outcome:
        case Outcome.PROMOTED:
            told = _explain_promotion(plan, ending)
        case Outcome.ROLLED_BACK:
            told = (
                f"{endpoint} is back on {baseline}"
                if back
                else f"{plan.models} was taken back from {endpoint}; {serving}"
            )
        case Outcome.ABORTED:
            told = f"the rollout of {plan.models} on {endpoint} was stopped; {serving}"
        case Outcome.INCONCLUSIVE:
            stands = f"it is back on {baseline}" if back else serving
            told = f"nobody could tell whether {plan.models} is good enough for {endpoint}; {stands}"
        case Outcome.ROLLBACK_FAILED:
            told = f"{endpoint} could not be brought back to {baseline}: a person is needed; {serving}"
        case _:
            assert_never(ending.outcome)
    return told


def _explain_promotion(plan: Plan, ending: Ending) -> str:
    winner = promoted_model(plan, ending.serving)
    serving = describe_serving(ending.serving)
    if winner:
        return f"{winner.model} serves all traffic of {plan.endpoint}"
    if isinstance(ending.serving, NotReadBack):
        return f"the rollout of {plan.candidate.model} on {plan.endpoint} has ended; {serving}"
    return f"the promotion of {plan.candidate.model} on {plan.endpoint} is no longer in place; {serving}"
