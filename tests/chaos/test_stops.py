"""Processes of Rollway are stopped between their intent and their request, and go on once another has taken over: they send nothing."""

import json
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from policies.commands import Command
from rollway.aws.fencing import RECHECK_AFTER, Permit, is_reading, permitting
from rollway.aws.session import Aws, process_id
from rollway.journal.leases import Bid, acquire, read_standing, take_up
from tests.chaos.actors import Site, stop_here, stopped
from tests.chaos.conftest import FENCED, Ground, fork
from tests.chaos.every_command import Act, everything_that_changes, furnish

LENGTH = timedelta(seconds=12)
"""Long enough for all of the processes to come as far as their requests while the leases hold."""
KINDS = [get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(Command)[0])]
CHANGES = [*KINDS, "put off arm_switch", "put off arm_guard"]
BUSY = 0


@dataclass(frozen=True)
class Woken:
    """A process that went on after another had taken over: how it ended, and what it sent to change something."""

    exit_code: int | None
    sent: list[str]


def act_late(site: Site, what: str, lease: str, note: Path) -> None:
    """Take a lease, begin to carry out a command, and stop in the moment before its first request that changes something leaves."""
    aws = site.connect()
    note.write_text(process_id(), "utf-8")
    store, act = site.store(aws), everything_that_changes(aws, site.endpoint)[what]
    held = acquire(store, lease, Bid(rollout_id=what, model="v2", by="first", lasts=LENGTH))
    stop_before_changes(aws)
    held.check()
    with permitting(Permit.begin(held)):
        sys.exit(BUSY if _is_busy(act, aws) else 1)


def _is_busy(act: Act, aws: Aws) -> bool:
    result = act(aws)
    return result.status == "busy" and "was not sent" in result.message


def stop_before_changes(aws: Aws) -> None:
    """Have this process stop, once, when a request to change something is signed and about to leave."""
    stops: list[str] = []

    def stop(event_name: str, **_: Any) -> None:
        if not stops and not is_reading(event_name.rpartition(".")[2]):
            stops.append(event_name)
            stop_here()

    for client in (aws.sagemaker, aws.sagemaker_runtime, aws.cloudwatch, aws.application_autoscaling, aws.scheduler):
        client.meta.events.register_first("before-send.*.*", stop)


def name_lease(what: str, how: str) -> str:
    """Return the lease's name: each process has one of its own, though all act on one endpoint."""
    return f"{how}-{what}".replace("_", "-").replace(" ", "-")


def play(site: Site, how: str, folder: Path) -> dict[str, Woken]:
    """Stop a process in front of each change, take over from all of them, and let them go on."""
    store, log = site.store(site.connect()), folder / "requests.jsonl"
    leases = {what: name_lease(what, how) for what in CHANGES}
    processes = {what: fork(act_late, site, what, lease, folder / lease) for what, lease in leases.items()}
    for what, process in processes.items():
        assert stopped(process), f"{what} sends nothing that could be stopped: ended with {process.exitcode}"
    wait_for = LENGTH if how == "expired" else RECHECK_AFTER
    for what, lease in leases.items():
        while (standing := read_standing(store, lease)) is None or standing.age <= wait_for:
            time.sleep(0.1)
        take_up(store, lease, what, by="second", force=how == "forced")
    for process in processes.values():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGCONT)
    for process in processes.values():
        process.join()
    return {
        what: Woken(processes[what].exitcode, _sent_by((folder / lease).read_text("utf-8"), log))
        for what, lease in leases.items()
    }


def _sent_by(agent: str, log: Path) -> list[str]:
    entries: list[dict[str, Any]] = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return [
        each["operation"]
        for each in entries
        if each["agent"] == agent and each["service"] != "s3" and not is_reading(each["operation"])
    ]


@pytest.fixture(scope="module")
def furnished(ground: Ground) -> Site:
    """The endpoint that all commands are about."""
    site = ground.site(FENCED)
    furnish(site.connect(), FENCED)
    return site


@pytest.mark.parametrize("how", ["expired", "forced"])
def test_a_process_that_wakes_up_sends_none_of_its_changes(
    ground: Ground, furnished: Site, directors: ProcessPoolExecutor, how: str
) -> None:
    """Whatever the command, and however another has taken over: nothing arrives, and the command is busy instead of failing."""
    woken = directors.submit(play, furnished, how, ground.folder).result()
    assert woken == dict.fromkeys(CHANGES, Woken(BUSY, []))
