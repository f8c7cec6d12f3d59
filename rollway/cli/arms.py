"""The arms of an A/B test for people, and as the document that an application assigns its users by."""

from typing import Any

from policies.lifecycle import CLIMBING, State
from policies.plan import Plan


def describe_test(plan: Plan, state: State) -> dict[str, Any]:
    """Return the arms of an A/B test and the arguments of ``rollway.assignment.assign``; nothing for any other rollout.

    There is no assignment while the challengers cannot be asked by their names: before they are up, on the way back and after the end.
    """
    if plan.policy.strategy != "ab_test":
        return {}
    shares = state.placement.shares
    serving = state.phase in CLIMBING and state.placement.config == plan.side_by_side.name
    return {
        "arms": [
            {"variant": each.variant, "model": each.model, "share": shares.get(each.variant, 0.0), "stands": stands}
            for each, stands in _stand(plan, state)
        ],
        "assignment": {"salt": plan.rollout_id, "baseline": plan.baseline.variant, "shares": shares}
        if serving
        else None,
    }


def tell_arms(plan: Plan, state: State) -> list[tuple[str, str]]:
    """Return one line for each arm of an A/B test; nothing for any other rollout."""
    if plan.policy.strategy != "ab_test":
        return []
    shares = state.placement.shares
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
