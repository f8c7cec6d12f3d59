"""Processes of Rollway are killed, or stopped and woken, at every boundary of every command: another goes on, nothing is half-done."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from policies.commands import explain
from rollway.journal.records import Carried, Intended
from tests.chaos.actors import FENCED, MOMENTS, STOPS, Death, Moment, Site, begin, resume, stopped
from tests.chaos.conftest import FULL, KILLED, POLICY, Ground, fork
from tests.chaos.endings import find_faults, outcome_of, records_of

MOST_PROCESSES = 40
PATIENCE_S = 150
WELL = {"PROMOTED", "ROLLED_BACK"}
"""A good candidate is promoted, unless the machine is so slow that the dead-man's switch acts before the next process does."""


@dataclass(frozen=True)
class Plot:
    """A rollout to be killed: its candidate, what its policy says besides, and how it may end. A test's models are its winner's first."""

    models: str
    fields: dict[str, Any]
    outcomes: set[str]


GREEN = {
    "strategy": "blue_green",
    "stages": [{"share": 90, "bake": "1s"}],
    "probes": {"body": "1", "count": 5, "within": "2s"},
}
SHADOW = {"strategy": "shadow", "stages": [{"shadow": True, "share": 100, "bake": "2s"}, {"share": 50, "bake": "1s"}]}
GUARDRAIL = {
    "strategy": "guardrail",
    "stages": [{"share": 50, "bake": "8s"}, {"share": 100, "bake": "8s"}],
    "deployment_guardrails": {"brake": "10s"},
}
TEST = {
    "strategy": "ab_test",
    "stages": [{"share": 30, "bake": "6s"}],
    "gates": POLICY["gates"]
    | {"speed": {"metric": "ModelLatency", "namespace": "AWS/SageMaker", "better": "lower", "better_by": "0%"}},
}
PLOTS = {
    "canary promoted": Plot("v2", {}, WELL),
    "canary taken back": Plot("bad", {}, {"ROLLED_BACK"}),
    "blue/green promoted and watched": Plot("v2", GREEN | {"watch": "1s"}, WELL),
    "shadow promoted": Plot("v2", SHADOW, WELL),
    "shadow taken back": Plot("bad", SHADOW, {"ROLLED_BACK"}),
    "guardrail promoted": Plot("v2", GUARDRAIL, WELL | {"INCONCLUSIVE"}),
    "guardrail taken back": Plot("bad", GUARDRAIL, {"ROLLED_BACK", "INCONCLUSIVE"}),
    "control twin taken back": Plot(
        "bad", {"strategy": "control_twin", "stages": [{"share": 40, "bake": "1s"}]}, {"ROLLED_BACK"}
    ),
    "A/B test won": Plot("fast bad", TEST, WELL),
    "A/B test lost": Plot("bad", TEST, {"ROLLED_BACK"}),
}

SAMPLE: list[tuple[str, Moment]] = [
    ("canary promoted", "after the call"),
    ("canary taken back", "before the intent"),
    ("canary taken back", "stopped before the request"),
]
CASES = list(product(PLOTS, MOMENTS)) if FULL else SAMPLE
"""Every plot at every moment in ``make chaos``; a sample in the suite, whose simulated rollouts are killed at every boundary as well."""


@dataclass(frozen=True)
class Story:
    """A rollout whose every process was killed or stopped at one moment of the command under way, and the commands at which one was."""

    site: Site
    killed_at: list[str]


def play(site: Site, moment: Moment, register: Path) -> Story:
    """Kill each process at the moment of the first command at which none was killed yet; the one after it goes on."""
    register.touch()
    asleep: BaseProcess | None = None
    for number in range(MOST_PROCESSES):
        process = fork(resume if number else begin, site, Death(moment, register))
        is_asleep = moment in STOPS and stopped(process)
        if asleep is not None:
            wake(asleep)  # by now another one has taken over
        asleep = process if is_asleep else None
        if is_asleep:
            continue
        process.join(PATIENCE_S)
        if process.exitcode == 0:
            return Story(site, register.read_text("utf-8").splitlines())
        assert process.exitcode == -signal.SIGKILL, f"process {number} ended with {process.exitcode}"
    raise AssertionError(f"never over: {register.read_text('utf-8')}")


def wake(asleep: BaseProcess) -> None:
    """Let a stopped process go on: it must find out by itself that its rollout is in the hands of another."""
    assert asleep.pid is not None
    os.kill(asleep.pid, signal.SIGCONT)
    asleep.join(PATIENCE_S)
    assert asleep.exitcode == FENCED, f"a process that was woken ended with {asleep.exitcode}"


@pytest.fixture(scope="module")
def stories(ground: Ground, directors: ProcessPoolExecutor) -> dict[tuple[str, Moment], Story]:
    """Every plot for each moment, all at the same time."""
    sites = [
        ground.site(endpoint, *PLOTS[plot].models.split(), **PLOTS[plot].fields)
        for endpoint, (plot, _) in zip(KILLED, CASES, strict=True)
    ]
    registers = [ground.folder / f"{site.endpoint}.killed" for site in sites]
    played = directors.map(play, sites, [moment for _, moment in CASES], registers)
    return dict(zip(CASES, played, strict=True))


@pytest.mark.parametrize(("plot", "moment"), CASES)
def test_a_rollout_survives_a_kill_or_a_stop_at_every_command(
    ground: Ground, stories: dict[tuple[str, Moment], Story], plot: str, moment: Moment
):
    """A process dies, or is stopped and woken, at every single command, and yet the rollout ends as it should, with nothing left over."""
    story = stories[plot, moment]
    records = records_of(story.site)
    intended = {explain(record.command) for record in records if isinstance(record, Intended)}
    done = {explain(each.command) for each in records if isinstance(each, Carried) and each.result.status == "done"}
    sends_nothing = done if moment == "stopped before the request" else set[str]()
    assert intended <= set(story.killed_at) | sends_nothing
    assert outcome_of(story.site) in PLOTS[plot].outcomes
    assert find_faults(story.site, ground.folder / "requests.jsonl") == []
