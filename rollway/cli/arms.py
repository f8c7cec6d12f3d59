"""The arms of an A/B test for people, and as the document that an application assigns its users by."""

from typing import Any

from policies.lifecycle import CLIMBING, State
from policies.plan import Plan
from policies.serving import ReadBack, is_known


def describe_test(plan: Plan, state: State) -> dict[str, Any]:
    """Return the arms of an A/B test and the arguments of ``rollway.assignment.assign``; nothing for any other rollout.

    There is no assignment while the challengers cannot be asked by their names: before they are up, on the way back and after the end.
    """
    if plan.policy.strategy != "ab_test":
        return {}
    shares, placed = arm_shares(plan, state), state.placement.shares
    serving = state.phase in CLIMBING and state.placement.config == plan.side_by_side.name
    return {
        "arms": [
            {"variant": each.variant, "model": each.model, "share": shares.get(each.variant, 0.0), "stands": stands}
            for each, stands in _stand(plan, state)
        ],
        "assignment": {"salt": plan.rollout_id, "baseline": plan.baseline.variant, "shares": placed}
        if serving
        else None,
    }


def arm_shares(plan: Plan, state: State) -> dict[str, float]:
    """Return what each arm's model gets, in percent by the arm's variant in the test: as read back at the end, else as last placed.

    The model that is promoted takes over the baseline's variant name, so a variant's name alone does not say whose share it is.
    """
    serving = state.ending.serving if state.ending else None
    config, shares = state.placement.config, state.placement.shares
    if isinstance(serving, ReadBack):
        config, shares = serving.config, {each.variant: each.share for each in serving.served}
    promotions = {plan.promoted.name: plan.candidate, **{each.promoted.name: each.contender for each in plan.rivals}}
    if config in promotions:
        return {promotions[config].variant: shares.get(plan.baseline.variant, 0.0)}
    return dict(shares) if is_known(plan, config) else {}


def shares_by_model(plan: Plan, state: State) -> dict[str, float]:
    """Return what the baseline's model and each challenger's get, in percent."""
    shares = arm_shares(plan, state)
    return {each.model: shares.get(each.variant, 0.0) for each in (plan.baseline, *plan.challengers)}


def tell_arms(plan: Plan, state: State) -> list[tuple[str, str]]:
    """Return one line for each arm of an A/B test; nothing for any other rollout."""
    if plan.policy.strategy != "ab_test":
        return []
    shares = arm_shares(plan, state)
    return [
        ("arm", f"{each.variant} · {each.model} · {shares.get(each.variant, 0.0):g} % · {stands}")
        for each, stands in _stand(plan, state)
    ]


def _stand(plan: Plan, state: State) -> list[tuple[Any, str]]:
    arms = [(plan.baseline, "baseline")]
    for each in sorted(plan.challengers, key=lambda challenger: challenger.variant):
        stands = f"left the test: {state.out[each.variant]}" if each.variant in state.out else "in the test"
        if state.winner:
            stands = "winner" if each.variant == state.winner else stands.replace("in the test", "did not win")
        arms.append((each, stands))
    return arms
