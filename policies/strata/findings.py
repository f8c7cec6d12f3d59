"""What is wrong with a table of observations, and the error that tells it: every kind of mistake first, then more of each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from policies.errors import Problem, RolloutError
from policies.strata.arrays import Integers

MOST_SHOWN: Final = 20


class ObservationError(RolloutError):
    """Observations that cannot be used: what is wrong with them, all at once.

    Attributes:
        problems: the problems that the message shows, in the order of the rows.
        count: how many there are; more than shown, perhaps.
    """

    code = "invalid_observations"

    def __init__(self, source: str, problems: Sequence[Problem], count: int | None = None) -> None:
        self.problems = tuple(problems)
        self.count = len(problems) if count is None else count
        head = f"{source}: 1 problem" if self.count == 1 else f"{source}: {self.count} problems"
        if self.count > len(problems):
            head += f", {len(problems)} of them shown"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in problems)]))


@dataclass(frozen=True)
class Finding:
    """One mistake, in one column, and all rows that make it.

    Attributes:
        column: name of the column.
        rows: positions of the rows, from 0; empty when nobody makes the mistake.
        tell: says what is wrong in one row; asked only for the rows that are shown.
        remedy: what to do about it.
    """

    column: str
    rows: Integers
    tell: Callable[[int], str]
    remedy: str


def raise_findings(source: str, problems: Sequence[Problem], findings: Iterable[Finding]) -> None:
    """Raise what was found, if anything was. Rows are told as they count in a file: the first row of data is row 1.

    Args:
        source: what the observations are called in the message.
        problems: what is wrong with the table as a whole.
        findings: what is wrong with its rows.

    Raises:
        ObservationError: with at most ``MOST_SHOWN`` problems, among them the first of every finding, as far as they fit.
    """
    broken = [finding for finding in findings if len(finding.rows)]
    count = len(problems) + sum(len(finding.rows) for finding in broken)
    if not count:
        return
    ranked = sorted(
        (rank, int(row), number)
        for number, finding in enumerate(broken)
        for rank, row in enumerate(finding.rows[:MOST_SHOWN])
    )
    chosen = sorted((row, number) for _, row, number in ranked[: max(0, MOST_SHOWN - len(problems))])
    told = [_tell(broken[number], row) for row, number in chosen]
    raise ObservationError(source, [*problems, *told][:MOST_SHOWN], count)


def _tell(finding: Finding, row: int) -> Problem:
    return Problem(f"row {row + 1}, {finding.column}", finding.tell(row), finding.remedy)
