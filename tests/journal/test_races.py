"""Twenty at once: exactly one gets the endpoint, and each of the others is told who."""

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.synchronize import Barrier

import pytest

from rollway.aws.objects import ObjectStore
from rollway.aws.session import connect
from rollway.journal.leases import Bid, EndpointTaken, acquire, read_standing, take_up
from rollway.sandbox.clock import WallClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.server import ControlPlane

RACERS = 20
ENDPOINT = "fraud-prod"
WON = "won"


@pytest.fixture(scope="module")
def _simulated_aws() -> Generator[None]:
    """The simulated AWS behind its HTTP server, with a bucket."""
    plane = ControlPlane(Cloud(WallClock()))
    plane.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "simulated")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
        patch.setenv("AWS_ENDPOINT_URL", plane.url)
        connect("us-east-1").s3.create_bucket(Bucket="journal")
        yield
    plane.stop()


@pytest.fixture
def remote_store(_simulated_aws: None, request: pytest.FixtureRequest) -> ObjectStore:
    """An empty journal whose clients have sent nothing yet, so that forks share no connection."""
    return ObjectStore(connect("us-east-1"), "journal", request.node.name)


def race(store: ObjectStore, number: int, start: threading.Barrier | Barrier) -> str:
    """Try to get the endpoint once everybody is ready; return how that ended."""
    bid = Bid(f"rollout-{number}", "fraud-v7", f"racer{number}@host", timedelta(minutes=5))
    start.wait(60)
    try:
        acquire(store, ENDPOINT, bid)
    except EndpointTaken as error:
        return str(error)
    return WON


def judge(store: ObjectStore, results: list[str]) -> None:
    """One has won, and is the one that the store and all others name."""
    assert Counter(results)[WON] == 1
    standing = read_standing(store, ENDPOINT)
    assert standing is not None
    lease = standing.lease
    assert lease.token == 1
    assert lease.rollout_id == f"rollout-{results.index(WON)}"
    told = f"taken by rollout {lease.rollout_id} since {lease.since:%Y-%m-%d %H:%M:%S} UTC, held by {lease.by}"
    assert all(told in result for result in results if result != WON)


def test_one_of_twenty_threads_gets_the_endpoint(remote_store: ObjectStore) -> None:
    """Threads of one process race like processes do; all share one client."""
    start = threading.Barrier(RACERS)
    with ThreadPoolExecutor(RACERS) as pool:
        racers = [pool.submit(race, remote_store, number, start) for number in range(RACERS)]
    judge(remote_store, [racer.result() for racer in racers])


def test_one_of_twenty_processes_gets_the_endpoint(remote_store: ObjectStore) -> None:
    """Processes share nothing but the store, and that is enough."""
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(RACERS), context.SimpleQueue()

    def run(number: int) -> None:
        results.put((number, race(remote_store, number, start)))
        os._exit(0)  # pytest's own end is not for copies of it

    racers = [context.Process(target=run, args=(number,)) for number in range(RACERS)]
    for racer in racers:
        racer.start()
    told = dict(results.get() for _ in racers)
    for racer in racers:
        racer.join()
    judge(remote_store, [told[number] for number in range(RACERS)])


def test_one_of_twenty_threads_takes_up_an_orphan(remote_store: ObjectStore) -> None:
    """Of several that insist on the same rollout, from one process even, one gets it and the token grows by one."""
    acquire(remote_store, ENDPOINT, Bid("rollout-0", "fraud-v7", "ada@laptop", timedelta(minutes=5))).let_go()
    start = threading.Barrier(RACERS)

    def succeed(number: int) -> bool:
        start.wait(60)
        try:
            held = take_up(remote_store, ENDPOINT, "rollout-0", by=f"racer{number}@host")
        except EndpointTaken:
            return False
        held.check()
        return True

    with ThreadPoolExecutor(RACERS) as pool:
        assert sum(pool.map(succeed, range(RACERS))) == 1
    standing = read_standing(remote_store, ENDPOINT)
    assert standing is not None
    assert standing.lease.token == 2
