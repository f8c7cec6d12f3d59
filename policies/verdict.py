"""Verdicts: what a gate says, with the numbers it says it by."""

from enum import StrEnum
from typing import Literal

from policies.values import Frozen

Reason = Literal["few_requests", "traffic_split", "metrics_unavailable", "otherwise"]
"""Why a gate could neither pass nor fail; the policy says what each one does."""


class Verdict(StrEnum):
    """The four answers of a gate. Unknown is never a pass."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class GateVerdict(Frozen):
    """What one gate says at one look.

    Attributes:
        gate: the gate's name in the policy.
        verdict: the answer.
        sentence: the answer in plain words, with its numbers.
        reason: why it is INCONCLUSIVE or ERROR; None otherwise.
        estimate: candidate against baseline, as a ratio; None where the gate compares nothing.
    """

    gate: str
    verdict: Verdict
    sentence: str
    reason: Reason | None = None
    estimate: float | None = None
