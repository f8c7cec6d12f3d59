"""What a registry is told of a rollout that has ended. Decides without effects."""

from typing import Final

from policies.bindings.origin import Origin
from policies.lifecycle import Ending, Outcome
from policies.plan import Plan
from policies.serving import NotReadBack, describe_serving
from policies.values import Frozen

REASON_LIMIT: Final = 250
"""Characters of the reason: SageMaker takes 256 in a value."""


class Tidings(Frozen):
    """What a registry shall be told.

    Attributes:
        origin: the version that it is told of.
        tags: tags of the version, or entries of its metadata.
        alias: an alias that the version gets; empty for none.
        reject: why the version counts as rejected from now on; empty where it does not.
    """

    origin: Origin
    tags: dict[str, str]
    alias: str = ""
    reject: str = ""

    def __str__(self) -> str:
        """Return what is told in a few words, for a log."""
        told = f"{self.origin.registry} is told of {self.origin.model} {self.origin.version}: {self.tags['rollway.outcome']}"
        return told + (f", alias {self.alias}" if self.alias else "") + (", rejected" if self.reject else "")


def write_tidings(plan: Plan, ending: Ending, report: str, *, newest: bool) -> Tidings | None:
    """Return what to tell the registry of a rollout, or None where nobody asked for that.

    Args:
        plan: the rollout's plan as it began: its candidate is the version's model, also where another challenger won an A/B test.
        ending: how it ended.
        report: where its journal lies.
        newest: whether no other rollout of the endpoint began since: an alias is not moved for what others have overtaken.
    """
    origin = plan.origin
    if origin is None or not origin.write_back:
        return None
    when = f"{ending.at:%Y-%m-%d %H:%M} UTC"
    taken_back = ending.outcome is Outcome.ROLLED_BACK
    serves = ending.outcome is Outcome.PROMOTED and _serves_alone(plan, ending)
    return Tidings(
        origin=origin,
        tags={
            "rollway.outcome": str(ending.outcome),
            f"rollway.endpoint.{plan.endpoint}": f"{ending.outcome} at {when}",
            "rollway.reason": ending.reason[:REASON_LIMIT],
            "rollway.serving": describe_serving(ending.serving)[:REASON_LIMIT],
            "rollway.journal": report,
        },
        alias=origin.alias_when_promoted if serves and newest else "",
        reject=f"Rollway took it back on {plan.endpoint} at {when}: {ending.reason}"
        if taken_back and origin.reject_on_rollback
        else "",
    )


def _serves_alone(plan: Plan, ending: Ending) -> bool:
    """Whether the model of the version was read back to get all traffic: an alias must not name what somebody has replaced."""
    serving = ending.serving
    if isinstance(serving, NotReadBack) or serving.alone is None:
        return False
    return serving.alone.model == plan.promoted.variants[0].get("ModelName")
