"""Whether the account may have the instances that a rollout needs, by the quotas and the use that were read.

Counted as AWS counts when it turns an update down: while an endpoint moves from one configuration to the next, a new fleet for all of it
stands beside the old one. Without a quota, or without the use, nothing is said against a rollout: it is not checked, and told so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from policies.endpoint_config import EndpointConfig
from policies.errors import Problem
from policies.plan import Plan
from policies.values import Frozen


class Quota(Frozen):
    """How many instances of one type all endpoints of the account may have in the Region together.

    Attributes:
        name: its name, as AWS calls it.
        value: how many.
        in_use: how many they have now, or will once changes in flight are done.
    """

    name: str
    value: float
    in_use: int


class QuotaReading(Frozen):
    """What could be read of the quotas that matter.

    Attributes:
        quotas: by instance type.
        unchecked: why nothing can be said, as a sentence for a person; empty when all was read.
    """

    quotas: dict[str, Quota] = {}
    unchecked: str = ""


def find_shortages(plan: Plan, reading: QuotaReading) -> Iterator[Problem]:
    """Yield every quota that is surely too small for a rollout."""
    for kind, more in sorted(needed_instances(plan).items()):
        quota = reading.quotas.get(kind)
        if quota is not None and quota.in_use + more > quota.value:
            what = (
                f"is {quota.value:g} in this account and Region, of which {quota.in_use} are in use; "
                f"the rollout needs {more} more for a time"
            )
            remedy = f"ask for at least {quota.in_use + more} in Service Quotas, or free instances of that type"
            yield Problem(f"quota {quota.name}", what, remedy)


def needed_instances(plan: Plan) -> Counter[str]:
    """Return how many instances a rollout needs at most on top of those that serve now, by type.

    A type of which it never needs more than serve now is left out. What autoscaling adds meanwhile is not foreseen.
    """
    own = _fleet(plan.original, {plan.baseline.variant: plan.baseline.instances})
    peak: Counter[str] = Counter()
    for before, after in _moves(plan):
        peak |= before + after
    return peak - own


def _moves(plan: Plan) -> Iterator[tuple[Counter[str], Counter[str]]]:
    """Yield, for every move from one configuration to the next, the fleet that goes and the one that comes."""
    counts = {plan.baseline.variant: plan.baseline.instances}
    fleet = _fleet(plan.original, counts)
    if plan.guard is None:
        if plan.shadowed is not None:
            shadowed = _fleet(plan.shadowed, counts | {plan.candidate.variant: plan.stages[0].instances})
            yield fleet, shadowed
            fleet = shadowed
        yield fleet, _fleet(plan.side_by_side, counts | {each.variant: each.instances for each in plan.newcomers})
        most = max(stage.instances for stage in plan.stages if not stage.watch)
        counts |= dict.fromkeys((each.variant for each in plan.newcomers), most)
    counts[plan.baseline.variant] = plan.full_capacity
    fleet = _fleet(plan.original if plan.guard else plan.side_by_side, counts)
    yield fleet, _fleet(plan.promoted, counts)


def _fleet(config: EndpointConfig, counts: Mapping[str, int]) -> Counter[str]:
    """Return the instances of a configuration by type; variants with several types are left out, since nobody knows which they get."""
    variants = [*config.variants, *config.fields.get("ShadowProductionVariants", [])]
    fleet: Counter[str] = Counter()
    for variant in variants:
        if "InstanceType" in variant:
            fleet[variant["InstanceType"]] += counts.get(variant["VariantName"], variant.get("InitialInstanceCount", 0))
    return fleet
