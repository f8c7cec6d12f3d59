"""What a rollout leaves behind: tasks of its clean-up that were not done, each with the last answer, as values. Wording is below them."""

from collections.abc import Iterable, Sequence

from policies.commands import (
    Command,
    CommandResult,
    DeleteConfig,
    DisarmSwitch,
    RemoveGuard,
    ReplaceScaling,
    SetScaling,
    explain,
)
from policies.values import Frozen


class Leftover(Frozen):
    """A task of the clean-up that is not done.

    Attributes:
        task: the command; None for finding out whether autoscaling is as before, which takes an answer from AWS.
        answer: the last answer to it; None where it was never asked for.
    """

    task: Command | None
    answer: CommandResult | None = None

    @property
    def is_final(self) -> bool:
        """Whether Rollway itself has refused to delete a configuration, which another endpoint uses or somebody else made: it stays."""
        own = self.answer is not None and self.answer.status == "refused" and not self.answer.code
        return own and isinstance(self.task, DeleteConfig)

    def __str__(self) -> str:
        """Say what is left behind, and why."""
        what = "whether autoscaling is as before" if self.task is None else _name(self.task)
        return f"{what} ({self.answer.message})" if self.answer and self.answer.message else what


def note_answer(known: Sequence[Leftover], task: Command, answer: CommandResult) -> tuple[Leftover, ...]:
    """Return what is not done after another answer, the newest answer last."""
    others = tuple(each for each in known if not _is_same(each.task, task))
    return others if answer.status == "done" else (*others, Leftover(task=task, answer=answer))


def with_answers(known: Sequence[Leftover], tasks: Iterable[Command]) -> tuple[Leftover, ...]:
    """Return tasks with their last answers: those that were never asked for first, then the ones whose last answer is oldest."""
    placed = sorted(((_find(known, task), task) for task in tasks), key=lambda each: each[0])
    return tuple(Leftover(task=task, answer=known[index].answer if index >= 0 else None) for index, task in placed)


def describe_left(left: Iterable[Leftover]) -> str:
    """Say what is left behind; empty where nothing is."""
    said = ", ".join(map(str, left))
    return f"left behind: {said}" if said else ""


def _find(known: Sequence[Leftover], task: Command) -> int:
    return next((index for index, each in enumerate(known) if _is_same(each.task, task)), -1)


def _is_same(one: Command | None, other: Command | None) -> bool:
    """Whether two commands are the same task: each kind has one, but for configurations."""
    if isinstance(one, DeleteConfig) and isinstance(other, DeleteConfig):
        return one.config == other.config
    return type(one) is type(other)


def _name(task: Command) -> str:
    match task:
        case DeleteConfig():
            return f"configuration {task.config}"
        case DisarmSwitch():
            return f"the dead-man's switch, schedule {task.switch.name}"
        case RemoveGuard():
            return f"the {len(task.guard.alarms)} alarms of the update"
        case SetScaling():
            return f"autoscaling of {task.scaling.variant}, suspended"
        case ReplaceScaling():
            return f"autoscaling of {task.variant}, not as before"
        case _:
            return explain(task)
