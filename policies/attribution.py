"""Who changed the endpoint: this rollout, AWS, the dead-man's switch or somebody else, with the evidence for it.

This is the one place that answers the question. SageMaker says neither who asked for a change nor which request led to a state, so the
answer follows from what is known: the rollout's own record (placement, operation, attempt), the deployment that AWS shows as pending, its
FailureReason, and whether the dead-man's switch was due. Where several may have done it, all of them are named.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from policies.author import Attribution, Author
from policies.commands import ApplyConfig, Command, SetCapacity, SetShares
from policies.facts import Endpoint, format_shares, same_share
from policies.goal import has_shares
from policies.lifecycle import CLIMBING, Operation, Phase, State
from policies.observation import Circumstances
from policies.plan import Plan
from policies.values import format_moment


def returned_by(plan: Plan, state: State, endpoint: Endpoint, known: Circumstances) -> Attribution:
    """Say who put the endpoint back on the baseline while the rollout was on its way up. The switch sets weights, no configuration."""
    by_weights = not plan.is_original(endpoint.config)
    armed = by_weights and plan.switch is not None and state.switch in {"asked", "armed"}
    due = known.switch_due if armed else None
    authors = [Author.SWITCH] if due else []
    authors += [Author.ROLLOUT] if known.unobserved_since and not due else []
    return Attribution(
        authors=(*authors, Author.OTHERS),
        has_switch=armed,
        switch_due=due,
        unobserved_since=known.unobserved_since,
    )


def reverted_by(plan: Plan, state: State, endpoint: Endpoint, known: Circumstances) -> Attribution:
    """Say who undid a change that AWS had accepted, so that the endpoint is as it was before."""
    if endpoint.failure_reason:
        return Attribution(authors=(Author.AWS,), failure_reason=endpoint.failure_reason)
    shifted = state.operation is not None and isinstance(state.operation.command, SetShares)
    armed = shifted and plan.switch is not None and state.switch in {"asked", "armed"}
    due = known.switch_due if armed and has_shares(endpoint, plan.split(0)) else None
    others = (Author.OTHERS,) if shifted or known.unobserved_since else ()
    authors = ((Author.SWITCH,) if due else ()) + (Author.AWS,) + others
    return Attribution(
        authors=authors, has_switch=armed, switch_due=due, unobserved_since=known.unobserved_since if others else None
    )


def claim(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> State:
    """Take a change in flight for this rollout's own where the evidence says so, though its answer was lost."""
    if not endpoint.busy or state.operation is not None:
        return state
    own = _own_change(plan, state, endpoint, now)
    return state.model_copy(update={"operation": own, "attempt": None}) if own else state


def is_unchanged(state: State, endpoint: Endpoint) -> bool:
    """Whether configuration and traffic are what this rollout last read back."""
    return endpoint.config == state.placement.config and has_shares(endpoint, state.placement.shares)


def describe_work(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> str:
    """Say what AWS is at work on and at whose request."""
    operation = state.operation
    if operation is not None:
        since = format_moment(operation.since, now)
        return f"AWS has been at work on {name_change(plan, operation.command)} since {since}"
    if endpoint.status == "Deleting":
        return "the endpoint is being deleted, not by this rollout"
    if endpoint.status in _AWS_ALONE:
        return f"the endpoint is {endpoint.status}: AWS is at work on it by itself"
    if endpoint.pending_config is not None:
        return f"somebody else is moving the endpoint to config {endpoint.pending_config}"
    return f"the endpoint is {endpoint.status}, not by this rollout{''.join(_differences(endpoint))}"


def name_change(plan: Plan, command: Command) -> str:
    """Name what a change of the endpoint is for."""
    match command:
        case ApplyConfig():
            return f"{_name_deployment(plan, command.config)} (config {command.config})"
        case SetShares():
            back = command.shares == plan.split(0)
            return (
                "the return of all traffic to the baseline" if back else f"the shift to {format_shares(command.shares)}"
            )
        case SetCapacity():
            return f"scaling {command.variant} to {command.instances}"
        case _:
            return command.kind.replace("_", " ")


def _name_deployment(plan: Plan, config: str) -> str:
    if plan.is_original(config):
        return "the return to the baseline"
    promoted = {plan.promoted.name, *(rival.promoted.name for rival in plan.rivals)}
    return "the promotion" if config in promoted else "the deployment of the candidate"


def format_attribution(known: Attribution, now: datetime) -> str:
    """Say who did it and why that is believed: "by somebody else; the dead-man's switch was not due"."""
    who = " or ".join(_PHRASES[author] for author in known.authors)
    notes = [f"the dead-man's switch was due since {format_moment(known.switch_due, now)}"] if known.switch_due else []
    if known.has_switch and not known.switch_due:
        notes.append("the dead-man's switch was not due")
    if known.unobserved_since:
        notes.append(f"no process observed it since {format_moment(known.unobserved_since, now)}")
    if Author.AWS in known.authors:
        notes.append(f"AWS's reason: {known.failure_reason}" if known.failure_reason else "AWS gives no reason")
    return f"by {who}" + (f" ({'; '.join(notes)})" if notes else "")


_AWS_ALONE: Final = frozenset({"SystemUpdating", "RollingBack"})
_PHRASES: Final = {
    Author.ROLLOUT: "an earlier process of this rollout whose last records did not reach the journal",
    Author.AWS: "AWS",
    Author.SWITCH: "the dead-man's switch",
    Author.OTHERS: "somebody else",
}


def _own_change(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> Operation | None:
    attempt = state.attempt
    if attempt is not None and _is_on_its_way(attempt.command, endpoint):
        return attempt.model_copy(update={"seen_busy": True})
    pending = endpoint.pending_config
    ours = {config.name for config in plan.configs}
    if state.phase in CLIMBING:  # on the way up nothing of this rollout applies the original
        ours -= {plan.original.name, plan.original_copy.name}
    if pending is None or pending not in ours or state.phase is Phase.FINISHED:
        return None
    deployment = plan.guard.deployment if plan.guard and pending == plan.promoted.name else None
    command = ApplyConfig(endpoint=plan.endpoint, config=pending, replaces=endpoint.config, deployment=deployment)
    return Operation(command=command, since=now, seen_busy=True)


def _is_on_its_way(command: Command, endpoint: Endpoint) -> bool:
    match command:
        case ApplyConfig():
            return endpoint.pending_config == command.config
        case SetShares():
            return endpoint.pending_config is None and _wants(endpoint, command.shares)
        case SetCapacity():
            variant = endpoint.variant(command.variant)
            return variant is not None and variant.wanted_instances == command.instances != variant.instances
        case _:
            return False


def is_another(command: Command, endpoint: Endpoint) -> bool:
    """Whether what AWS shows to be under way excludes that it is this command."""
    if endpoint.status in {"SystemUpdating", "Deleting", "RollingBack"}:
        return False
    match command:
        case ApplyConfig():
            return endpoint.pending_config not in {None, command.config}
        case SetShares():
            shifting = any(not same_share(each.share, each.wanted_share) for each in endpoint.variants)
            return endpoint.pending_config is not None or (shifting and not _wants(endpoint, command.shares))
        case _:
            return endpoint.pending_config is not None


def _wants(endpoint: Endpoint, shares: dict[str, float]) -> bool:
    wanted = {variant.name: variant.wanted_share for variant in endpoint.variants}
    return wanted.keys() == shares.keys() and all(same_share(wanted[name], shares[name]) for name in shares)


def _differences(endpoint: Endpoint) -> Iterator[str]:
    if any(not same_share(each.share, each.wanted_share) for each in endpoint.variants):
        yield f"; its traffic goes to {format_shares({each.name: each.wanted_share for each in endpoint.variants})}"
    for each in endpoint.variants:
        if each.instances != each.wanted_instances:
            yield f"; {each.name} is being scaled from {each.instances} to {each.wanted_instances} instances"
