"""Whole rollouts whose way back is obstructed: one request of it, one fault, one phase. What became of each is a row of a table.

``python -m tests.loop.return_paths`` plays all of them and writes ``docs/explanation/data/return-paths.md`` anew.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import botocore.endpoint

from policies.decision import Decision
from policies.lifecycle import Ending, Phase
from policies.observation import Signal
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import (
    ChangeRollsBack,
    Denied,
    Fault,
    InstanceQuota,
    LostAnswer,
    OutsideChange,
    Stuck,
    SystemUpdating,
    Throttle,
    UpdateRollbackFails,
    UpdateRollsBack,
)
from tests.loop.rehearsal import CONFIG, ENDPOINT, QUICK, Rehearsal, stage_endpoint

TABLE: Final = Path("docs/explanation/data/return-paths.md")
CANDIDATE: Final = "fraud-v7"
WEIGHTS: Final = "UpdateEndpointWeightsAndCapacities"
POLICY: Final[dict[str, Any]] = QUICK | {
    "timeouts": {"update": "15m", "rollback": "30m"},
    "watch": "5m",
    "guardrails": {"alone": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 2, "of": 3}},
}
PHASES: Final = {
    "deploying": (Phase.PREPARING, 0),
    "20 %": (Phase.BAKING, 0),
    "95 %": (Phase.BAKING, 1),
    "promoting": (Phase.PROMOTING, 1),
    "watch": (Phase.BAKING, 2),
}
OPERATIONS: Final = (
    "DescribeEndpoint",
    WEIGHTS,
    "UpdateEndpoint",
    "CreateEndpointConfig",
    "DeleteEndpointConfig",
    "UpdateSchedule",
    "DeleteSchedule",
    "RegisterScalableTarget",
)
WHILE: Final = timedelta(minutes=12)


@dataclass(frozen=True)
class Row:
    """One obstruction.

    Attributes:
        operation: the request that is obstructed; "endpoint" where it is the endpoint itself.
        fault: what is wrong with it.
        phase: where the rollout is when it is ordered back, and from when on the fault holds.
    """

    operation: str
    fault: str
    phase: str

    @property
    def name(self) -> str:
        """A short name, for tests."""
        return f"{self.operation}-{self.fault}-{self.phase}".replace(" ", "_")


@dataclass
class Story:
    """What became of a row.

    Attributes:
        row: the row.
        ending: how the rollout ended.
        exposure: percent of traffic that the candidate's model answered a lease and a minute after the rollout was ordered back.
        by: who made the request after which the candidate's model answered nothing any more; empty while it answers.
        at_the_end: percent of traffic that it answered when the rollout ended.
    """

    row: Row
    ending: Ending | None = None
    exposure: float | None = None
    by: str = ""
    at_the_end: float = 0.0
    began: datetime | None = None
    seen: list[Decision] = field(default_factory=list[Decision])


def rows() -> Iterator[Row]:
    """Yield every row of the table."""
    for operation in OPERATIONS:
        for fault in ("denied", "denied for a while", "throttled", "answer lost"):
            for phase in PHASES:
                yield Row(operation, fault, phase)
    for operation in (WEIGHTS, "UpdateEndpoint"):
        for fault in ("accepted and taken back", "accepted and stuck", "quota"):
            for phase in PHASES:
                yield Row(operation, fault, phase)
    for fault in ("busy", "deleted", "old configuration gone", "configuration in use gone", "update and rollback fail"):
        for phase in PHASES:
            yield Row("endpoint", fault, phase)


def closed_by_aws(row: Row) -> bool:
    """Whether AWS itself takes no request that could take the traffic: neither this rollout's nor the switch's."""
    in_watch, serving = row.phase == "watch", row.phase in {"20 %", "95 %", "promoting", "watch"}
    if row.fault == "busy":  # for eight minutes
        return serving
    if row.fault == "accepted and stuck":  # an update under way can be neither stopped nor replaced
        return in_watch if row.operation == "UpdateEndpoint" else serving and not in_watch
    # once promoted, one variant serves alone: only another configuration takes its traffic
    return in_watch and row.operation == "UpdateEndpoint" and row.fault in {"denied", "denied for a while"}


def fault_of(row: Row, rehearsal: Rehearsal) -> Fault:
    """Return the fault of a row."""
    asked: dict[str, Any] = {"operation": row.operation}
    change: dict[str, Any] = {"endpoint": ENDPOINT}
    menu: dict[str, Callable[[], Fault]] = {
        "denied": lambda: Denied(**asked),
        "denied for a while": lambda: Denied(**asked, duration=WHILE),
        "throttled": lambda: Throttle(**asked, times=60),
        "answer lost": lambda: LostAnswer(**asked, times=8),
        "accepted and taken back": lambda: (ChangeRollsBack if row.operation == WEIGHTS else UpdateRollsBack)(times=3),
        "accepted and stuck": lambda: Stuck(**asked),
        "quota": lambda: InstanceQuota(instances=5),
        "busy": lambda: SystemUpdating(duration=timedelta(minutes=8)),
        "deleted": lambda: OutsideChange(**change, delete_endpoint=True),
        "old configuration gone": lambda: OutsideChange(**change, delete_config=CONFIG["EndpointConfigName"]),
        "configuration in use gone": lambda: OutsideChange(
            **change, delete_config=rehearsal.endpoint()["EndpointConfigName"]
        ),
        "update and rollback fail": lambda: UpdateRollbackFails(times=2),
    }
    return menu[row.fault]()


def play(row: Row) -> Story:
    """Play one row."""
    botocore.endpoint.time = SimpleNamespace(sleep=lambda _: None)  # spares the seconds between botocore's attempts
    story = Story(row)
    with stage_endpoint(7) as rehearsal:
        rehearsal.register_scaling()
        rehearsal.watch = lambda r, decision: _turn(story, r, decision)
        rehearsal.publish = lambda r: _measure(story, r)
        story.ending = rehearsal.play(POLICY)
        story.at_the_end = exposure(rehearsal)
    return story


def exposure(rehearsal: Rehearsal) -> float:
    """Percent of traffic that the candidate's model answers now."""
    try:
        serving = rehearsal.cloud.endpoints.serving(ENDPOINT)
    except Refusal:
        return 0.0
    weights = {variant.name: (variant.weight, variant.model_name) for variant in serving.variants}
    total = sum(weight for weight, _ in weights.values())
    return 100 * sum(weight for weight, model in weights.values() if model == CANDIDATE) / total


def _turn(story: Story, rehearsal: Rehearsal, decision: Decision) -> None:
    story.seen.append(decision)
    if story.began or (decision.state.phase, decision.state.stage) != PHASES[story.row.phase]:
        return
    story.began = rehearsal.clock.now()
    rehearsal.cloud.plant(fault_of(story.row, rehearsal))
    assert rehearsal.rollout is not None
    rehearsal.rollout.interrupt(Signal(verb="rollback", reason="it fails", by="tester"))


def _measure(story: Story, rehearsal: Rehearsal) -> None:
    if story.began is None:
        return
    share, now = exposure(rehearsal), rehearsal.clock.now()
    if share and story.by:
        story.by = ""
    if not share and not story.by:
        story.by = _last_change(rehearsal)
    lease = rehearsal.rollout.plan.policy.lease if rehearsal.rollout else timedelta(0)
    if story.exposure is None and now >= story.began + lease + timedelta(minutes=1):
        story.exposure = share


def _last_change(rehearsal: Rehearsal) -> str:
    changes = ("UpdateEndpoint", WEIGHTS, "DeleteEndpoint")
    done = [
        each for each in rehearsal.cloud.request_log.entries() if each.operation in changes and each.outcome == "ok"
    ]
    names = {"caller": "Rollway", "scheduler": "the dead-man's switch", "outside": "somebody else"}
    return f"{names.get(done[-1].actor, done[-1].actor)}, {done[-1].operation}" if done else ""


def describe(story: Story) -> str:
    """Return the table's line of a story."""
    assert story.ending is not None
    share = f"{story.exposure:.0f} %" if story.exposure is not None else "ended before"
    kept = f"no request, {story.at_the_end:.0f} % left" if story.at_the_end else "it had none"
    by = story.by or kept
    reason = re.sub(r", request \w+", "", story.ending.reason).replace("|", "/")
    row = story.row
    return f"| {row.operation} | {row.fault} | {row.phase} | {story.ending.outcome} | {by} | {share} | {reason} |"


HEAD: Final = """# What brings the candidate's traffic back when a way is closed

Each row is a whole rollout on the simulated AWS. At a phase it is ordered back, and from that moment on one kind of request, or the
endpoint itself, has a fault. The columns: the outcome; whose request took the last of the candidate's traffic; its share a lease and a
minute (6 minutes) later; and the sentence that the outcome gives. Written by `python -m tests.loop.return_paths`; the tests play the rows
again.

Where a share is left after that time, AWS takes no request that could take it away: an endpoint that is busy refuses every change, also
the switch's, and a promoted candidate serves alone, so that nothing but `UpdateEndpoint` helps.

| request | fault | phase | outcome | traffic taken by | share after 6 min | reason |
|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Play all rows and write the table."""
    TABLE.write_text(HEAD + "".join(f"{describe(play(row))}\n" for row in rows()), "utf-8")


if __name__ == "__main__":
    main()
