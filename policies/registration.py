"""A variant's whole registration for autoscaling, and the change of it that a rollout makes where a blueprint declares another.

Values only. When the change is due is said in ``policies.declared``, how it is carried out in ``rollway.aws.replacing``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from policies.blueprint.defaults import in_utc
from policies.blueprint.difference import compare_scaling
from policies.blueprint.model import VariantScaling
from policies.facts import Facts, ScalingTarget, Suspension
from policies.values import Frozen

Stand = Literal["before", "aside", "after"]
"""Which registration a variant has: the one from before the rollout, none while it moves to another instance type, the one it ends with."""


class Registration(Frozen):
    """How Application Auto Scaling looks after a variant, completely.

    Attributes:
        scaling: bounds, policies and scheduled actions.
        suspended: what is suspended, in alphabetical order.
    """

    scaling: VariantScaling
    suspended: tuple[Suspension, ...] = ()

    def target(self, variant: str) -> ScalingTarget:
        """Return its bounds and suspensions alone."""
        return ScalingTarget(
            variant=variant, minimum=self.scaling.min, maximum=self.scaling.max, suspended=self.suspended
        )

    def held(self, variant: str) -> "Registration":
        """Return it as it shall be while a rollout lasts."""
        return self.model_copy(update={"suspended": self.target(variant).held().suspended})

    def without_past(self, now: datetime) -> "Registration":
        """Return it without the scheduled actions that are never due again: AWS takes none of those."""
        due = {name: action for name, action in self.scaling.scheduled.items() if not is_over(action, now)}
        return self.model_copy(update={"scaling": self.scaling.model_copy(update={"scheduled": due})})

    def differs_from(self, other: "Registration") -> list[str]:
        """Return the paths of everything in which it is not as another; what AWS fills in by itself is no difference."""
        told = [difference.path for difference in compare_scaling(self.scaling, other.scaling)]
        return [*told, *(["suspended"] if self.suspended != other.suspended else [])]

    def __str__(self) -> str:
        """Say it in a few words: ``2 to 10 instances, 1 policy``."""
        parts = [f"{self.scaling.min} to {self.scaling.max} instances"]
        for count, one, many in (
            (len(self.scaling.policies), "policy", "policies"),
            (len(self.scaling.scheduled), "scheduled action", "scheduled actions"),
        ):
            parts += [f"{count} {one if count == 1 else many}"] if count else []
        return ", ".join(parts)


class ScalingChange(Frozen):
    """What a rollout changes of the registration of the variant that is promoted.

    Attributes:
        before: the registration from before the rollout, to which every rollback returns; None for none.
        after: the registration that the promoted variant gets.
        aside: whether the variant moves to another instance type, and back on the way back: AWS would move it only while it has none.
        declared: whether a blueprint declares ``after``; it is ``before``, carried over, otherwise.
    """

    before: Registration | None
    after: Registration
    aside: bool = False
    declared: bool = True


def plan_scaling(facts: Facts) -> ScalingChange | None:
    """Return the change of the scaling that a rollout makes, or None where it leaves all but suspensions as they are."""
    (live,) = facts.endpoint.variants
    before, aside = _registration_of(facts, live.name), changes_type(facts)
    after = declare(facts.declared_scaling) if facts.declared_scaling else before
    if after is None or (before and not before.differs_from(after) and not aside):
        return None
    return ScalingChange(before=before, after=after, aside=aside, declared=facts.declared_scaling is not None)


def changes_type(facts: Facts) -> bool:
    """Whether the promoted variant runs on another instance type than the live one."""
    (live,) = facts.endpoint.variants
    types = (facts.config.variant(live.name).get("InstanceType"), facts.wanted.variants[0].get("InstanceType"))
    return types[0] != types[1]


def _registration_of(facts: Facts, variant: str) -> Registration | None:
    target = facts.surroundings.target(variant)
    if target is None or facts.own_scaling is None:
        return None
    return Registration(scaling=facts.own_scaling, suspended=target.suspended)


def declare(scaling: VariantScaling) -> Registration:
    """Return the registration that a blueprint declares: nothing of it is suspended."""
    scheduled = {name: in_utc(action) for name, action in scaling.scheduled.items()}
    return Registration(scaling=scaling.model_copy(update={"scheduled": scheduled}))


def is_over(action: Mapping[str, Any], now: datetime) -> bool:
    """Whether a scheduled action is never due again: its one time, or the end of its schedule, is past.

    A time that cannot be read counts as to come: AWS will say what is wrong with it.
    """
    if "EndTime" in action and _moment(action["EndTime"]) <= now:
        return True
    once = str(action["Schedule"]).removeprefix("at(")
    if once == action["Schedule"]:
        return False
    try:
        zone = ZoneInfo(str(action.get("Timezone", "UTC")))
        return datetime.fromisoformat(once.removesuffix(")")).replace(tzinfo=zone) <= now
    except (ValueError, ZoneInfoNotFoundError):
        return False


def _moment(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
