"""Applying the rules to a subject: what they find, and what could not be checked."""

from collections import Counter
from dataclasses import dataclass, replace

from policies.lint.catalogue import RULES
from policies.lint.document import Path
from policies.lint.rules import Hit, Rule, Severity
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


def lint(subject: Subject, settings: LintSettings | None = None) -> Report:
    """Apply every rule that is not disabled."""
    chosen = settings or LintSettings()
    subject = replace(subject, thresholds=chosen.thresholds)
    findings: list[Finding] = []
    gaps: list[Gap] = []
    for rule in RULES.values():
        if rule.id in chosen.disable:
            continue
        for found in dict.fromkeys(rule.check(subject)):
            if isinstance(found, Hit):
                findings.append(Finding(rule, chosen.severity_of(rule), found.path, found.what))
            else:
                gaps.append(Gap(rule, found.path, found.unknown))
    return Report(tuple(findings), tuple(gaps))
