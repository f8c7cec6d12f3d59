"""What the linter found, as a document and as text for a person."""

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from policies.blueprint.document import format_path
from policies.blueprint.source import Source
from policies.lint.linting import Finding, Gap, Report
from policies.lint.rules import SEVERITIES, Severity
from policies.lint.settings import LintSettings
from policies.lint.subject import Subject

_SIGNS: Final[Mapping[Severity, tuple[str, str]]] = {
    "error": ("✗", "red"),
    "warning": ("!", "yellow"),
    "note": ("·", "cyan"),
}
_WIDTH: Final = 110


@dataclass(frozen=True)
class Checked:
    """One thing that was checked.

    Attributes:
        name: an endpoint's name or a file's path, as it was given.
        report: what was found.
        subject: what was checked.
        source: the file; None for an endpoint.
    """

    name: str
    report: Report
    subject: Subject
    source: Source | None

    @property
    def label(self) -> str:
        """What it is called among others, of the same file too."""
        return self.source.label if self.source else self.name


def describe_checked(checked: Sequence[Checked], settings: LintSettings) -> dict[str, Any]:
    """Return what was found as one JSON-able document."""
    findings = [finding for each in checked for finding in each.report.findings]
    return {
        "failed": any(settings.fails(finding.severity) for finding in findings),
        "fail_on": settings.fail_on,
        "counts": {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES},
        "unchecked": sum(len(each.report.gaps) for each in checked),
        "targets": [_describe(each) for each in checked],
    }


def _describe(checked: Checked) -> dict[str, Any]:
    return {
        "target": checked.name,
        "kind": "endpoint" if checked.source is None else "file",
        "resource": (checked.source.declared.resource or None) if checked.source else None,
        "configuration": checked.subject.whole.named("EndpointConfigName") or None,
        "findings": [_describe_finding(finding, checked.source) for finding in checked.report.findings],
        "unchecked": [_describe_gap(gap) for gap in checked.report.gaps],
    }


def _describe_finding(finding: Finding, source: Source | None) -> dict[str, Any]:
    rule = finding.rule
    place = {} if source is None else source.find(finding.path)._asdict()
    return {
        "rule": rule.id,
        "severity": finding.severity,
        "family": rule.family,
        "title": rule.title,
        "where": format_path(finding.path),
        **place,
        "what": finding.what,
        "why": rule.why,
        "remedy": rule.remedy,
    }


def _describe_gap(gap: Gap) -> dict[str, Any]:
    return {
        "rule": gap.rule.id,
        "where": format_path(gap.path),
        "why": gap.unknown.why,
        "asked": gap.unknown.asked,
    }


def draw_checked(checked: Sequence[Checked]) -> str:
    """Return what was found as text: by target, then by family; the reason for a rule once."""
    return "\n\n".join("\n".join(_draw(each)) for each in checked)


def _draw(checked: Checked) -> Iterator[str]:
    yield f"{click.style(checked.label, bold=True)}{_configuration(checked)}: {_summarise(checked.report)}"
    family, told = "", set[str]()
    for finding in checked.report.findings:
        if finding.rule.family != family:
            family = finding.rule.family
            yield f"\n  {click.style(family, bold=True)}"
        yield from _draw_finding(finding, checked.source, in_full=finding.rule.id not in told)
        told.add(finding.rule.id)
    yield from _draw_gaps(checked.report.gaps)


def _configuration(checked: Checked) -> str:
    name = checked.subject.whole.named("EndpointConfigName")
    return f" · configuration {name}" if name and checked.source is None else ""


def _summarise(report: Report) -> str:
    counts = report.counts
    told = [
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in SEVERITIES
        if counts[severity]
    ]
    found = ", ".join(told) or "nothing found"
    if not report.gaps:
        return found
    rules = len({gap.rule.id for gap in report.gaps})
    return f"{found}; {rules} {'rule' if rules == 1 else 'rules'} could not be checked everywhere"


def _draw_finding(finding: Finding, source: Source | None, *, in_full: bool) -> Iterator[str]:
    sign, colour = _SIGNS[finding.severity]
    place = "" if source is None else f"{source.name}:{source.find(finding.path).line} "
    head = click.style(f"{sign} {finding.rule.id} {finding.severity}", fg=colour)
    yield f"  {head} {place}{click.style(format_path(finding.path), bold=True)}: {finding.what}"
    if in_full:
        reason = f"{finding.rule.title}. {finding.rule.why}"
        yield from textwrap.wrap(reason, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
        yield from textwrap.wrap(finding.rule.remedy, _WIDTH, initial_indent=" " * 4 + "→ ", subsequent_indent=" " * 6)


def _draw_gaps(gaps: Sequence[Gap]) -> Iterator[str]:
    """Tell what could not be checked: what is unknown once, with all rules that would have to know it."""
    if not gaps:
        return
    yield f"\n  {click.style('Could not be checked', bold=True)}"
    rules: dict[tuple[str, str], list[str]] = defaultdict(list)
    for gap in gaps:
        rules[format_path(gap.path), gap.unknown.why].append(gap.rule.id)
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (where, why), ids in rules.items():
        places[", ".join(dict.fromkeys(ids)), why].append(where)
    for (ids, why), wheres in places.items():
        yield f"  ? {ids} {click.style(', '.join(wheres), bold=True)}: {why}"
