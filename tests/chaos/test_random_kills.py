"""Processes of Rollway are killed at random moments, those that take over as well: hundreds in ``make chaos``, a few in the suite."""

import os
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.chaos.actors import Death, Site, begin, resume
from tests.chaos.conftest import AT_A_TIME, ENDPOINTS, Ground, fork
from tests.chaos.endings import find_faults, outcome_of, reset

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
ROLLOUTS = 500 if FULL else 6
RESUMERS_KILLED = 200 if FULL else 4
SEED = int(os.environ.get("ROLLWAY_CHAOS_SEED", "7"))
_LONGEST_S = 12.0
"""About as long as an undisturbed rollout takes."""
_SPARE_ENDPOINTS = ENDPOINTS[8 : 8 + AT_A_TIME]


def play(site: Site, kills: list[float], log: Path) -> list[str]:
    """Kill one process after the other, each after so many seconds, then let one finish; return what is wrong then."""
    offset = log.stat().st_size
    for number, seconds in enumerate(kills):
        process = fork(resume if number else begin, site, Death())
        process.join(seconds)
        process.kill()
        process.join()
    last = fork(resume, site, Death())
    last.join(120)
    if last.exitcode != 0:
        last.kill()
        return [f"the last process ended with {last.exitcode}, the rollout is {outcome_of(site)}"]
    return find_faults(site, log, offset) if outcome_of(site) else []


def play_in_turn(sites: list[Site], kills: list[list[float]], log: Path) -> list[str]:
    """Play rollouts of one endpoint, one after the other."""
    faults: list[str] = []
    for site, moments in zip(sites, kills, strict=True):
        faults += [f"{site.endpoint} {moments}: {fault}" for fault in play(site, moments, log)]
        reset(site)
    return faults


def test_rollouts_survive_kills_at_random_moments(ground: Ground, directors: ProcessPoolExecutor):
    """All of them end promoted or on their baseline, with nothing left over and no two processes writing in turns."""
    luck = random.Random(SEED)
    again = [number < RESUMERS_KILLED for number in range(ROLLOUTS)]
    kills = [[luck.uniform(0.2, _LONGEST_S) for _ in range(1 + more)] for more in again]
    sites = [
        ground.site(_SPARE_ENDPOINTS[number % AT_A_TIME], luck.choice(["v2", "bad"])) for number in range(ROLLOUTS)
    ]
    log = ground.folder / "requests.jsonl"

    played = [
        directors.submit(play_in_turn, sites[turn::AT_A_TIME], kills[turn::AT_A_TIME], log) for turn in range(AT_A_TIME)
    ]

    assert [fault for story in played for fault in story.result()] == []
