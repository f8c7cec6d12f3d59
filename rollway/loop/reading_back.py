"""Reading back, with every look after a rollout's end is decided, which models its endpoint serves."""

from datetime import datetime

from policies.decision import Decision
from policies.errors import AwsError
from policies.facts import Endpoint
from policies.lifecycle import Phase, State
from policies.observation import Unavailable
from policies.plan import Plan
from policies.reading_back import config_to_describe, with_reading
from rollway.loop.hands import Hands


async def read_back(
    hands: Hands, plan: Plan, before: State, decision: Decision, seen: tuple[Endpoint | Unavailable, datetime]
) -> Decision:
    """Return the decision with what the endpoint serves in its ending, where there is one.

    Args:
        hands: how AWS is read.
        plan: the rollout's plan.
        before: the state before the decision.
        decision: the decision.
        seen: the endpoint as this look found it, and when.
    """
    if before.phase is Phase.FINISHED:
        return decision
    endpoint, now = seen
    name = config_to_describe(plan, before, decision, endpoint)
    if name is None:
        return with_reading(plan, decision, endpoint, now)
    try:
        return with_reading(plan, decision, endpoint, now, await hands.read_config(name))
    except AwsError as error:
        return with_reading(plan, decision, endpoint, now, Unavailable(str(error)))
