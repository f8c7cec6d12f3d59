"""``rollway bindings check``: every problem of a bindings file, and of the files that it names, at once. Reads files and nothing else."""

from dataclasses import asdict
from typing import Any, Unpack

import click

from policies.bindings.loading import load_bindings
from policies.bindings.spec import Binding
from policies.errors import PolicyError, Problem
from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import Document, emit
from rollway.cli.words import count


class Options(Common):
    """The verb's options."""

    files: tuple[str, ...]


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@common_options
def command(**options: Unpack[Options]) -> int:
    """Check bindings files, and the policies and fleets that they name."""
    checked = [_check(file) for file in options["files"]]
    valid = all(each["valid"] for each in checked)
    emit(options["output"], {"valid": valid, "files": checked}, "\n".join(map(_tell, checked)))
    return Exit.OK if valid else Exit.REFUSED


def _check(file: str) -> dict[str, Any]:
    try:
        bindings = load_bindings(file)
    except PolicyError as error:
        return {"file": file, "valid": False, "problems": [asdict(problem) for problem in error.problems]}
    told = [{"name": each.name, "follows": _describe(each)} for each in bindings.bindings]
    return {"file": file, "valid": True, "problems": [], "bindings": told}


def _describe(binding: Binding) -> str:
    places = f"fleet {binding.fleet}" if binding.fleet else ", ".join(each.endpoint for each in binding.endpoints)
    how = "" if binding.fleet else f" by {binding.policy}"
    return f"{binding.when} of {binding.model} in {binding.registry} → {places}{how}"


def _tell(checked: Document) -> str:
    if checked["valid"]:
        rows = (f"    {click.style(each['name'], bold=True)}: {each['follows']}" for each in checked["bindings"])
        return "\n".join([f"{click.style('✓', fg='green')} {checked['file']}", *rows])
    lines = [f"{click.style('✗', fg='red')} {checked['file']}: {count(len(checked['problems']), 'problem')}"]
    for problem in checked["problems"]:
        lines.append(f"    {click.style(Problem(**problem).place, bold=True)}: {problem['what']}")
        lines += [f"      {problem['remedy']}"] if problem["remedy"] else []
    return "\n".join(lines)
