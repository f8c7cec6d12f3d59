"""Hostile requests leave nothing behind."""

from collections import Counter

import pytest

from benchmarks.receiver import assault, growth_kib
from rollway.webhooks.doors import SENDERS
from rollway.webhooks.limits import Limits
from rollway.webhooks.receiver import Outside, Receiver, Senders
from rollway.webhooks.secrets import Secrets
from tests.webhooks.stage import Handler

WARM, REQUESTS = 80, 500
MOST_KIB = 400
"""Buckets of 4,096 sources are what may be kept; a hundredth of what was sent here."""


def test_memory_stays_flat_under_fire(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred hostile requests of every kind, each from another source, are refused and hold no memory."""
    for name in ("MLFLOW", "WANDB"):
        monkeypatch.setenv(f"ROLLWAY_{name}_SECRET", "benchmark-secret-0123456789")
    outside = Outside(store.aws, store, Handler(), Limits(burst=3, requests_per_s=0.001))
    receiver = Receiver(Senders(Secrets(SENDERS, lambda _: ())), outside)
    statuses: Counter[int] = Counter()

    def send(those: range) -> None:
        statuses.update(assault(receiver, those))

    grown = growth_kib(send, WARM, REQUESTS)

    assert set(statuses) == {202, 400, 401, 404, 413, 429}
    assert statuses[202] == 3
    assert grown < MOST_KIB
