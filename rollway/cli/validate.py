"""``rollway validate``: every problem of every policy at once. Reads files and nothing else."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Unpack

import click

from policies.errors import PolicyError, Problem
from policies.loading import load_policy
from policies.spec import Policy
from policies.values import format_duration
from policies.windows.running_out import find_calendar_doubts
from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import Document, emit
from rollway.cli.words import count, name_policy, shortest_course


class Options(Common):
    """The verb's options."""

    policies: tuple[str, ...]


@click.command()
@click.argument("policies", metavar="POLICY...", nargs=-1, required=True)
@common_options
def command(**options: Unpack[Options]) -> int:
    """Check policies: paths of files, or names of policies that ship with Rollway."""
    checked = [_check(name) for name in options["policies"]]
    valid = all(each["valid"] for each in checked)
    emit(options["output"], {"valid": valid, "policies": checked}, "\n".join(_tell(each) for each in checked))
    return Exit.OK if valid else Exit.REFUSED


def _check(given: str) -> dict[str, Any]:
    try:
        policy = load_policy(given)
    except PolicyError as error:
        return {"policy": given, "valid": False, "problems": [asdict(problem) for problem in error.problems]}
    return {
        "policy": given,
        "valid": True,
        "problems": [],
        "warnings": _find_warnings(policy),
        "name": name_policy(given, policy),
        "shares": [stage.share for stage in policy.stages],
        "shadow": policy.stages[0].shadow,
        "gates": list(policy.gates),
        "guardrails": list(policy.guardrails),
        "least_duration_s": shortest_course(policy).total_seconds(),
    }


def _find_warnings(policy: Policy) -> list[str]:
    if policy.windows is None:
        return []
    from rollway.cli.world import current_world  # noqa: PLC0415 - costs time that few policies need

    return [*find_calendar_doubts(policy.windows, current_world().clock.now())]


def _tell(checked: Document) -> str:
    if checked["valid"]:
        first, *rest = (f"{share:g} %" for share in checked["shares"])
        ladder = " → ".join([f"{first} in shadow" if checked["shadow"] else first, *rest])
        least = format_duration(timedelta(seconds=checked["least_duration_s"]))
        line = f"{click.style('✓', fg='green')} {checked['name']}: {ladder}, at least {least}"
        return "\n".join([line, *(click.style(f"    {each}", fg="yellow") for each in checked["warnings"])])
    lines = [f"{click.style('✗', fg='red')} {checked['policy']}: {count(len(checked['problems']), 'problem')}"]
    for problem in checked["problems"]:
        lines.append(f"    {click.style(Problem(**problem).place, bold=True)}: {problem['what']}")
        lines += [f"      {problem['remedy']}"] if problem["remedy"] else []
    return "\n".join(lines)
