"""Policies for the tests of calibration."""

from typing import Any, Final

from policies.loading import parse_policy
from policies.spec import Policy

_QUICK: Final[dict[str, Any]] = {
    "strategy": "canary",
    "stages": [{"share": 10, "bake": "5m"}, {"share": 50, "bake": "5m"}],
    "gates": {
        "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 2.0, "or_absolute": "2%"}},
        "latency": {"metric": "latency", "no_worse_than": "21%"},
    },
}


def make_policy(**changes: Any) -> Policy:
    """Return a policy of two stages with changes."""
    return parse_policy(_QUICK | changes)
