"""How the series of an A/B test's metric are called among the metrics: one for what is summed and one for what it is divided by, an arm."""

from policies.observation import ARMS, Arm


def total_of(gate: str, arm: Arm) -> str:
    """Name the series of an arm's sums."""
    return f"{gate}:{arm}:total"


def count_of(gate: str, arm: Arm) -> str:
    """Name the series of how many values an arm's sums are made of."""
    return f"{gate}:{arm}:count"


def series_names(gate: str) -> tuple[str, ...]:
    """Name all series of a gate."""
    return tuple(name(gate, arm) for arm in ARMS for name in (total_of, count_of))
