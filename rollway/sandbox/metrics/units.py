"""The units that CloudWatch knows, and those in which the simulated services publish."""

from typing import Final

NO_UNIT: Final = "None"
_SIZES: Final = (
    *("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"),
    *("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"),
)
UNITS: Final = frozenset(
    {NO_UNIT, "Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second"}
    | {size + per for size in _SIZES for per in ("", "/Second")}
)
_PUBLISHED: Final = {
    ("AWS/SageMaker", "ModelLatency"): "Microseconds",
    ("AWS/SageMaker", "OverheadLatency"): "Microseconds",
}


def published_unit(namespace: str, metric: str) -> str:
    """Return the unit in which a service publishes a metric."""
    return _PUBLISHED.get((namespace, metric), NO_UNIT)
