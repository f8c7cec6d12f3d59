"""Target tracking as a pure decision: from a variant's load, minute by minute, to the instance count that one policy wants.

The alarms are those that AWS makes for such a policy: three minutes above the target, fifteen below 90 % of it. How many
instances AWS then takes is not published; here as many as bring the busiest of those minutes down to the target.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

METRIC: Final = "SageMakerVariantInvocationsPerInstance"
MINUTES_ABOVE: Final = 3
MINUTES_BELOW: Final = 15
_LOW: Final = 0.9

Loads = Sequence[float | None]
"""A variant's invocations in each of the latest minutes, the oldest first; None where they are not known."""


def tracks_invocations(configuration: Mapping[str, Any]) -> bool:
    """Say whether a target tracking configuration follows the only metric that is simulated."""
    predefined: Mapping[str, Any] = configuration.get("PredefinedMetricSpecification") or {}
    return predefined.get("PredefinedMetricType") == METRIC


def wanted_count(loads: Loads, instances: int, target: float) -> int | None:
    """Return the count that a policy wants, more or fewer than ``instances``; None while neither alarm holds.

    Args:
        loads: the latest minutes, at least fifteen of them if it is to scale in.
        instances: the present count, at least 1.
        target: invocations per minute and instance.
    """
    above, below = _known(loads, MINUTES_ABOVE), _known(loads, MINUTES_BELOW)
    if above and min(above) / instances > target:
        return math.ceil(max(above) / target)
    if below and max(below) / instances < _LOW * target:
        wanted = math.ceil(max(below) / target)
        return wanted if wanted < instances else None
    return None


def agree(wanted: Sequence[int | None], instances: int) -> int | None:
    """Return what a variant's policies want together: out as far as the boldest one, in only when all want it."""
    out = [count for count in wanted if count is not None and count > instances]
    if out:
        return max(out)
    inward = [count for count in wanted if count is not None]
    return max(inward) if inward and len(inward) == len(wanted) else None


def _known(loads: Loads, minutes: int) -> list[float]:
    """Return the latest minutes; nothing when one of them is missing or not known."""
    known = [load for load in loads[-minutes:] if load is not None]
    return known if len(known) == minutes else []
