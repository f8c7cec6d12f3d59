"""What a blueprint declares besides its configuration: its models, which come first, and its scaling, which comes last.

The scaling takes the place of the endpoint's own once the promoted configuration serves, and before the rollout counts as promoted. On
every way back the endpoint's own returns.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from policies.commands import ApplyConfig, Command, CreateConfig, CreateModel, ReplaceScaling
from policies.facts import ScalingTarget, Surroundings
from policies.lifecycle import Outcome, Phase, State
from policies.plan import Plan
from policies.registration import Stand


def prepare(plan: Plan, state: State, commands: Sequence[Command], now: datetime) -> Iterator[Command]:
    """Yield what is due on the way up before some commands: models before a configuration that may name them, and ``step_aside``."""
    if any(isinstance(command, CreateConfig) for command in commands):
        due = (name for name in plan.new_models if name not in state.models)
        yield from (CreateModel(model=name, members=plan.new_models[name]) for name in due)
    yield from step_aside(plan, state, commands, now)


def step_aside(plan: Plan, state: State, commands: Sequence[Command], now: datetime) -> Iterator[Command]:
    """Yield the command that takes the registration of a variant away before it moves to another instance type, or back."""
    moves = any(isinstance(command, ApplyConfig) for command in commands)
    if moves and plan.scaling is not None and plan.scaling.aside and _may_be_registered(plan, state):
        yield from replace(plan, "aside", now)


def register(plan: Plan, state: State, now: datetime) -> tuple[Command, ...]:
    """Return the command that gives the promoted variant its scaling, if that is still due."""
    due = plan.scaling is not None and state.phase is Phase.PROMOTING and state.registration != "after"
    return tuple(replace(plan, "after", now)) if due else ()


def put_back(plan: Plan, state: State, surroundings: Surroundings, now: datetime) -> Iterator[Command]:
    """Yield the command that brings the earlier scaling back, unless somebody else has set up another one since."""
    if not is_to_be_put_back(plan, state):
        return
    live = surroundings.target(plan.baseline.variant)
    if _bounds(live) in {_bounds(target) for target in expected_targets(plan, state)}:
        yield from replace(plan, "before", now)


def is_to_be_put_back(plan: Plan, state: State) -> bool:
    """Whether the rollout ends without a promotion, and the earlier scaling may not stand."""
    promoted = state.ending is not None and state.ending.outcome is Outcome.PROMOTED
    return plan.scaling is not None and not promoted and state.registration != "before"


def expected_targets(plan: Plan, state: State) -> tuple[ScalingTarget | None, ...]:
    """Return how the registration of the promoted variant may be by this rollout's doing, its own suspensions left out of account."""
    variant = plan.baseline.variant
    if plan.scaling is None or state.registration == "before":
        return (plan.surroundings.target(variant),)
    before = plan.scaling.before.target(variant) if plan.scaling.before else None
    after = plan.scaling.after.target(variant)
    return {"aside": (None,), "after": (after,), "asked": (before, after, None)}[state.registration]


def replace(plan: Plan, stand: Stand, now: datetime) -> Iterator[Command]:
    """Yield the command that makes one of the rollout's registrations stand; the new one is held back while the rollout lasts."""
    if plan.scaling is None:
        return
    variant = plan.baseline.variant
    registrations = {"before": plan.scaling.before, "aside": None, "after": plan.scaling.after.held(variant)}
    yield ReplaceScaling(
        endpoint=plan.endpoint, variant=variant, registration=registrations[stand], stand=stand, at=now
    )


def tell_models(state: State) -> str:
    """Say of the models that were created that they stay; empty where none was."""
    several = len(state.models) > 1
    told = f"model{'s' if several else ''} {', '.join(state.models)}, created for this rollout, stay{'' if several else 's'}"
    return told if state.models else ""


def _may_be_registered(plan: Plan, state: State) -> bool:
    """Whether there may be a registration that is in the way of the configuration that the phase leads to."""
    if state.phase is Phase.PROMOTING:
        return plan.surroundings.target(plan.baseline.variant) is not None and state.registration != "aside"
    return state.phase is Phase.ROLLING_BACK and state.registration in {"after", "asked"}


def _bounds(target: ScalingTarget | None) -> tuple[int, int] | None:
    return (target.minimum, target.maximum) if target else None
