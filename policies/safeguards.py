"""What must stand before the endpoint may change: the baseline keeps its capacity, and AWS can bring the traffic back without us."""

from collections.abc import Iterator
from datetime import datetime

from policies.commands import ArmGuard, ArmSwitch, Command, DisarmSwitch, RemoveGuard, SetScaling
from policies.exposure import may_have_traffic
from policies.facts import HELD_SCALING, ScalingTarget, Surroundings
from policies.lifecycle import Outcome, Phase, State
from policies.observation import Unavailable
from policies.plan import Plan


def raise_safeguards(plan: Plan, state: State, surroundings: Surroundings, now: datetime) -> Iterator[Command]:
    """Yield the commands that are still due before the next change of the endpoint.

    Autoscaling that somebody set up meanwhile is not held: nobody could say later what it was like before.
    """
    original, target = (each.target(plan.baseline.variant) for each in (plan.surroundings, surroundings))
    if original is not None and target is not None and state.scaling != "held":
        yield SetScaling(endpoint=plan.endpoint, scaling=target.held())
    if plan.switch is not None and state.phase is Phase.SHIFTING and state.switch != "armed":
        yield arm(plan, now)
    if plan.guard is not None and state.phase is Phase.PREPARING and state.switch != "armed":
        yield arm(plan, now)


def may_extend(plan: Plan, state: State) -> bool:
    """Whether this process may keep the dead-man's switch, or the guard's alarms, from acting.

    Not on a way back that meets failures while the candidate may still have traffic: what takes it away then is welcome.
    """
    return state.phase is not Phase.ROLLING_BACK or not state.failures or not may_have_traffic(plan, state)


def arm(plan: Plan, now: datetime) -> ArmSwitch | ArmGuard:
    """Return the command that has the switch, or the guard's alarms, act one lease from now, unless it is given again before."""
    if plan.guard is not None:
        return ArmGuard(guard=plan.guard, at=now)
    if plan.switch is None:
        raise ValueError("this rollout has no dead-man's switch")
    return ArmSwitch(switch=plan.switch, endpoint=plan.endpoint, shares=plan.split(0), fires_at=now + plan.policy.lease)


def lower_safeguards(plan: Plan, state: State, surroundings: Surroundings | Unavailable) -> Iterator[Command]:
    """Yield the commands that put back what the safeguards changed.

    Of the scaling only what this rollout suspended is set going again, and only while all of it is suspended still: whatever else
    looks otherwise by now is somebody else's doing, and stays.
    """
    if not isinstance(surroundings, Unavailable) and state.scaling != "none":
        original, live = _settled_target(plan, state), surroundings.target(plan.baseline.variant)
        if original and live and (released := _release(original, live)) != live:
            yield SetScaling(endpoint=plan.endpoint, scaling=released)
    if plan.switch is not None and state.switch in {"asked", "armed"}:
        yield DisarmSwitch(switch=plan.switch)
    if plan.guard is not None and state.switch in {"asked", "armed"}:
        yield RemoveGuard(guard=plan.guard)


def _settled_target(plan: Plan, state: State) -> ScalingTarget | None:
    """Return the baseline's registration without this rollout's suspensions.

    After a promotion it is the one that a blueprint declares, once that stands; after any other end the earlier one, even where what
    others have changed meanwhile keeps it from being put back whole.
    """
    promoted = state.ending is not None and state.ending.outcome is Outcome.PROMOTED
    if promoted and plan.scaling is not None and state.registration == "after":
        return plan.scaling.after.target(plan.baseline.variant)
    return plan.surroundings.target(plan.baseline.variant)


def _release(original: ScalingTarget, live: ScalingTarget) -> ScalingTarget:
    added = set(HELD_SCALING) - set(original.suspended)
    if not added <= set(live.suspended):
        return live
    return live.model_copy(update={"suspended": tuple(each for each in live.suspended if each not in added)})
