"""Applying the rules to a subject: what they find, and what could not be checked."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from policies.blueprint.declared import Declared
from policies.blueprint.document import Path
from policies.blueprint.fault_finding import find_faults
from policies.blueprint.faults import Found
from policies.blueprint.forms.requests import as_requested
from policies.blueprint.shapes import Shapes
from policies.lint.catalogue import RULES
from policies.lint.rules import Hit, Rule, Severity, guarded
from policies.lint.settings import LintSettings
from policies.lint.subject import Subject, Unknown


@dataclass(frozen=True)
class Finding:
    """One breach of a rule.

    Attributes:
        rule: the rule.
        severity: how grave it is, by the settings.
        path: where.
        what: what is found there.
    """

    rule: Rule
    severity: Severity
    path: Path
    what: str


@dataclass(frozen=True)
class Gap:
    """Something that a rule could not check.

    Attributes:
        rule: the rule.
        path: where.
        unknown: what is not known, and why.
    """

    rule: Rule
    path: Path
    unknown: Unknown


@dataclass(frozen=True)
class Report:
    """What all rules together come to.

    Attributes:
        findings: the breaches, by rule.
        gaps: what could not be checked, by rule.
    """

    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]

    @property
    def counts(self) -> Counter[Severity]:
        """How many findings there are of each severity."""
        return Counter(finding.severity for finding in self.findings)


def lint(subject: Subject, shapes: Shapes, settings: LintSettings | None = None) -> Report:
    """Apply every rule that is not disabled.

    Args:
        subject: what the rules are applied to.
        shapes: the limits that AWS documents.
        settings: which rules apply, and how grave they are.
    """
    chosen = settings or LintSettings()
    subject = replace(subject, thresholds=chosen.thresholds, refused=tuple(_find_refused(subject, shapes)))
    findings: list[Finding] = []
    gaps: list[Gap] = []
    for rule in RULES.values():
        if rule.id in chosen.disable:
            continue
        for found in dict.fromkeys(guarded(partial(rule.check, subject))):
            if isinstance(found, Hit):
                findings.append(Finding(rule, chosen.severity_of(rule), found.path, found.what))
            else:
                gaps.append(Gap(rule, found.path, found.unknown))
    return Report(tuple(findings), tuple(gaps))


def _find_refused(subject: Subject, shapes: Shapes) -> Iterator[Found]:
    """Yield what SageMaker refuses: in a file by what it declares; on an endpoint by what is read, where an instance type may be newer."""
    if subject.declared is not None:
        yield from find_faults(subject.declared, shapes)
        return
    models = {name: as_requested(found) for name, found in subject.models.items() if isinstance(found, Mapping)}
    yield from find_faults(Declared("an endpoint", dict(subject.config), models), shapes, strict=False)
