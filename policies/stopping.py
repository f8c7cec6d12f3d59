"""What keeps a candidate from getting more for now, though nothing speaks against it."""

from datetime import datetime, timedelta

from policies.baking import bake_ends
from policies.decision import Decision
from policies.lifecycle import Outcome, Phase, State, turn_back
from policies.observation import Observation, Unavailable
from policies.plan import Plan


def what_stops(plan: Plan, state: State, observation: Observation, now: datetime) -> Decision | None:
    """Hold where the candidate may get no more for now, though nothing speaks against it; turn back where SageMaker would not wait."""
    why = why_stopped(plan, state, observation)
    in_step = plan.stages[state.stage].guarded and state.phase is Phase.BAKING
    if why and in_step and now >= bake_ends(plan, state):
        reason = f"SageMaker waits for nobody — {why}"
        return Decision(turn_back(state, Outcome.ABORTED, reason, now), "act", reason, timedelta(0))
    return Decision(state, "hold", why, plan.policy.metrics.look_every) if why else None


def why_stopped(plan: Plan, state: State, observation: Observation) -> str | None:
    """Say why the candidate may get no more for now, though nothing speaks against it."""
    if state.paused:
        return f"paused by {state.paused.by} since {state.paused.since:%H:%M:%S} UTC: {state.paused.reason}"
    if observation.halt:
        return f"every rollout is halted since {observation.halt.since:%H:%M:%S} UTC by {observation.halt.by}: {observation.halt.reason}"
    in_step = plan.stages[state.stage].guarded and state.phase is Phase.BAKING  # which SageMaker ends by itself
    if isinstance(observation.surroundings, Unavailable) and not in_step:
        return f"cannot read the endpoint's tags and scaling: {observation.surroundings.why}"
    return None
