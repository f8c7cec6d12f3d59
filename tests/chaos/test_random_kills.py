"""Processes of Rollway are killed, or stopped for a while, at random moments: hundreds in ``make chaos``, a few in the suite."""

import os
import random
import signal
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx

from policies.values import parse_duration
from rollway.sandbox.fault_menu import (
    ChangeRollsBack,
    Denied,
    Fault,
    LostAnswer,
    Stuck,
    Throttle,
    UpdateRollsBack,
)
from tests.chaos.actors import Death, Site, begin, resume
from tests.chaos.conftest import FULL, POLICY, TROUBLED, Ground, fork
from tests.chaos.endings import PATIENCE_S, find_faults, outcome_of, patiently, reset, rollout_of
from tests.chaos.simulated_aws import TOKEN

ROLLOUTS = 500 if FULL else 6
RESUMERS_KILLED = 200 if FULL else 4
AT_A_TIME = len(TROUBLED)
STOPPED = 0.3
"""Part of the disturbances that only stop a process, until the next one has had its turn."""
MOSTLY = 0.5
"""Part of the rollouts of which the first process lives long enough to begin them, and more."""
TROUBLED_BY_AWS = 0.4
"""Part of the rollouts during which something goes wrong in the simulated AWS, too."""
WEIGHTS = "UpdateEndpointWeightsAndCapacities"
FOR_A_WHILE = timedelta(seconds=4)
MENU: tuple[Fault, ...] = (
    *(Denied(operation=each, duration=FOR_A_WHILE) for each in (WEIGHTS, "UpdateEndpoint", "DescribeEndpoint")),
    *(LostAnswer(operation=each, times=2) for each in (WEIGHTS, "UpdateEndpoint")),
    *(Stuck(operation=each, by=FOR_A_WHILE) for each in (WEIGHTS, "UpdateEndpoint")),
    Throttle(operation=WEIGHTS, times=6),
    ChangeRollsBack(),
    UpdateRollsBack(),
)
SEED = int(os.environ.get("ROLLWAY_CHAOS_SEED", "7"))
LEASE_S = parse_duration(POLICY["lease"]).total_seconds()
_LONGEST_S = 12.0
"""About as long as an undisturbed rollout takes."""


@dataclass(frozen=True)
class Story:
    """What became of one rollout: its outcome, None if the first process died before it could begin, and what is wrong."""

    outcome: str | None
    faults: list[str]


@dataclass(frozen=True)
class Disturbance:
    """What happens to a process: after so many seconds it is killed, or stopped until the next one has had its turn."""

    after_s: float
    only_stops: bool


@dataclass(frozen=True)
class Trouble:
    """What happens during one rollout: to its processes, and to the simulated AWS."""

    kills: list[Disturbance]
    fault: Fault | None


def draw_kills(luck: random.Random, more: int) -> list[Disturbance]:
    """Draw what happens to the first process, and to so many that take over."""
    return [Disturbance(luck.uniform(0.2, _LONGEST_S), luck.random() < STOPPED) for _ in range(1 + more)]


def draw_fault(luck: random.Random) -> Fault | None:
    """Draw what goes wrong in the simulated AWS, and when; for most rollouts nothing does."""
    if luck.random() >= TROUBLED_BY_AWS:
        return None
    return luck.choice(MENU).model_copy(update={"after": timedelta(seconds=luck.uniform(0, _LONGEST_S))})


def plant(site: Site, fault: Fault) -> None:
    """Have something go wrong in the simulated AWS, with every rollout that is under way there."""
    headers, told = {"Authorization": f"Bearer {TOKEN}"}, fault.model_dump_json()
    httpx.post(f"{site.url}/_rollway/faults", content=told, headers=headers, timeout=PATIENCE_S).raise_for_status()


def play(site: Site, trouble: Trouble, log: Path) -> Story:
    """Disturb one process after the other, then let one finish; say what came of it."""
    kills = trouble.kills
    if trouble.fault:
        plant(site, trouble.fault)
    offset, before = log.stat().st_size, rollout_of(site)
    asleep: list[BaseProcess] = []
    for number, kill in enumerate(kills):
        process = fork(resume if number else begin, site, Death())
        process.join(kill.after_s)
        wake(asleep)
        if kill.only_stops and process.is_alive():
            send(process, signal.SIGSTOP)
            asleep.append(process)
        else:
            process.kill()
            process.join()
    last = fork(resume, site, Death())
    last.join(LEASE_S if asleep else PATIENCE_S)  # long enough to take over, where there is something to take over
    wake(asleep)
    last.join(PATIENCE_S)
    played = f"{site.endpoint} {trouble}"
    if last.exitcode != 0:
        last.kill()
        return Story(outcome_of(site), [f"{played}: the last process ended with {last.exitcode}"])
    if rollout_of(site) == before:
        return Story(None, [])
    return Story(
        outcome_of(site), [f"{played}: {fault}" for fault in patiently(partial(find_faults, site, log, offset))]
    )


def send(process: BaseProcess, number: signal.Signals) -> None:
    """Send a child a signal."""
    assert process.pid is not None
    os.kill(process.pid, number)


def wake(asleep: list[BaseProcess]) -> None:
    """Let those that were stopped go on to their end. One that began nothing before may begin now, and is as good as any."""
    while asleep:
        process = asleep.pop()
        send(process, signal.SIGCONT)
        process.join(PATIENCE_S)
        process.kill()
        process.join()


def play_in_turn(sites: list[Site], troubles: list[Trouble], log: Path) -> list[Story]:
    """Play rollouts of one endpoint, one after the other."""
    stories: list[Story] = []
    for site, trouble in zip(sites, troubles, strict=True):
        stories.append(play(site, trouble, log))
        patiently(partial(reset, site))
    return stories


def test_rollouts_survive_kills_at_random_moments(ground: Ground, directors: ProcessPoolExecutor):
    """All of them end promoted or on their baseline, with nothing left over and no two processes writing in turns."""
    luck = random.Random(SEED)
    again = [number < RESUMERS_KILLED for number in range(ROLLOUTS)]
    troubles = [Trouble(draw_kills(luck, more), draw_fault(luck)) for more in again]
    sites = [ground.site(TROUBLED[number % AT_A_TIME], luck.choice(["v2", "bad"])) for number in range(ROLLOUTS)]
    log = ground.folder / "requests.jsonl"

    played = [
        directors.submit(play_in_turn, sites[turn::AT_A_TIME], troubles[turn::AT_A_TIME], log)
        for turn in range(AT_A_TIME)
    ]

    stories = [story for turn in played for story in turn.result()]
    print(Counter(story.outcome for story in stories))  # noqa: T201 - read after hundreds of them
    assert [fault for story in stories for fault in story.faults] == []
    assert sum(story.outcome is not None for story in stories) > ROLLOUTS * MOSTLY
