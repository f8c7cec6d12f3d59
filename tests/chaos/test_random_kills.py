"""Processes of Rollway are killed at random moments, those that take over as well: hundreds in ``make chaos``, a few in the suite."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from tests.chaos.actors import Death, Site, begin, resume
from tests.chaos.conftest import ENDPOINTS, Ground
from tests.chaos.endings import find_faults, outcome_of, reset

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
ROLLOUTS = 500 if FULL else 6
RESUMERS_KILLED = 200 if FULL else 4
AT_A_TIME = 6
SEED = int(os.environ.get("ROLLWAY_CHAOS_SEED", "7"))
_LONGEST_S = 12.0
"""About as long as an undisturbed rollout takes."""
_SPARE_ENDPOINTS = ENDPOINTS[8 : 8 + AT_A_TIME]


def play(ground: Ground, site: Site, kills: list[float]) -> list[str]:
    """Kill one process after the other, each after so many seconds, then let one finish; return what is wrong then."""
    log = ground.folder / "requests.jsonl"
    offset = log.stat().st_size
    for number, seconds in enumerate(kills):
        process = ground.fork(resume if number else begin, site, Death())
        process.join(seconds)
        process.kill()
        process.join()
    last = ground.fork(resume, site, Death())
    last.join(120)
    if last.exitcode != 0:
        last.kill()
        return [f"the last process ended with {last.exitcode}, the rollout is {outcome_of(site)}"]
    return find_faults(site, log, offset) if outcome_of(site) else []


def test_rollouts_survive_kills_at_random_moments(ground: Ground):
    """All of them end promoted or on their baseline, with nothing left over and no two processes writing in turns."""
    luck = random.Random(SEED)
    again = [number < RESUMERS_KILLED for number in range(ROLLOUTS)]
    plots = [(luck.choice(["v2", "bad"]), [luck.uniform(0.2, _LONGEST_S) for _ in range(1 + more)]) for more in again]
    free: SimpleQueue[str] = SimpleQueue()
    for endpoint in _SPARE_ENDPOINTS:
        free.put(endpoint)

    def one(plot: tuple[str, list[float]]) -> list[str]:
        model, kills = plot
        site = ground.site(free.get(), model)
        try:
            return [f"{site.endpoint} {kills}: {fault}" for fault in play(ground, site, kills)]
        finally:
            reset(site)
            free.put(site.endpoint)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        faults = [fault for found in pool.map(one, plots) for fault in found]
    assert faults == []
