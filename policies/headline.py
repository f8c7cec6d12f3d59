"""How a rollout ended, in one line: the same words on the command line, in reports and in messages."""

from typing import Final

from policies.lifecycle import Ending, Outcome
from policies.plan import Plan

_HEADLINES: Final = {
    Outcome.PROMOTED: "{candidate} serves all traffic of {endpoint}",
    Outcome.ROLLED_BACK: "{endpoint} is back on {baseline}",
    Outcome.ABORTED: "the rollout of {candidate} on {endpoint} was stopped",
    Outcome.INCONCLUSIVE: "nobody could tell whether {candidate} is good enough for {endpoint}; it is back on {baseline}",
    Outcome.ROLLBACK_FAILED: "{endpoint} could not be brought back to {baseline}: a person is needed",
}


def headline(plan: Plan, ending: Ending) -> str:
    """Say in one line how a rollout ended."""
    candidate = plan.candidate.model if ending.outcome is Outcome.PROMOTED else plan.models
    names = {"candidate": candidate, "baseline": plan.baseline.model, "endpoint": plan.endpoint}
    return f"{ending.outcome} at {ending.at:%H:%M:%S} UTC · {_HEADLINES[ending.outcome].format(**names)}"
