"""Receivers that are really killed, over real HTTP: every event that was answered for is handled, and has its effect once."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from typing import NamedTuple

import httpx
import pytest

from rollway.aws.objects import ObjectStore
from rollway.sandbox.clock import WallClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.server import ControlPlane
from tests.webhooks import signing
from tests.webhooks.served import BUCKET, SECRET, Moment, Site, connected, run

PATIENCE_S = 60


class Served(NamedTuple):
    """A receiver's process and where it listens."""

    process: BaseProcess
    url: str


@pytest.fixture(scope="module")
def simulated() -> Generator[str]:
    """A simulated AWS over HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "")
        server = ControlPlane(Cloud(WallClock()))
        server.start()
        connected(server.url).aws.s3.create_bucket(Bucket=BUCKET)
        yield server.url
        server.stop()


@pytest.fixture
def journal(simulated: str) -> ObjectStore:
    return connected(simulated)


@pytest.fixture(scope="module")
def start() -> Generator[Callable[[Site], Served]]:
    """Start a receiver."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.webhooks.served"])
    started: list[BaseProcess] = []

    def start_one(site: Site) -> Served:
        ours, theirs = context.Pipe()
        process = context.Process(target=run, args=(site, theirs))
        process.start()
        started.append(process)
        assert ours.poll(PATIENCE_S)
        served = Served(process, f"http://127.0.0.1:{ours.recv()}")
        wait_for(lambda: httpx.get(f"{served.url}/healthz").is_success)
        return served

    yield start_one
    for process in started:
        process.kill()


def wait_for(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail("it did not come true in time")


def send(url: str, delivery: str) -> bool:
    """Send an event once, and say whether it was answered for."""
    body, headers = signing.mlflow(signing.alias_set(), SECRET, datetime.now(UTC), delivery)
    try:
        answer = httpx.post(f"{url}/mlflow", content=body, headers=headers, timeout=20)
    except httpx.TransportError:
        return False
    assert answer.status_code == 202
    return True


MOMENTS: tuple[Moment, ...] = ("marked", "known", "never", "handling", "handled", "settled")
"""Where a receiver kills itself; ``never``: it is killed from outside, as soon as its answer is here."""


def test_killed_receivers_lose_nothing_and_do_nothing_twice(
    simulated: str, journal: ObjectStore, start: Callable[[Site], Served]
) -> None:
    """One after the other is killed around its answer, its handler or its settlement; the next one brings the event to its one effect."""
    effects = len(journal.list_keys("effects/"))
    served = start(Site(simulated, MOMENTS[0], MOMENTS[0]))
    for moment, following in zip(MOMENTS, (*MOMENTS[1:], "never"), strict=True):
        was_answered = send(served.url, delivery=moment)
        if moment == "never":
            os.kill(served.process.pid or 0, signal.SIGKILL)
        served.process.join(PATIENCE_S)
        assert served.process.exitcode == -signal.SIGKILL, moment
        if moment in {"marked", "known", "never"}:
            assert was_answered is (moment == "never"), moment

        served = start(Site(simulated, following, following))
        if not was_answered:
            assert send(served.url, delivery=moment)
        wait_for(lambda: not journal.list_keys("inbox/open/"))
        assert send(served.url, delivery=moment)
        wait_for(lambda: not journal.list_keys("inbox/open/"))
        effects += 1
        assert len(journal.list_keys("effects/")) == effects, moment
    served.process.kill()
    assert len(journal.list_keys("inbox/settled/")) == len(journal.list_keys("inbox/events/"))


def test_sigterm_lets_what_is_under_way_end(
    simulated: str, journal: ObjectStore, start: Callable[[Site], Served]
) -> None:
    """Told to end, a receiver takes nothing more in, waits for the handler, settles and ends well."""
    served = start(Site(simulated, handling_s=0.5))
    began = len(journal.list_keys("began/"))
    assert send(served.url, "drained")
    wait_for(lambda: len(journal.list_keys("began/")) > began)

    os.kill(served.process.pid or 0, signal.SIGTERM)
    served.process.join(PATIENCE_S)

    assert served.process.exitcode == 0
    assert journal.list_keys("inbox/open/") == ()
    settled = [json.loads(found.body) for key in journal.list_keys("inbox/settled/") if (found := journal.read(key))]
    assert {each["outcome"] for each in settled} == {"handled"}
