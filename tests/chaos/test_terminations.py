"""SIGTERM and SIGINT to a process that drives several rollouts: every one of them hears, in real processes around the simulated AWS."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import pytest

from policies.loading import parse_policy
from policies.observation import Signal
from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from rollway.loop.clock import SystemClock
from rollway.loop.drive import drive
from rollway.loop.hands import PlainHands
from rollway.loop.starting import Request, plan_rollout, start
from tests.chaos.actors import Site
from tests.chaos.conftest import STOPPED, Ground
from tests.chaos.endings import half_done, outcome_of
from tests.chaos.simulated_aws import BUCKET
from tests.chaos.test_nobody_left import await_share

LIMIT_S = 180
LINGER = [{"share": 40, "bake": "5m"}]


def drive_all(sites: Sequence[Site]) -> None:
    """Start a rollout on every site, and drive all of them in one event loop."""

    async def go() -> None:
        rollouts = []
        for site in sites:
            aws = site.connect()
            request = Request(site.endpoint, site.model, parse_policy(site.policy))
            planned = plan_rollout(aws, request, SystemClock().now())
            rollouts.append(start(planned, site.store(aws), PlainHands(aws)))
        await asyncio.gather(*(drive(rollout, SystemClock()) for rollout in rollouts))

    asyncio.run(go())


def orphan_all(sites: Sequence[Site]) -> None:
    """Start a rollout on every site and leave it to others, who find that its process has let go."""
    for site in sites:
        aws = site.connect()
        planned = plan_rollout(aws, Request(site.endpoint, site.model, parse_policy(site.policy)), SystemClock().now())
        start(planned, site.store(aws), PlainHands(aws)).lease.let_go()


def await_true(look: Callable[[], bool]) -> bool:
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        if look():
            return True
        time.sleep(0.2)
    return False


def expired(site: Site) -> bool:
    standing = read_standing(site.store(site.connect()), site.endpoint)
    return standing is not None and standing.expired


def ask_to_abort(site: Site) -> None:
    """Ask the rollout under way to go back, through its journal."""
    store = site.store(site.connect())
    standing = read_standing(store, site.endpoint)
    signal_sent = Signal(verb="abort", reason="the test is over", by="tester")
    Journal(store, standing.lease.rollout_id).send_signal(signal_sent, SystemClock().now())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_rollout_of_a_process_goes_back(ground: Ground, number: signal.Signals):
    """One signal to a process that drives three rollouts brings all three back to their baselines, and the process ends by itself."""
    sites = [ground.site(endpoint, stages=LINGER) for endpoint in STOPPED]
    process = multiprocessing.get_context("forkserver").Process(target=drive_all, args=(sites,))
    process.start()
    try:
        assert all(await_share(site, 40, within_s=LIMIT_S) for site in sites)
        os.kill(process.pid or 0, number)
        process.join(LIMIT_S)
    finally:
        process.kill()

    assert process.exitcode == 0
    assert [outcome_of(site) for site in sites] == ["ABORTED"] * len(sites)
    assert [fault for site in sites for fault in half_done(site)] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_rollout_of_a_reconciler_is_handed_over(ground: Ground, number: signal.Signals):
    """``rollway reconcile`` that is stopped leaves all its rollouts as they are, and the next one goes on with all of them at once."""
    sites = [ground.site(endpoint, stages=LINGER, lease="5m") for endpoint in STOPPED]
    orphan_all(sites)
    command = [sys.executable, "-m", "rollway.cli", "reconcile", "--journal", f"s3://{BUCKET}/rollway"]
    command += ["--region", "us-east-1"]
    with subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True) as process:
        assert all(await_share(site, 40, within_s=LIMIT_S) for site in sites)
        process.send_signal(number)
        said, _ = process.communicate(timeout=LIMIT_S)

    assert process.returncode == 0
    assert [f"{site.endpoint}: under way, handed over" in said for site in sites] == [True] * len(sites)
    assert [expired(site) for site in sites] == [True] * len(sites)

    with subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True) as process:
        assert await_true(lambda: not any(map(expired, sites)))
        for site in sites:
            ask_to_abort(site)
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert [outcome_of(site) for site in sites] == ["ABORTED"] * len(sites)
