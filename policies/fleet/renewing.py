"""Whether a fleet that ended well is so still, or has to be rolled out once more. Decides without effects."""

from collections.abc import Mapping
from typing import Final

from policies.fleet.deciding import DONE_WELL, FleetOutcome, Standings, stand_of
from policies.fleet.spec import FleetSpec, Target

RENEWABLE: Final[frozenset[FleetOutcome]] = frozenset({"PROMOTED", "PARTLY_PROMOTED"})
"""Ends after which a fleet may begin anew by itself; one that was halted stays so until a person decides."""

Serving = Mapping[str, bool]
"""By an endpoint's key: whether it is at rest with the model that the fleet gives it."""


def find_lapsed(fleet: FleetSpec, standings: Standings, serving: Serving) -> tuple[Target, ...]:
    """Return the endpoints that got the fleet's model and do not serve it any more, because something else came after it.

    Args:
        fleet: the fleet.
        standings: where its endpoints stood when it ended.
        serving: what they serve now; an endpoint that is absent counts as serving it, since nothing is known against that.
    """
    done = (each for each in fleet.targets if stand_of(standings, each) in DONE_WELL)
    return tuple(each for each in done if not serving.get(each.key, True))
