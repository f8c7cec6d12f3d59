"""Laws of leases that hold whatever several processes do, in whatever order, and whatever answers get lost."""

import contextlib
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import uuid4

import pytest

from policies.errors import AwsError, JournalError
from policies.lifecycle import Outcome
from rollway.aws.objects import ObjectStore
from rollway.journal.leases import Bid, Held, acquire, read_standing, take_up
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from tests.journal.meanwhile import cut_off_by_next_write

STEPS: Final = 60
LENGTH: Final = timedelta(minutes=5)
ENDPOINT: Final = "fraud-prod"


@dataclass
class Crowd:
    """Processes that want the same endpoint, each with what it believes to hold."""

    store: ObjectStore
    cloud: Cloud
    clock: VirtualClock
    luck: random.Random
    believed: list[Held] = field(default_factory=list[Held])

    def step(self) -> None:
        """Have somebody do something; what is refused or unanswered is part of the play."""
        act = self.luck.choice([self.start, self.take_up, self.renew, self.check, self.leave, self.end, self.wait])
        with contextlib.ExitStack() as trouble:
            trouble.enter_context(contextlib.suppress(JournalError, AwsError))
            if self.luck.random() < 0.25:
                trouble.enter_context(cut_off_by_next_write(self.store, self.cloud))
            act()

    def start(self) -> None:
        bid = Bid(f"rollout-{uuid4().hex}", "fraud-v7", "ada@laptop", LENGTH)
        self.believed.append(acquire(self.store, ENDPOINT, bid))

    def take_up(self) -> None:
        found = read_standing(self.store, ENDPOINT)
        if found is not None:
            force = self.luck.random() < 0.2
            self.believed.append(take_up(self.store, ENDPOINT, found.lease.rollout_id, by="bob@server", force=force))

    def renew(self) -> None:
        self.somebody().renew()

    def check(self) -> None:
        self.somebody().check()

    def leave(self) -> None:
        self.somebody().let_go()

    def end(self) -> None:
        self.somebody().release(Outcome.PROMOTED)

    def wait(self) -> None:
        self.clock.advance(self.luck.choice([LENGTH / 3, LENGTH / 2, LENGTH]))

    def somebody(self) -> Held:
        return self.luck.choice(self.believed)


def may_act(held: Held) -> bool:
    try:
        held.check()
    except JournalError:
        return False
    return True


@pytest.mark.parametrize("seed", range(6))
def test_one_holder_and_growing_tokens(store: ObjectStore, cloud: Cloud, clock: VirtualClock, seed: int) -> None:
    """At no time may two act on the endpoint, the token never shrinks, and it grows when the holder changes."""
    crowd = Crowd(store, cloud, clock, random.Random(seed))
    crowd.start()
    token, grant = 1, crowd.believed[0].lease.grant
    for _ in range(STEPS):
        crowd.step()
        standing = read_standing(store, ENDPOINT)
        assert standing is not None
        lease = standing.lease
        assert lease.token == token + (lease.grant != grant)
        token, grant = lease.token, lease.grant
        if crowd.luck.random() < 0.3:  # not always, as asking renews
            assert [held.lease.grant for held in crowd.believed if may_act(held)] in ([], [grant])
