"""From an exception to what the user gets: one message, what to do about it, an exit code. Never a traceback; ``--debug`` has that."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

from policies.errors import PolicyError, PreflightError, Problem, RolloutError
from rollway.cli.exits import Exit


class UsageProblem(RolloutError):
    """Something that the command line or the environment lacks."""

    code = "usage"


class NothingUnderWay(RolloutError):
    """The verb needs a rollout that is under way, and there is none."""

    code = "nothing_under_way"


class LostControl(RolloutError):
    """Another process has taken the rollout over while this one drove it."""

    code = "lost_control"


class GaveUp(RolloutError):
    """This process cannot drive the rollout any further; the endpoint stays as it is."""

    code = "gave_up"


@dataclass(frozen=True)
class Failure:
    """What is told about an exception.

    Attributes:
        code: stable slug.
        message: what happened.
        hint: what to do about it; may be empty.
        problems: the single problems, where there are several.
    """

    code: str
    message: str
    hint: str = ""
    problems: tuple[Problem, ...] = ()


def report_failure(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell a failure in the form that the command line asked for, and return the exit code."""
    failure = explain(error)
    if wants_json(arguments):
        click.echo(json.dumps({"error": asdict(failure)}, indent=2, ensure_ascii=False))
    else:
        click.echo(_as_text(failure), err=True)
    return _exit_code(error)


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether a command line asks for JSON, also one that click could not parse."""
    return any(
        argument == "--output=json" or (argument == "--output" and following == "json")
        for argument, following in zip(arguments, [*arguments[1:], ""], strict=True)
    )


def explain(error: BaseException) -> Failure:
    """Say what happened and what to do about it."""
    match error:
        case PolicyError():
            return Failure(error.code, str(error).partition("\n")[0], error.hint, error.problems)
        case PreflightError():
            return Failure(error.code, "the rollout cannot start; nothing was changed", "", error.problems)
        case RolloutError():
            return Failure(error.code, str(error), error.hint)
        case click.ClickException():
            verb = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "rollway"
            return Failure("usage", error.format_message(), f"{verb} --help")
        case KeyboardInterrupt() | click.Abort():
            return Failure("interrupted", "interrupted", "If a rollout was under way: rollway status ENDPOINT.")
        case _:
            told = f"{type(error).__name__}: {error}"
            return Failure("internal_error", told, "Run it again with --debug for the traceback.")


def _exit_code(error: BaseException) -> int:
    match error:
        case LostControl():
            return Exit.WAITING
        case GaveUp():
            return Exit.INTERNAL
        case RolloutError() | click.ClickException():
            return Exit.REFUSED
        case KeyboardInterrupt() | click.Abort():
            return Exit.ABORTED
        case _:
            return Exit.INTERNAL


def _as_text(failure: Failure) -> str:
    hint = "\n".join(f"  {line}" for line in failure.hint.splitlines())
    problems = [f"  {problem}" for problem in failure.problems]
    return "\n".join([f"{click.style('rollway:', fg='red')} {failure.message}", *problems, *([hint] if hint else [])])
