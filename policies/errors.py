"""Every exception that Rollway raises on purpose.

A message says what happened, the value and the limit; ``hint`` says what to do; ``code`` is a stable slug for machines. A failed gate,
an abort and a rollback are results, never exceptions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST_TOLD: Final = 100
"""Problems of one file that a message lists; a file of another kind may have tens of thousands."""


class RolloutError(Exception):
    """Something that stops a rollout or keeps it from starting.

    Attributes:
        code: stable slug.
        hint: what to do about it; may be empty.
    """

    code = "rollout_error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what a user wrote or asked for.

    Attributes:
        where: path of the field, for example ``stages[2].share``.
        what: what is wrong, with the value and the allowed range.
        remedy: what to write instead.
        line: of the file in which the field is, from 1; None where there is no file, or the place is not known.
    """

    where: str
    what: str
    remedy: str = ""
    line: int | None = None

    @property
    def place(self) -> str:
        """The field, and its line where that is known: ``stages[2].share (line 7)``."""
        return f"{self.where} (line {self.line})" if self.line else self.where

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"{self.place}: {self.what}" + (f" — {self.remedy}" if self.remedy else "")


class PolicyError(RolloutError):
    """A policy file that cannot be used: every problem in it, all at once."""

    code = "invalid_policy"

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        more = [f"  … and {len(problems) - MOST_TOLD} more"] if len(problems) > MOST_TOLD else []
        super().__init__("\n".join([f"{source}: {count}", *(f"  {each}" for each in problems[:MOST_TOLD]), *more]))
        self.problems = tuple(problems)


class PreflightError(RolloutError):
    """A rollout that cannot start as things stand. Nothing was changed."""

    code = "preflight_failed"

    def __init__(self, problems: Sequence[Problem]) -> None:
        lines = (f"{problem.where}: {problem.what}" for problem in problems)
        super().__init__("\n".join(lines), hint="\n".join(problem.remedy for problem in problems if problem.remedy))
        self.problems = tuple(problems)


class JournalError(RolloutError):
    """The rollout's durable record is unreachable, foreign, or being written by somebody else."""

    code = "journal_error"


class AwsError(RolloutError):
    """A request that AWS turned down.

    Attributes:
        operation: the API operation, for example ``UpdateEndpoint``.
        aws_code: AWS's own error code.
        request_id: AWS's id of the request, for its support.
    """

    code = "aws_error"

    def __init__(
        self, message: str, *, operation: str, aws_code: str = "", request_id: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.operation = operation
        self.aws_code = aws_code
        self.request_id = request_id


class TransientAwsError(AwsError):
    """AWS may well accept the same request a little later."""

    code = "aws_transient"


class Throttled(TransientAwsError):
    """Too many requests in a short time."""

    code = "aws_throttled"


class CredentialsExpired(TransientAwsError):
    """The credentials are over; they may be renewed at any moment."""

    code = "credentials_expired"


class EndpointBusy(TransientAwsError):
    """The endpoint is in the middle of another change."""

    code = "endpoint_busy"


class PermanentAwsError(AwsError):
    """Repeating the request will not help."""

    code = "aws_permanent"


class NotFound(PermanentAwsError):
    """The resource does not exist."""

    code = "not_found"


class AlreadyExists(PermanentAwsError):
    """A resource of that name exists already."""

    code = "already_exists"


class AccessDenied(PermanentAwsError):
    """The credentials are missing, expired, or not allowed to do this."""

    code = "access_denied"


class QuotaExceeded(PermanentAwsError):
    """The account's quota for this resource is used up."""

    code = "quota_exceeded"


class DeadlineExceeded(RolloutError):
    """A wait came to its end before what it waited for."""

    code = "deadline_exceeded"
