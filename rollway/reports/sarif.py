"""What the linter found in SARIF 2.1.0 (OASIS), the form that code hosts and editors show findings from.

What could not be checked is told as notifications of the run: it is no finding, and must not vanish either.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from policies.blueprint.document import Path as MemberPath
from policies.blueprint.document import format_path
from policies.lint.catalogue import RULES
from rollway import __version__

if TYPE_CHECKING:
    from policies.lint.linting import Finding, Gap
    from policies.lint.rules import Rule
    from policies.lint.settings import LintSettings
    from rollway.reports.lint import Checked

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_POSITIONS: Final = {rule: position for position, rule in enumerate(RULES)}


def make_sarif(checked: Sequence[Checked], settings: LintSettings) -> dict[str, Any]:
    """Return one SARIF log with one run."""
    driver = {
        "name": "rollway lint",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_describe_rule(rule, settings) for rule in RULES.values()],
    }
    gaps = [_notification(gap, each) for each in checked for gap in each.report.gaps]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": gaps}],
        "results": [_result(finding, each) for each in checked for finding in each.report.findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _describe_rule(rule: Rule, settings: LintSettings) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\n{rule.remedy}", "markdown": f"{rule.why}\n\n**Remedy:** {rule.remedy}"},
        "defaultConfiguration": {"level": rule.severity, "enabled": rule.id not in settings.disable},
        "properties": {"tags": [rule.family]},
    }


def _result(finding: Finding, checked: Checked) -> dict[str, Any]:
    where = format_path(finding.path)
    told = f"{finding.rule.title}. {where}: {finding.what}. {finding.rule.remedy}"
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": _POSITIONS[finding.rule.id],
        "level": finding.severity,
        "message": {"text": told},
        "locations": [_locate(finding.path, checked)],
        # What is compared between runs: the line may have moved, the member is the same.
        "partialFingerprints": {"memberOfConfiguration/v1": _fingerprint(finding, checked)},
    }


def _notification(gap: Gap, checked: Checked) -> dict[str, Any]:
    text = f"{gap.rule.id} could not be checked: {format_path(gap.path)}: {gap.unknown.why}"
    return {
        "level": "warning" if gap.unknown.asked else "note",
        "message": {"text": text},
        "associatedRule": {"id": gap.rule.id, "index": _POSITIONS[gap.rule.id]},
        "locations": [_locate(gap.path, checked)],
    }


def _locate(path: MemberPath, checked: Checked) -> dict[str, Any]:
    where = format_path(path)
    logical = {"name": where, "fullyQualifiedName": f"{checked.label}/{where}", "kind": "member"}
    if checked.source is None:
        return {"logicalLocations": [logical]}
    place = checked.source.find(path)
    physical = {
        "artifactLocation": {"uri": _uri(checked.source.name)},
        "region": {"startLine": place.line, "startColumn": place.column},
    }
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _uri(name: str) -> str:
    path = Path(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _fingerprint(finding: Finding, checked: Checked) -> str:
    place = "\n".join((finding.rule.id, checked.label, format_path(finding.path), finding.what))
    return sha256(place.encode()).hexdigest()
