"""Whether a candidate may have traffic, also by what was sent and not read back."""

from policies.commands import ApplyConfig, SetShares
from policies.lifecycle import State
from policies.plan import Plan


def may_have_traffic(plan: Plan, state: State) -> bool:
    """Whether a challenger may have traffic: by what was last read back, or by a change whose end was not."""
    guarded_or_alone = {plan.promoted.name, *(rival.promoted.name for rival in plan.rivals)}
    sent = [each.command for each in (state.operation, state.attempt) if each is not None]
    configs = {state.placement.config, *(each.config for each in sent if isinstance(each, ApplyConfig))}
    shares = [state.placement.shares, *(each.shares for each in sent if isinstance(each, SetShares))]
    newcomers = [each.variant for each in plan.newcomers if each.variant != plan.baseline.variant]
    return bool(configs & guarded_or_alone) or any(split.get(name, 0.0) > 0 for split in shares for name in newcomers)
