"""A receiver under siege, killed twice meanwhile: nothing genuine is lost or done twice, its memory stays flat, and it stays reachable.

ROLLWAY_CHAOS=full lays the whole siege; without it, a twentieth of it.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rollway.aws.objects import ObjectStore
from tests.webhooks.served import Site
from tests.webhooks.siege import Siege, lay
from tests.webhooks.test_killed import PATIENCE_S, Served, journal, simulated, start, wait_for

__all__ = ["journal", "simulated", "start"]

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
HOSTILE, GENUINE, SILENT = (10_000, 1_000, 500) if FULL else (360, 50, 300)
KILLS_AT = (0.3, 0.6) if FULL else (0.4,)
"""At which parts of the genuine deliveries the receiver is killed."""
MOST_GROWTH_MIB = 24
"""Over the second half of what one process takes; 512 connections with their buffers may be open at once."""


def memory_mib(process_id: int) -> float:
    """The memory that a process has in use."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


class Life:
    """The receivers that follow one another on the same port, and how their memory grew."""

    def __init__(self, start: Callable[[Site], Served], site: Site) -> None:
        self.start = start
        self.site = site
        self.served = start(site)
        self.site = Site(site.url, port=int(self.served.url.rpartition(":")[2]))
        self.memory: list[list[float]] = [[]]

    def note(self) -> None:
        """Note the memory."""
        self.memory[-1].append(memory_mib(self.served.process.pid or 0))

    def kill(self) -> None:
        """End it the hard way."""
        os.kill(self.served.process.pid or 0, signal.SIGKILL)
        self.served.process.join(PATIENCE_S)

    def revive(self) -> None:
        """Start the next one."""
        self.served = self.start(self.site)
        self.memory.append([])


async def direct(life: Life, siege: Siege) -> None:
    """Kill the receiver when its time has come, and note its memory all the time."""
    kills = [round(GENUINE * part) for part in KILLS_AT]
    while True:
        if kills and sum(siege.first.values()) + siege.again >= kills[0]:
            kills.pop(0)
            siege.is_up.clear()
            siege.kills += 1
            await asyncio.to_thread(life.kill)
            await asyncio.to_thread(life.revive)
            siege.is_up.set()
        life.note()
        await asyncio.sleep(0.1)


async def play(life: Life, siege: Siege) -> None:
    siege.is_up.set()
    async with asyncio.TaskGroup() as group:
        director = group.create_task(direct(life, siege))
        await lay(siege, HOSTILE, GENUINE, SILENT)
        director.cancel()


def growth_mib(samples: list[float]) -> float:
    """By how much the memory grew over the second half, to which caches have filled."""
    half = samples[len(samples) // 2 :]
    return max(half) - half[0] if half else 0.0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.timeout(7200 if FULL else 900)
def test_a_siege_costs_nothing_that_is_genuine(
    simulated: str, journal: ObjectStore, start: Callable[[Site], Served]
) -> None:
    """No hostile request is let in; every genuine delivery has its effect once, and is taken at its first try but for kills."""
    life, siege = Life(start, Site(simulated)), Siege(0)
    siege.port = life.site.port
    asyncio.run(play(life, siege))
    wait_for(lambda: not journal.list_keys("inbox/open/"), 10 * PATIENCE_S)
    life.served.process.kill()

    grown = [growth_mib(each) for each in life.memory]
    print(  # noqa: T201 - the figures of the whole siege are read by people
        json.dumps(
            {
                "hostile": dict(siege.hostile),
                "genuine at the first try": dict(siege.first),
                "genuine sent again after a kill": siege.again,
                "health": dict(siege.health),
                "silent connections opened": siege.silent,
                "memory MiB, highest of each process": [round(max(each, default=0), 1) for each in life.memory],
                "memory MiB grown over its second half": [round(each, 1) for each in grown],
            }
        )
    )
    assert sum(siege.hostile.values()) == HOSTILE
    assert not siege.hostile[200] + siege.hostile[202]
    assert set(siege.first) == {202}, "served at the first try"
    assert set(siege.health) == {200}, "healthy throughout"
    assert siege.kills == len(KILLS_AT)
    assert siege.silent > SILENT, "silent connections are closed, and come again"
    assert len(journal.list_keys("effects/")) == GENUINE
    assert len(journal.list_keys("inbox/settled/")) == len(journal.list_keys("inbox/events/")) == GENUINE
    assert max(grown) < MOST_GROWTH_MIB
