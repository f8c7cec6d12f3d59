"""How a recorded rollout would have gone: what ended it, after how much traffic, and when its decisions changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.spec import Policy
from policies.values import format_duration
from policies.verdict import Answer, Call, Verdict
from rollway.reports.judgement import MARKS, STYLES

_FAILURES: Final = ("model_errors", "errors_5xx", "errors_4xx")
"""What counts as a failed request: the first of these that was measured."""


@dataclass(frozen=True)
class Run:
    """Minutes with the same decision and answers.

    Attributes:
        first: the verdict of the first of them.
        share: the candidate's share, in percent.
        looks: how many there are.
    """

    first: Verdict
    share: float
    looks: int


@dataclass(frozen=True)
class Course:
    """How a recorded rollout would have gone.

    Attributes:
        runs: runs of equal decisions.
        end: the verdict that would have ended it: ROLLBACK, or PROMOTE at the policy's last stage; otherwise the last one.
        after: time from the first observation to that verdict.
        requests: requests that the candidate had got by then.
        failures: how many of them failed; None where nobody counted.
        moved_on: by stage, the moment at which its gates first let it go on.
        stages: how many stages the policy has.
    """

    runs: tuple[Run, ...]
    end: Verdict
    after: timedelta
    requests: int
    failures: int | None
    moved_on: Mapping[int, datetime]
    stages: int


def trace_course(policy: Policy, observations: pd.DataFrame, verdicts: Sequence[Verdict]) -> Course:
    """Find out how a recorded rollout would have gone.

    Args:
        policy: the policy.
        observations: a checked table with rows.
        verdicts: the verdict after each of its minutes.
    """
    last = len(policy.stages) - 1
    end = next((each for each in verdicts if _is_final(each, last)), verdicts[-1])
    moved_on: dict[int, datetime] = {}
    for verdict in verdicts[: verdicts.index(end) + 1]:
        if verdict.decision is Call.PROMOTE:
            moved_on.setdefault(*_moment(verdict))
    until = observations[observations["minute"] < _moment(end)[1]]
    candidate = until[until["arm"] == "candidate"]
    failures = next((int(candidate[column].sum()) for column in _FAILURES if column in candidate), None)
    after = _moment(end)[1] - observations["minute"].iloc[0].to_pydatetime()
    requests = int(candidate["invocations"].sum())
    return Course(tuple(_find_runs(observations, verdicts)), end, after, requests, failures, moved_on, last + 1)


def _is_final(verdict: Verdict, last: int) -> bool:
    return verdict.decision is Call.ROLLBACK or (verdict.decision is Call.PROMOTE and verdict.stage == last)


def _moment(verdict: Verdict) -> tuple[int, datetime]:
    if verdict.stage is None or verdict.at is None:
        raise ValueError("a verdict on observations has a stage and a moment")
    return verdict.stage, verdict.at


def _find_runs(observations: pd.DataFrame, verdicts: Sequence[Verdict]) -> Iterator[Run]:
    stages = observations.drop_duplicates("stage")
    candidate = stages["share"].where(stages["arm"] == "candidate", 100 - stages["share"])
    shares = dict(zip(map(int, stages["stage"]), map(float, candidate), strict=True))
    for _, equal in groupby(verdicts, key=lambda each: (each.stage, each.decision, _answers(each))):
        looks = list(equal)
        yield Run(looks[0], shares[_moment(looks[0])[0]], len(looks))


def _answers(verdict: Verdict) -> tuple[Answer, ...]:
    return tuple(gate.verdict for gate in verdict.gates)


def draw_course(course: Course) -> RenderableType:
    """Draw a course for a person: a line per change, then how it would have ended."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("from (UTC)", "stage", "share", "looks", "decision"):
        table.add_column(column, justify="right" if column in {"share", "looks"} else "left", no_wrap=True)
    for gate in course.end.gates:
        table.add_column(gate.gate, justify="center", no_wrap=True)
    for run in course.runs:
        first = run.first
        stage, at = _moment(first)
        marks = (Text(MARKS[gate.verdict], STYLES[gate.verdict]) for gate in first.gates)
        decision = Text(first.decision, STYLES[first.decision])
        table.add_row(f"{at:%m-%d %H:%M}", str(stage), f"{run.share:g} %", str(run.looks), decision, *marks)
    legend = Text("✓ passes  ✗ fails  ? cannot tell yet  ! not measured", "dim")
    return Group(table, legend, "", *map(Text, tell_course(course)))


def tell_course(course: Course) -> list[str]:
    """Say in sentences how a course would have gone."""
    moves = [
        f"Stage {stage} would have let it go on at {at:%H:%M} UTC."
        for stage, at in course.moved_on.items()
        if stage < course.stages - 1
    ]
    _, at = _moment(course.end)
    failed = "" if course.failures is None else f", of which {course.failures:,} failed"
    served = f"after {format_duration(course.after)} and {course.requests:,} candidate requests{failed}"
    match course.end.decision:
        case Call.ROLLBACK:
            return [*moves, f"It would have been rolled back at {at:%H:%M} UTC, {served}: {course.end.sentence}."]
        case Call.PROMOTE:
            return [*moves, f"It would have been promoted at {at:%H:%M} UTC, {served}."]
        case _:
            end = f"It would not have been decided by {at:%H:%M} UTC, {served}: {course.end.sentence}."
            return [*moves, end]


def describe_course(course: Course) -> dict[str, Any]:
    """Return a course as a document."""
    return {
        "decision": str(course.end.decision),
        "at": _moment(course.end)[1].isoformat(),
        "after_s": course.after.total_seconds(),
        "candidate_requests": course.requests,
        "candidate_failures": course.failures,
        "moved_on": {str(stage): at.isoformat() for stage, at in course.moved_on.items()},
        "reason": course.end.sentence,
    }
