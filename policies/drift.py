"""Drift: a change of the endpoint that the rollout did not make.

Only read back while nothing is in flight. Instance counts of a variant that autoscaling looks after are no drift: it changes them by trade.
"""

from collections.abc import Iterator
from datetime import datetime

from policies.attribution import format_attribution
from policies.author import Attribution
from policies.declared import expected_targets
from policies.facts import IDLE_TROUBLE, Endpoint, ScalingTarget, Surroundings, Suspension, format_shares
from policies.goal import has_shares
from policies.lifecycle import Phase, ScalingStand, State
from policies.observation import Unavailable
from policies.plan import Plan


def find_drift(plan: Plan, state: State, endpoint: Endpoint, surroundings: Surroundings | Unavailable) -> str | None:
    """Describe what somebody else changed, or return None.

    On the way back only a configuration counts that is none of this rollout's: shares are about to be set anyway. A drift that was seen
    stands until the endpoint is seen at rest without it. Changes beside configuration and traffic may be accepted by a person.
    """
    if state.operation is not None or endpoint.busy:
        return state.drift
    if endpoint.config not in _known_configs(plan, state):
        return (
            f"somebody moved the endpoint to config {endpoint.config}; this rollout left it on {state.placement.config}"
        )
    if state.phase is Phase.ROLLING_BACK:
        return None
    if not has_shares(endpoint, state.placement.shares):
        found, left = format_shares(endpoint.shares), format_shares(state.placement.shares)
        return f"somebody changed the traffic to {found}; this rollout left it at {left}"
    if isinstance(surroundings, Unavailable):
        return None if state.drift in state.accepted else state.drift
    return next((told for told in _lesser(plan, state, endpoint, surroundings) if told not in state.accepted), None)


def is_taken_over(plan: Plan, state: State, endpoint: Endpoint) -> bool:
    """Whether a drift concerns configuration or traffic themselves, so that nothing of the rollout's is left to judge or to bring back."""
    return endpoint.config not in _known_configs(plan, state) or not has_shares(endpoint, state.placement.shares)


def was_taken_back(plan: Plan, state: State, endpoint: Endpoint) -> bool:
    """Whether the endpoint was put back on the baseline, by weights or by its old configuration, and not by a decision of this rollout.

    That is what the dead-man's switch does, late or twice as it may come, and what a person does in an emergency: either wants the
    baseline. ``attribution.returned_by`` says who it may have been.
    """
    if state.operation is not None or endpoint.busy or endpoint.status in IDLE_TROUBLE:
        return False
    if plan.is_original(endpoint.config):
        return not plan.is_original(state.placement.config)
    had_traffic = any(state.placement.shares.get(newcomer.variant, 0.0) > 0 for newcomer in plan.newcomers)
    beside = endpoint.config == plan.side_by_side.name and not plan.guard
    return had_traffic and beside and has_shares(endpoint, plan.split(0))


def explain_return(plan: Plan, endpoint: Endpoint, by: Attribution, now: datetime) -> str:
    """Say that the endpoint was put back and by whom, in the words that become the outcome's reason."""
    what = f"the endpoint was put back on config {endpoint.config}"
    if not plan.is_original(endpoint.config):
        what = f"all traffic was put back on {plan.baseline.variant}"
    return f"{what} {format_attribution(by, now)}"


def _lesser(plan: Plan, state: State, endpoint: Endpoint, surroundings: Surroundings) -> Iterator[str]:
    yield from _counts(plan, state, endpoint, surroundings)
    yield from _tags(plan.surroundings.tags, surroundings.tags)
    for variant in (each.variant for each in (plan.baseline, *plan.newcomers)):
        found, ours = surroundings.target(variant), variant == plan.baseline.variant
        left = expected_targets(plan, state) if ours else (plan.surroundings.target(variant),)
        if _describe(found) not in map(_describe, left):
            yield _bounds(variant, left[0], found)
        elif len(left) == 1:  # of a change whose answer is not known, neither are the suspensions
            yield from _suspensions(state.scaling if ours else "none", left[0], found)


def _counts(plan: Plan, state: State, endpoint: Endpoint, surroundings: Surroundings) -> Iterator[str]:
    counts_so_far = {stage.instances for stage in plan.stages[: state.stage + 1]}
    released = (
        {1} if state.promotion_setbacks else set[int]()
    )  # an idle variant gave its instances back for the promotion
    ordered = {newcomer.variant: counts_so_far | released for newcomer in plan.newcomers}
    ordered[plan.baseline.variant] = {plan.baseline.instances, plan.full_capacity}
    in_change = plan.baseline.variant if state.registration in {"asked", "aside"} else ""
    for variant in endpoint.variants:
        counts = ordered.get(variant.name, {variant.wanted_instances})
        if (
            variant.name != in_change
            and surroundings.target(variant.name) is None
            and variant.wanted_instances not in counts
        ):
            left = " or ".join(str(count) for count in sorted(counts))
            yield f"somebody scaled {variant.name} to {variant.wanted_instances} instances; this rollout left it at {left}"


def _tags(left: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    changed = {key for key in left.keys() | found.keys() if left.get(key) != found.get(key)}
    if changed:
        told = ", ".join(f"{key} from {left.get(key, 'none')} to {found.get(key, 'none')}" for key in sorted(changed))
        yield f"somebody changed the endpoint's tags: {told}"


def _bounds(variant: str, left: ScalingTarget | None, found: ScalingTarget | None) -> str:
    return f"somebody changed the scaling of {variant} to {_describe(found)}; this rollout left it at {_describe(left)}"


def _describe(target: ScalingTarget | None) -> str:
    return f"{target.minimum} to {target.maximum} instances" if target else "none"


def _suspensions(hold: ScalingStand, left: ScalingTarget | None, found: ScalingTarget | None) -> Iterator[str]:
    """Until the answer to our own suspension is known, scaling may be suspended or not."""
    if left is None or found is None:
        return
    held = left.held().suspended
    expected = {"none": {left.suspended}, "asked": {left.suspended, held}, "held": {held}}[hold]
    if found.suspended not in expected:
        told = f"somebody changed what is suspended of the scaling of {found.variant}"
        yield f"{told} to {_list(found.suspended)}; this rollout left it at {' or '.join(map(_list, sorted(expected)))}"


def _list(suspended: tuple[Suspension, ...]) -> str:
    return ", ".join(suspended) or "nothing"


def _known_configs(plan: Plan, state: State) -> set[str]:
    if state.phase is Phase.ROLLING_BACK:
        return {config.name for config in plan.configs}
    return {state.placement.config}
