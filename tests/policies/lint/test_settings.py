"""Settings: which rules apply, and how grave they are. What they misname is told, all at once."""

import pytest

from policies.lint.linting import lint
from policies.lint.settings import InvalidLintSettings, LintSettings, parse_settings
from tests.policies.lint.cases import BAD, SHAPES, read_case

CASES = {path.stem: path for path in BAD}


def test_an_empty_file_has_the_defaults():
    """A lint.yaml with nothing in it changes nothing."""
    assert parse_settings(None, "lint.yaml") == LintSettings()


def test_a_disabled_rule_is_silent():
    """A disabled rule tells neither what it finds nor what it could not check."""
    subject = read_case(CASES["RW304-minimum-is-maximum"]).subject

    assert lint(subject, SHAPES, LintSettings(disable=("RW304",))).findings == ()


def test_another_severity():
    """A rule is as grave as the settings say, and fails the linter accordingly."""
    subject = read_case(CASES["RW304-minimum-is-maximum"]).subject
    settings = LintSettings(severity={"RW304": "note"}, fail_on="warning")

    (finding,) = lint(subject, SHAPES, settings).findings

    assert finding.severity == "note"
    assert not settings.fails(finding.severity)
    assert settings.fails("warning")
    assert settings.fails("error")


def test_lines_are_drawn_where_the_settings_say():
    """The quota's line and the families with local store are each account's own."""
    many, stored = CASES["RW309-thirty-instances"], CASES["RW607-key-on-local-store"]

    assert lint(read_case(many).subject, SHAPES, LintSettings(instances_per_endpoint=30)).findings == ()
    assert lint(read_case(stored).subject, SHAPES, LintSettings(local_store_families=())).findings == ()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"disable": ["RW999", "rw302"]}, ["no rule RW999", "RW302"]),
        ({"severity": {"RW30": "note"}}, ["no rule RW30"]),
        ({"severity": {"RW302": "fatal"}}, ["'fatal' is no severity", "error, warning, note"]),
        ({"disabled": ["RW302"], "fail_on": "never"}, ["disabled: is no field", "disable", "'never' is no severity"]),
        ({"instances_per_endpoint": "many"}, ["instances_per_endpoint", "many"]),
        (["RW302"], ["(top level)"]),
    ],
)
def test_what_is_misnamed_is_told_whole(document, told):
    """An unknown rule, severity or field is an error that says what there is instead."""
    with pytest.raises(InvalidLintSettings) as caught:
        parse_settings(document, "lint.yaml")

    for part in told:
        assert part in str(caught.value)


def test_the_command_line_adds_to_the_file():
    """What is disabled in either place is disabled; a severity on the command line wins."""
    settings = LintSettings(disable=("RW302",), severity={"RW304": "note"})

    changed = settings.changed(["RW501"], {"RW304": "error"}, "note")

    assert changed.disable == ("RW302", "RW501")
    assert changed.severity == {"RW304": "error"}
    assert changed.fail_on == "note"
