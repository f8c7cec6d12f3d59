"""Comparing answers, whatever they are: it takes no side, knows its own, and does not mind the order of keys."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.answers.comparing import agree
from policies.answers.reading import read_answer
from policies.gates.spec import Agreement

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
TEXTS = VALUES.map(json.dumps) | st.text(max_size=30)
RULES = st.builds(
    lambda compare, tolerance: Agreement.model_validate(
        {"agree_at_least": "99%", "compare": compare, "tolerance": tolerance}
    ),
    st.sampled_from(["exact", "numbers", "label"]),
    st.floats(0, 0.5),
)


def reverse(value: Any) -> Any:
    """The same value with the keys of every object in the opposite order."""
    if isinstance(value, dict):
        return {name: reverse(each) for name, each in reversed(list(value.items()))}
    return [reverse(each) for each in value] if isinstance(value, list) else value


@given(TEXTS, TEXTS, RULES)
def test_comparing_is_symmetric(left: str, right: str, rule: Agreement) -> None:
    """Whose answer is whose makes no difference, or the baseline would be judged by another measure than the candidate."""
    one, other = read_answer(left, "JSON"), read_answer(right, "JSON")
    assert agree(one, other, rule) is agree(other, one, rule)


@given(TEXTS, RULES)
def test_every_answer_agrees_with_itself(text: str, rule: Agreement) -> None:
    """A candidate that gives the baseline's very answer is never said to differ."""
    assert agree(read_answer(text, "JSON"), read_answer(text, "JSON"), rule) is not False


@given(VALUES, RULES)
def test_the_order_of_keys_does_not_matter(value: Any, rule: Agreement) -> None:
    """JSON objects have no order, and servers write them in any."""
    assert (
        agree(read_answer(json.dumps(value), "JSON"), read_answer(json.dumps(reverse(value)), "JSON"), rule)
        is not False
    )
