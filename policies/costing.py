"""What a rollout costs beside what the endpoint costs anyway: the instance-hours of those that serve beside the baseline.

Not counted, because AWS does not tell: the minutes in which a deployment runs the old and the new fleet at once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from policies.commands import ApplyConfig, Command, SetCapacity
from policies.plan import Plan
from policies.values import Frozen

_HOUR: Final = timedelta(hours=1)


class Prices(Frozen):
    """What an instance costs, as the user says. Rollway knows no prices of its own.

    Attributes:
        currency: for example EUR.
        per_hour: price of one instance for one hour, by instance type.
    """

    currency: Annotated[str, Field(min_length=1)]
    per_hour: dict[str, Annotated[float, Field(ge=0)]]


class Usage(Frozen):
    """Instances that ran for some time.

    Attributes:
        instance_type: SageMaker's instance type; empty where the configuration names none.
        hours: instance-hours.
    """

    instance_type: str
    hours: float

    def tell(self, prices: Prices | None = None) -> str:
        """Say it for a person: ``2.5 instance-hours of ml.m5.xlarge, 0.58 EUR by your prices``."""
        of_type = f" of {self.instance_type}" if self.instance_type else ""
        told = f"{self.hours:.3g} instance-hours{of_type}"
        price = prices.per_hour.get(self.instance_type) if prices else None
        return (
            f"{told}, {price * self.hours:.2f} {prices.currency} by your prices"
            if prices and price is not None
            else told
        )


def forecast_usage(plan: Plan) -> Usage:
    """Return what the rollout uses at least: every stage as long as its bake, AWS taking no time."""
    policy = plan.policy
    hours = 0.0
    for stage in plan.stages:
        if not stage.watch:
            lasts = policy.warm_up + stage.bake + policy.metrics.settle
            everybody = 1 if stage.shadow else len(plan.newcomers)
            hours += everybody * stage.instances * (lasts / _HOUR)
    return Usage(instance_type=_type_of(plan), hours=hours)


def measure_usage(plan: Plan, accepted: Iterable[tuple[datetime, Command]], until: datetime) -> Usage:
    """Return what the rollout has used.

    Args:
        plan: the rollout's plan.
        accepted: the commands that AWS accepted, with when it did, oldest first.
        until: when it was over, or the present.
    """
    counts: dict[str, int] = {}
    since, hours = plan.started_at, 0.0
    for at, command in (*accepted, (until, None)):
        hours += sum(counts.values()) * ((at - since) / _HOUR)
        since = at
        counts = _count(plan, counts, command)
    return Usage(instance_type=_type_of(plan), hours=hours)


def _count(plan: Plan, counts: dict[str, int], command: Command | None) -> dict[str, int]:
    """Return how many instances those beside the baseline have after a command."""
    match command:
        case ApplyConfig() if plan.shadowed and command.config == plan.shadowed.name:
            return {plan.candidate.variant: plan.stages[0].instances}
        case ApplyConfig(config=plan.side_by_side.name):
            return {newcomer.variant: newcomer.instances for newcomer in plan.newcomers}
        case ApplyConfig():
            return {}
        case SetCapacity() if command.variant in counts:
            return counts | {command.variant: command.instances}
        case _:
            return counts


def _type_of(plan: Plan) -> str:
    return str(plan.side_by_side.variant(plan.candidate.variant).get("InstanceType", ""))
