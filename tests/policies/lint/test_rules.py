"""Every rule finds the fault that is planted for it, where it is planted, and nothing else; and nothing where there is none."""

from dataclasses import replace

import pytest

from policies.blueprint.document import format_path
from policies.lint.catalogue import FAMILIES, RULES
from policies.lint.linting import lint
from policies.lint.rules import SEVERITIES
from policies.lint.subject import Missing, Unknown
from tests.policies.lint.cases import BAD, BASE, GOOD, SHAPES, make_subject, read_case

NOT_TOLD = Unknown("AWS turned it down", asked=True)
FROM_THE_CONFIGURATION = {"RW1", "RW2", "RW4"}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_planted_fault_is_found_and_nothing_else(path):
    """The one rule that is broken says so, where it is broken."""
    case = read_case(path)

    report = lint(case.subject, SHAPES)

    assert {finding.rule.id for finding in report.findings} == {case.rule}
    assert case.at in [format_path(finding.path) for finding in report.findings]
    assert report.gaps == ()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_nothing_is_found_where_there_is_no_fault(path):
    """Good configurations of many kinds are left in peace."""
    report = lint(read_case(path).subject, SHAPES)

    assert [f"{finding.rule.id} {format_path(finding.path)}: {finding.what}" for finding in report.findings] == []
    assert report.gaps == ()


def test_every_rule_has_a_case_or_a_test_of_its_own():
    """No rule is added without a planted fault that it finds."""
    planted = {path.stem.partition("-")[0] for path in BAD}

    # The first three are about what does not exist, which no document can say, the last about blueprints alone: they have tests below.
    assert set(RULES) - planted == {"RW103", "RW506", "RW706", "RW312"}


def test_there_are_enough_cases():
    """The rules are tried on at least forty faults and twenty good configurations."""
    assert len(BAD) >= 40
    assert len(GOOD) >= 20


def test_what_does_not_exist_is_found():
    """A model, a bucket and a role that AWS does not know are each told."""
    base = make_subject(BASE)
    gone = replace(
        base,
        models={**base.models, "fraud-v6": Missing()},
        roles={arn: Missing() for arn in base.roles},
        capture_bucket=Missing(),
    )

    assert {finding.rule.id for finding in lint(replace(base, models=gone.models), SHAPES).findings} == {"RW103"}
    assert {finding.rule.id for finding in lint(replace(base, roles=gone.roles), SHAPES).findings} == {"RW706"}
    assert {finding.rule.id for finding in lint(replace(base, capture_bucket=Missing()), SHAPES).findings} == {"RW506"}


@pytest.mark.parametrize(
    ("unknown", "rules"),
    [
        ({"scaling": NOT_TOLD}, {"RW303", "RW304", "RW305", "RW306", "RW307", "RW308"}),
        ({"alarms": NOT_TOLD}, {"RW901", "RW902", "RW903", "RW904", "RW905"}),
        ({"capture_bucket": NOT_TOLD}, {"RW504", "RW505", "RW506"}),
        ({"roles": {}}, {"RW701", "RW702", "RW703", "RW704", "RW705", "RW706"}),
    ],
    ids=lambda case: next(iter(case)) if isinstance(case, dict) else "",
)
def test_what_is_not_known_is_told_by_each_rule_that_needs_it(unknown, rules):
    """Nothing unknown counts as fine: every rule that would have to know it says that it could not be checked."""
    report = lint(replace(make_subject(BASE), **unknown), SHAPES)

    assert {gap.rule.id for gap in report.gaps} == rules
    assert report.findings == ()


def test_unknown_model_leaves_a_gap_for_all_that_is_on_it():
    """With a model unknown, whatever a model or its role says is unknown; what the configuration says is not."""
    report = lint(replace(make_subject(BASE), models={}), SHAPES)

    told = {gap.rule.id for gap in report.gaps}
    assert told >= {"RW103", "RW104", "RW601", "RW602", "RW603", "RW701", "RW706", "RW707", "RW801", "RW802"}
    assert report.findings == ()


def test_parts_of_a_role_may_be_unknown():
    """A role whose policies may not be read is unknown in these, and judged by the rest."""
    base = make_subject(BASE)
    (arn, role), *_ = base.roles.items()

    for part, rules in (
        ({"trust": NOT_TOLD}, {"RW705"}),
        ({"managed": NOT_TOLD}, {"RW703", "RW704"}),
        ({"policies": NOT_TOLD}, {"RW701", "RW702"}),
        ({"policies": {"inline": NOT_TOLD}}, {"RW701", "RW702"}),
    ):
        report = lint(replace(base, roles={arn: replace(role, **part)}), SHAPES)
        assert {gap.rule.id for gap in report.gaps} == rules


def test_parts_of_a_bucket_may_be_unknown():
    """A bucket whose lifecycle may not be read may still be known to be public."""
    base = make_subject(BASE)
    for part, rule in (({"expiring": NOT_TOLD}, "RW504"), ({"public": NOT_TOLD}, "RW505")):
        report = lint(replace(base, capture_bucket=replace(base.capture_bucket, **part)), SHAPES)
        assert [gap.rule.id for gap in report.gaps] == [rule]


def test_ids_are_stable_names():
    """Ids are unique, in order, and begin with their family's digit; each rule says what, why and what to do."""
    ids = [rule.id for family in FAMILIES for rule in family.rules]

    assert ids == sorted(set(ids))
    for digit, family in enumerate(FAMILIES, start=1):
        assert {rule.id[:3] for rule in family.rules} == {f"RW{digit}"}
    for rule in RULES.values():
        assert rule.severity in SEVERITIES
        assert rule.title
        assert rule.why.endswith(".")
        assert rule.remedy
