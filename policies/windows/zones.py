"""Time zones by their names in the IANA database."""

from typing import Final
from zoneinfo import ZoneInfo

_LONGEST: Final = 64
"""Letters of a name: looking a path up costs more than in proportion."""


def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone of a name; None where there is none."""
    if not name or len(name) > _LONGEST:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
