"""``rollway lint``: rules of good practice over endpoints, and over configurations in files. Changes nothing."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, TypedDict, Unpack

import click

from policies.blueprint.source import Source, UnreadableDocument, load_sources
from policies.errors import Problem
from policies.lint.linting import lint
from policies.lint.rules import SEVERITIES
from policies.lint.settings import LintSettings, load_settings
from policies.lint.source import make_subject
from policies.lint.subject import Subject
from rollway.aws.shapes import blueprint_shapes
from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.cli.options import form_options, place_options
from rollway.cli.output import emit
from rollway.reports.lint import Checked, describe_checked, draw_checked
from rollway.reports.sarif import make_sarif

FOUND: Final = Exit.ROLLED_BACK
"""As of ``rollway judge``: the answer is no."""
UNDECIDED: Final = Exit.WAITING

_DEFAULT_CONFIG: Final = Path("lint.yaml")
_ENDPOINT: Final = re.compile(r"[A-Za-z0-9-]+")
"""No endpoint's name has a dot or a slash; the path of a YAML or JSON file has one."""


class Options(TypedDict):
    """The verb's options."""

    targets: tuple[str, ...]
    config: Path | None
    disable: tuple[str, ...]
    severity: tuple[str, ...]
    fail_on: str | None
    complete: bool
    region: str | None
    profile: str | None
    output: Literal["text", "json", "sarif"]


@click.command()
@click.argument("targets", metavar="ENDPOINT|FILE...", nargs=-1, required=True)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Which rules apply, and how grave they are. [default: lint.yaml, where there is one]",
)
@click.option("--disable", metavar="RULE", multiple=True, help="Do not apply a rule, for example RW202. Repeatable.")
@click.option(
    "--severity",
    metavar="RULE=SEVERITY",
    multiple=True,
    help=f"Give a rule another severity ({', '.join(SEVERITIES)}), for example RW202=note. Repeatable.",
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="The least severity that makes the exit code 3. [default: error]",
)
@click.option(
    "--complete", is_flag=True, help="Exit 5 also where a file alone does not say what a rule would have to know."
)
@place_options
@form_options("text", "json", "sarif")
def command(**options: Unpack[Options]) -> int:
    """Check endpoints, and configurations in files, against rules of good practice. Changes nothing.

    A FILE is YAML or JSON: the members of a CreateEndpointConfig request, with Models, a list of CreateModel requests,
    beside them; an answer of DescribeEndpointConfig; a blueprint; a CloudFormation template; an object of ACK; a state
    machine; or what `terraform show -json` writes. Each configuration in it is checked. What is no file's path is the
    name of an ENDPOINT, which is read from AWS with all that belongs to it.

    Exit codes: 0 nothing at or above --fail-on, 3 something, 5 nothing, but AWS did not tell all that the rules would
    have to know, 2 unusable input.
    """
    settings = _read_settings(options)
    checked = _check(options, settings)
    if options["output"] == "sarif":
        emit("json", make_sarif(checked, settings), "")
    else:
        emit(options["output"], describe_checked(checked, settings), draw_checked(checked))
    return _exit_code(checked, settings, complete=options["complete"])


def _exit_code(checked: Iterable[Checked], settings: LintSettings, *, complete: bool) -> Exit:
    reports = [each.report for each in checked]
    if any(settings.fails(finding.severity) for report in reports for finding in report.findings):
        return FOUND
    undecided = any(gap.unknown.asked or complete for report in reports for gap in report.gaps)
    return UNDECIDED if undecided else Exit.OK


def _check(options: Options, settings: LintSettings) -> list[Checked]:
    """Read everything first, so that an unreadable file is told before AWS is asked."""
    names = tuple(dict.fromkeys(options["targets"]))
    files = _read_files([name for name in names if not _ENDPOINT.fullmatch(name)])
    endpoints = _read_endpoints([name for name in names if name not in files], options)
    shapes, checked = blueprint_shapes(), list[Checked]()
    for name in names:
        if name in endpoints:
            checked.append(Checked(name, lint(endpoints[name], shapes, settings), endpoints[name], None))
        for source in files.get(name, ()):
            subject = make_subject(source.declared)
            checked.append(Checked(name, lint(subject, shapes, settings), subject, source))
    return checked


def _read_files(names: Iterable[str]) -> dict[str, tuple[Source, ...]]:
    problems: list[Problem] = []
    files: dict[str, tuple[Source, ...]] = {}
    for name in names:
        try:
            files[name] = load_sources(name, blueprint_shapes())
        except UnreadableDocument as error:
            problems += (Problem(f"{name}: {each.where}", each.what, each.remedy) for each in error.problems)
    if problems:
        raise UnreadableDocument("what shall be checked", problems)
    return files


def _read_endpoints(names: Iterable[str], options: Options) -> dict[str, Subject]:
    if not names:
        return {}
    from rollway.aws.lint_subject import read_subject  # noqa: PLC0415 - costs time that files do not need
    from rollway.aws.session import connect  # noqa: PLC0415 - likewise

    aws = connect(options["region"], options["profile"])
    return {name: read_subject(aws, name) for name in names}


def _read_settings(options: Options) -> LintSettings:
    path = options["config"] or _DEFAULT_CONFIG
    settings = LintSettings()
    if options["config"] or path.exists():
        settings = load_settings(path)
    return settings.changed(options["disable"], _read_severities(options["severity"]), options["fail_on"])


def _read_severities(given: Iterable[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    wrong = [rule for rule, equals, severity in pairs if not equals or not severity]
    if wrong:
        raise UsageProblem(
            f"--severity {wrong[0]} gives no severity", hint="Write RULE=SEVERITY, for example RW202=note."
        )
    return {rule: severity for rule, _, severity in pairs}
