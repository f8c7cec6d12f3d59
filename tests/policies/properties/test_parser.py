"""Policies from documents that nobody would write."""

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.errors import PolicyError
from policies.loading import parse_policy

GOOD: dict[str, Any] = {"strategy": "canary", "stages": [{"share": 5, "bake": "10m"}]}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["10m", "5%"])
FIELDS = (
    "strategy",
    "stages",
    "gates",
    "guardrails",
    "share",
    "bake",
    "metric",
    "no_worse_than",
    "at_most",
    "deadline",
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from([*FIELDS[:4], "deadline", "metrics", "risk", "keep_control"]), ANYTHING))
def test_no_document_breaks_the_parser(change: dict[str, Any]) -> None:
    """Whatever a YAML file holds, the answer is a policy or a policy error."""
    with suppress(PolicyError):
        assert parse_policy(GOOD | change).gates
