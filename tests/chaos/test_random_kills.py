"""Processes of Rollway are killed at random moments, those that take over as well: hundreds in ``make chaos``, a few in the suite."""

import os
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.actors import Death, Site, begin, resume
from tests.chaos.conftest import FULL, TROUBLED, Ground, fork
from tests.chaos.endings import find_faults, outcome_of, reset, rollout_of

ROLLOUTS = 500 if FULL else 6
RESUMERS_KILLED = 200 if FULL else 4
AT_A_TIME = len(TROUBLED)
MOSTLY = 0.5
"""Part of the rollouts of which the first process lives long enough to begin them, and more."""
SEED = int(os.environ.get("ROLLWAY_CHAOS_SEED", "7"))
_LONGEST_S = 12.0
"""About as long as an undisturbed rollout takes."""


@dataclass(frozen=True)
class Story:
    """What became of one rollout: its outcome, None if the first process died before it could begin, and what is wrong."""

    outcome: str | None
    faults: list[str]


def play(site: Site, kills: list[float], log: Path) -> Story:
    """Kill one process after the other, each after so many seconds, then let one finish; say what came of it."""
    offset, before = log.stat().st_size, rollout_of(site)
    for number, seconds in enumerate(kills):
        process = fork(resume if number else begin, site, Death())
        process.join(seconds)
        process.kill()
        process.join()
    last = fork(resume, site, Death())
    last.join(120)
    told = f"{site.endpoint} {kills}"
    if last.exitcode != 0:
        last.kill()
        return Story(outcome_of(site), [f"{told}: the last process ended with {last.exitcode}"])
    if rollout_of(site) == before:
        return Story(None, [])
    return Story(outcome_of(site), [f"{told}: {fault}" for fault in find_faults(site, log, offset)])


def play_in_turn(sites: list[Site], kills: list[list[float]], log: Path) -> list[Story]:
    """Play rollouts of one endpoint, one after the other."""
    stories: list[Story] = []
    for site, moments in zip(sites, kills, strict=True):
        stories.append(play(site, moments, log))
        reset(site)
    return stories


def test_rollouts_survive_kills_at_random_moments(ground: Ground, directors: ProcessPoolExecutor):
    """All of them end promoted or on their baseline, with nothing left over and no two processes writing in turns."""
    luck = random.Random(SEED)
    again = [number < RESUMERS_KILLED for number in range(ROLLOUTS)]
    kills = [[luck.uniform(0.2, _LONGEST_S) for _ in range(1 + more)] for more in again]
    sites = [ground.site(TROUBLED[number % AT_A_TIME], luck.choice(["v2", "bad"])) for number in range(ROLLOUTS)]
    log = ground.folder / "requests.jsonl"

    played = [
        directors.submit(play_in_turn, sites[turn::AT_A_TIME], kills[turn::AT_A_TIME], log) for turn in range(AT_A_TIME)
    ]

    stories = [story for turn in played for story in turn.result()]
    print(Counter(story.outcome for story in stories))  # noqa: T201 - read after hundreds of them
    assert [fault for story in stories for fault in story.faults] == []
    assert sum(story.outcome is not None for story in stories) > ROLLOUTS * MOSTLY
