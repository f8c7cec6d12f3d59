"""Hostile requests leave nothing behind."""

import logging
from collections import Counter

import pytest

from benchmarks.receiver import assault, growth_kib
from rollway.secrets import Secrets
from rollway.webhooks.doors import SENDERS
from rollway.webhooks.inbox import Inbox
from rollway.webhooks.limits import Limits
from rollway.webhooks.receiver import Outside, Receiver, Senders
from tests.webhooks.stage import Handler

WARM, REQUESTS = 80, 500
FLOOD_LET_IN = 3
"""Of the requests that are genuine, from one source; the others from it are too many."""
MOST_KIB = 400
"""Buckets of 4,096 sources are what may be kept; a hundredth of what was sent here."""


def test_memory_stays_flat_under_fire(store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Five hundred hostile requests of every kind, each from another source, are refused and hold no memory."""
    caplog.set_level(logging.CRITICAL, logger="rollway")  # pytest would keep every line, and be measured with it
    for name in ("MLFLOW", "WANDB"):
        monkeypatch.setenv(f"ROLLWAY_{name}_SECRET", "benchmark-secret-0123456789")
    outside = Outside(store.aws, store, Handler(), Limits(burst=FLOOD_LET_IN, requests_per_s=0.001))
    receiver = Receiver(Senders(Secrets(SENDERS, lambda _: ())), outside)
    statuses: Counter[int] = Counter()

    def send(those: range) -> None:
        statuses.update(assault(receiver, those))

    grown = growth_kib(send, WARM, REQUESTS)

    assert set(statuses) == {202, 400, 401, 404, 413, 429}
    assert len(Inbox(store).list_open()) == FLOOD_LET_IN
    assert grown < MOST_KIB
