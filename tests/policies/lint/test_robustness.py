"""Rules look at whatever a user wrote: no document that can be read makes one of them fail."""

import copy

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.lint.linting import lint
from policies.lint.source import make_subject
from tests.policies.lint.cases import BASE, SHAPES, read_text

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aA1 -_:/{*", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aA1", max_size=3), inner, max_size=3),
    max_leaves=6,
)


def leaves(node, path=()):
    """Every place in a document, whole parts included."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from leaves(value, (*path, key))


NEEDED = {("ProductionVariants",), ("ProductionVariants", 0), ("ProductionVariants", 0, "VariantName"), ("Models",)}
NEEDED |= {("Models", position, *rest) for position in (0, 1) for rest in ((), ("ModelName",))}
PLACES = [path for path in leaves(BASE["document"]) if path not in NEEDED]


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(PLACES), value=ANYTHING)
def test_no_rule_fails_on_anything_in_any_place(place, value):
    """Whatever stands in place of a member is found fault with, or not; it never raises."""
    document = copy.deepcopy(BASE["document"])
    holder = document
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = value

    source = read_text(yaml.safe_dump(document), "any.yaml")

    for finding in lint(make_subject(source.declared), SHAPES).findings:
        assert source.find(finding.path).line >= 1
