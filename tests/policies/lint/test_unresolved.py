"""A value that a file leaves open never leads to a finding: whatever is found without it is found with it, too."""

import copy

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.blueprint.declared import Declared
from policies.blueprint.document import Unresolved
from policies.blueprint.fault_finding import find_faults
from policies.blueprint.faults import Breach
from policies.lint.linting import lint
from policies.lint.source import make_subject
from tests.policies.lint.cases import BAD, GOOD, SHAPES, document_of, read_text

DOCUMENTS = {path.stem: document_of(path) for path in (*BAD, *GOOD)}


def places(node, path=()):
    """Every place in a document, whole parts included."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def findings(declared: Declared) -> set[tuple[str, str]]:
    return {(each.rule.id, str(each.path)) for each in lint(make_subject(declared), SHAPES).findings}


def opened(declared: Declared, place: tuple[str | int, ...], unresolved: Unresolved) -> Declared:
    """Return what is declared with one value of the configuration or of its models left open."""
    config, models = copy.deepcopy((declared.config, dict(declared.models)))
    holder = models if place[0] == "Models" else config
    steps = place[1:] if place[0] == "Models" else place
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = unresolved
    return Declared(declared.form, config, models)


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(sorted(DOCUMENTS)), optional=st.booleans(), data=st.data())
def test_what_is_open_never_leads_to_a_finding(name, optional, data):
    """In every case of the linter, with any one value left open, nothing is found that is not found with the value."""
    declared = read_text(yaml.safe_dump(DOCUMENTS[name])).declared
    whole = {**declared.config, "Models": dict(declared.models)}
    place = data.draw(
        st.sampled_from([path for path in places(whole) if path[0] != "Models" or len(path) > len(("Models", "name"))])
    )

    without = opened(declared, place, Unresolved("!Ref Value", optional=optional))

    assert findings(without) <= findings(declared)
    assert breaches(without) <= breaches(declared)


def breaches(declared: Declared) -> set[Breach]:
    return {found for found in find_faults(declared, SHAPES) if isinstance(found, Breach)}


@pytest.mark.parametrize("optional", [False, True])
def test_what_is_open_is_told(optional):
    """Each value of a good configuration that is left open is named by what could not be checked."""
    declared = read_text(yaml.safe_dump(DOCUMENTS["as-it-is"])).declared
    for place in places(declared.config):
        without = opened(declared, place, Unresolved("!Ref Value", optional=optional))
        report = lint(make_subject(without), SHAPES)

        assert any("!Ref Value" in gap.unknown.why for gap in report.gaps), place
        assert report.findings == ()
