"""What ``lint.yaml`` and the command line say about rules: which are off, how grave they are, where lines are drawn."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from policies.documents.loading import expect_fields, load_document
from policies.documents.text import show
from policies.errors import PolicyError, Problem
from policies.lint.catalogue import RULES
from policies.lint.rules import SEVERITIES, Rule, Severity
from policies.lint.subject import Thresholds
from policies.values import Frozen


class InvalidLintSettings(PolicyError):
    """Settings of the linter that cannot be used: every problem in them, all at once."""

    code = "invalid_lint_settings"


class LintSettings(Frozen):
    """How the rules are applied.

    Attributes:
        disable: ids of the rules that are not applied.
        severity: another severity, by rule.
        fail_on: the least severity that makes the linter fail.
        instances_per_endpoint: more instances than this are worth a look at the account's quota (RW309).
        local_store_families: instance families with local NVMe store (RW607, RW608); by default those that are known to have one.
    """

    disable: tuple[str, ...] = ()
    severity: dict[str, Severity] = {}
    fail_on: Severity = "error"
    instances_per_endpoint: int = Thresholds().instances_per_endpoint
    local_store_families: tuple[str, ...] | None = None

    @property
    def thresholds(self) -> Thresholds:
        """Where rules draw the line."""
        lines = Thresholds(instances_per_endpoint=self.instances_per_endpoint)
        if self.local_store_families is None:
            return lines
        return Thresholds(self.instances_per_endpoint, frozenset(self.local_store_families))

    def severity_of(self, rule: Rule) -> Severity:
        """Return how grave a breach of a rule is."""
        return self.severity.get(rule.id, rule.severity)

    def fails(self, severity: Severity) -> bool:
        """Whether a breach of this severity makes the linter fail."""
        return SEVERITIES.index(severity) <= SEVERITIES.index(self.fail_on)

    def changed(self, disable: Iterable[str], severity: Mapping[str, str], fail_on: str | None) -> "LintSettings":
        """Return the settings with what a command line adds to them.

        Raises:
            InvalidLintSettings: with every unknown rule and severity.
        """
        document: dict[str, Any] = self.model_dump() | {
            "disable": [*self.disable, *disable],
            "severity": {**self.severity, **severity},
        }
        return parse_settings(document | ({"fail_on": fail_on} if fail_on else {}), "the command line")


def parse_settings(document: object, source: str) -> LintSettings:
    """Turn a parsed ``lint.yaml`` into settings. An empty one has the defaults.

    Args:
        document: what the YAML parser gave.
        source: how to call it in messages.

    Raises:
        InvalidLintSettings: with every problem of the document.
    """
    given: object = dict[str, Any]() if document is None else document
    if not isinstance(given, Mapping):
        problem = Problem("(top level)", f"is {type(given).__name__}", f"write fields such as {', '.join(_FIELDS)}")
        raise InvalidLintSettings(source, [problem])
    try:
        settings = LintSettings.model_validate(given)
    except ValidationError as error:
        raise InvalidLintSettings(source, [_problem(each) for each in map(dict[str, Any], error.errors())]) from error
    if unknown := list(_unknown_rules(settings)):
        raise InvalidLintSettings(source, unknown)
    return settings


def load_settings(path: Path) -> LintSettings:
    """Read a ``lint.yaml``.

    Raises:
        InvalidLintSettings: it cannot be read, or with every problem in it.
    """
    document = load_document(path, InvalidLintSettings)
    foreign = None if document.content is None else expect_fields(document.content, _FIELDS)
    if foreign:
        raise InvalidLintSettings(str(path), [foreign])
    with document.naming_lines():
        return parse_settings(document.content, str(path))


_FIELDS: Final = tuple(LintSettings.model_fields)


def _unknown_rules(settings: LintSettings) -> Iterator[Problem]:
    for where, ids in (("disable", settings.disable), ("severity", settings.severity)):
        for each in ids:
            if each not in RULES:
                near = difflib.get_close_matches(each.upper(), RULES, n=3, cutoff=0.7)
                told = f"did you mean {' or '.join(near)}?" if near else "docs/reference/lint.md lists all rules"
                yield Problem(where, f"there is no rule {each}", told)


def _problem(details: Mapping[str, Any]) -> Problem:
    where = ".".join(map(str, cast("tuple[str | int, ...]", details["loc"]))) or "(top level)"
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where, _FIELDS, n=1)
        return Problem(where, "is no field of lint.yaml", f"write one of {', '.join(near or _FIELDS)}")
    if details["type"] == "literal_error":
        return Problem(where, f"{details['input']!r} is no severity", f"write one of {', '.join(SEVERITIES)}")
    found: object = details["input"]
    told = f", not {show(found)}" if found is None or isinstance(found, str | int | float) else ""
    return Problem(where, f"{details['msg']}{told}")
