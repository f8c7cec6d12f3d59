"""Verdicts: what a gate says, and what all of them together come to, with the numbers that they say it by."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from policies.values import Frozen

Reason = Literal["few_requests", "traffic_split", "metrics_unavailable", "environment", "otherwise"]
"""Why a gate could neither pass nor fail; the policy says what each one does."""


class Answer(StrEnum):
    """The four answers of a gate. Unknown is never a pass."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


class Call(StrEnum):
    """What the gates together come to."""

    PROMOTE = "PROMOTE"
    ROLLBACK = "ROLLBACK"
    CONTINUE = "CONTINUE"
    INCONCLUSIVE = "INCONCLUSIVE"


class EValue(Frozen):
    """How much evidence there is, and how much suffices.

    Attributes:
        value: the e-value; 1 says nothing either way. Its expectation is at most 1 if there is nothing to be found.
        threshold: from here on it is taken as shown.
    """

    value: float
    threshold: float


class Sample(Frozen):
    """Requests that a verdict rests on.

    Attributes:
        baseline: of the baseline.
        candidate: of the candidate.
    """

    baseline: int
    candidate: int


class GateVerdict(Frozen):
    """What one gate says at one look.

    Attributes:
        gate: the gate's name in the policy.
        verdict: the answer.
        sentence: the answer in plain words, with its numbers.
        reason: why it is INCONCLUSIVE or ERROR; None otherwise.
        estimate: candidate against baseline, as a ratio (of odds, for errors); None where nothing is compared or known.
        interval: ratios that are not ruled out, however often one has looked; None at an end that is open.
        worse: evidence that the candidate is worse than its margin.
        not_worse: evidence, from the present stage, that it is better than its margin.
        samples: requests that were compared.
    """

    gate: str
    verdict: Answer
    sentence: str
    reason: Reason | None = None
    estimate: float | None = None
    interval: tuple[float | None, float | None] | None = None
    worse: EValue | None = None
    not_worse: EValue | None = None
    samples: Sample | None = None


class Verdict(Frozen):
    """What all gates together come to at one look.

    Attributes:
        decision: PROMOTE the candidate to the next stage (or for good, after the last); ROLLBACK; CONTINUE to watch; INCONCLUSIVE when
            watching longer is over or would not help.
        sentence: why, in plain words.
        stage: index of the present stage; None before there is any.
        at: end of the newest stratum that was judged; None before there is any.
        gates: what each gate says.
    """

    decision: Call
    sentence: str
    stage: int | None
    at: datetime | None
    gates: tuple[GateVerdict, ...]
