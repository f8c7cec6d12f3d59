"""What nothing but Prefect's scheduler starts, waited for and not called; also after the loss of worker, flows and server."""

import os
import signal
import time
from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from rollway.loop.starting import open_journal
from tests.e2e.prefect.conftest import LINGER, POLICY, start
from tests.e2e.prefect.site import Site, open_site, wait_for

pytestmark = pytest.mark.timeout(1500)
"""These tests wait for schedules, of a minute, and for a lease of five."""
LEASE = timedelta(minutes=5)
ENDS_WITHIN_S = (LEASE + timedelta(minutes=2)).total_seconds()
SCHEDULED_WITHIN_S = 400
LOST = ("lost-1", "lost-2", "lost-3")
HOSTED = tuple(f"hosted-{number}" for number in range(6))
FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
full_only = pytest.mark.skipif(not FULL, reason="ten minutes: only with ROLLWAY_CHAOS=full")
POOL = "to-be-lost"
# The lost endpoints get no requests, so whatever takes such a rollout up ends it at its deadline. The switch would act at the lease's end.
ORPHAN = LINGER | {"stages": "[{share: 10, bake: 5s}]", "deadline": "4m", "lease": "5m"}


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """A site of its own: the server that the rest of the tests share is killed at their end."""
    with open_site(tmp_path_factory.mktemp("scheduled"), pools_to_lose=(POOL,)) as site:
        yield site


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The path of each policy."""
    folder: Path = tmp_path_factory.mktemp("policies")
    policies = {"finish": LINGER | {"stages": "[{share: 50, bake: 5s}]"}, "orphan": ORPHAN}
    for name, values in policies.items():
        (folder / f"{name}.yaml").write_text(POLICY.format(**values), "utf-8")
    return {name: str(folder / f"{name}.yaml") for name in policies}


def kill_tree(process: int) -> None:
    """Kill a process and all below it, from the top: what is left finds nothing to report to."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    below = [int(each) for path in lists for each in path.read_text("utf-8").split()]
    os.kill(process, signal.SIGKILL)
    for each in below:
        if Path(f"/proc/{each}").exists():
            kill_tree(each)


def completed(site: Site, deployment: str, after: datetime | None = None) -> str | None:
    """The id of a run that a schedule brought about and that has completed."""
    done = [run["id"] for run in site.scheduled_runs(deployment, after) if run["state"]["type"] == "COMPLETED"]
    return done[0] if done else None


def test_an_interval_run_comes_by_itself(scheduled):
    """``reconcile`` is on an interval of one minute in ``deployments.yaml``: its runs come and complete, and nothing here starts one."""
    assert wait_for(lambda: completed(scheduled, "reconcile"), SCHEDULED_WITHIN_S)


def test_a_cron_schedule_with_parameters_rolls_a_model_out(scheduled, files):
    """A deployment on cron starts a rollout with the parameters of its schedule, and that is promoted."""
    rollout = {"endpoint": "digits", "model": "digits-better", "policy": files["finish"], "journal": "", "region": ""}
    times = {"cron": "* * * * *", "timezone": "Europe/Berlin"}
    deployment = scheduled.schedule_canary(
        "on-cron", {"schedule": times, "active": True, "parameters": {"rollout": rollout}}
    )

    def promoted() -> bool | None:
        names = [run["state"]["name"] for run in scheduled.scheduled_runs("on-cron")]
        return "Promoted" in names or None

    assert wait_for(promoted, SCHEDULED_WITHIN_S)
    scheduled.ask("PATCH", f"/deployments/{deployment}", {"paused": True})
    (variant,) = scheduled.config_of("digits")["ProductionVariants"]
    assert variant["ModelName"] == "digits-better"


def test_setup_finds_every_schedule_alive(scheduled):
    """On a server that schedules, setup says so by saying nothing: no run is missing, and nothing dead occupies a slot."""
    said = scheduled.told["rollway setup"]

    assert "NO RUNS" not in said
    assert "WARNING" not in said


@full_only
def test_loss_of_worker_and_flows(scheduled, files):
    """The host of six rollouts is lost. A worker comes up again, as a service does, and nothing else helps."""
    runs = begin(scheduled, files, HOSTED)
    kill_tree(scheduled.workers["rollway"].pid)
    lose(scheduled, runs)
    scheduled.start_worker("rollway")

    check_ended(scheduled, HOSTED)
    scheduled.start_worker(POOL)


@full_only
def test_loss_of_everything_while_reconcile_is_pending(scheduled, files):
    """Workers, flows and server are killed while a run of ``reconcile`` is PENDING. Server and worker come up again; nothing else helps."""
    runs = begin(scheduled, files, LOST)
    leaked = _kill_while_pending(scheduled)
    lose(scheduled, runs)
    killed_at = datetime.now(UTC)
    scheduled.restart_server()
    assert scheduled.run(leaked)["state"]["type"] == "PENDING"
    scheduled.start_worker("rollway")

    assert wait_for(lambda: completed(scheduled, "reconcile", killed_at), SCHEDULED_WITHIN_S)
    check_ended(scheduled, LOST)
    assert scheduled.ended(leaked)["type"] == "CRASHED"


def begin(site: Site, files: dict[str, str], endpoints: Sequence[str]) -> list[str]:
    """Start a rollout on each of new endpoints, and return the runs once every candidate has traffic."""
    for endpoint in endpoints:
        site.create_endpoint(endpoint)
    for endpoint in endpoints:
        site.await_serving(endpoint, "AllTraffic")
    runs = [start(site, endpoint, files["orphan"], f"canary/{POOL}") for endpoint in endpoints]
    for endpoint in endpoints:
        site.await_serving(endpoint, "candidate", SCHEDULED_WITHIN_S)
    return runs


def lose(site: Site, runs: Sequence[str]) -> None:
    """Kill the worker of the rollouts, and their flows."""
    flows = [site.process_of(run) for run in runs] if site.server.poll() is None else []
    kill_tree(site.workers[POOL].pid)
    for flow in flows:
        if Path(f"/proc/{flow}").exists():
            os.kill(flow, signal.SIGKILL)


def check_ended(site: Site, endpoints: Sequence[str]) -> None:
    """Every rollout ends within its lease and two minutes, on its baseline, taken up by another process and not by the switch."""
    outcomes = {endpoint: site.await_outcome(endpoint, ENDS_WITHIN_S) for endpoint in endpoints}
    assert outcomes == dict.fromkeys(endpoints, "INCONCLUSIVE")
    store = open_journal(site.aws, os.environ["ROLLWAY_JOURNAL"])
    for endpoint in endpoints:
        site.await_baseline(endpoint)
        assert site.left_over(endpoint) == []
        chronicle = Journal(store, read_standing(store, endpoint).lease.rollout_id).read()
        assert [record.kind for record in chronicle.records].count("taken_up") >= 1
        assert chronicle.state.ending.cause == ""


def _kill_while_pending(site: Site) -> str:
    """Kill the worker, and what it has just begun to start, at a moment when a run of ``reconcile`` is PENDING; return that run."""
    give_up = time.monotonic() + SCHEDULED_WITHIN_S
    wanted = {
        "deployments": {"name": {"any_": ["reconcile"]}},
        "flow_runs": {"state": {"type": {"any_": ["PENDING"]}}},
    }
    while time.monotonic() < give_up:
        pending = site.api.post("/flow_runs/filter", json=wanted)
        if pending.is_success and pending.json():
            kill_tree(site.workers["rollway"].pid)
            run = pending.json()[0]["id"]
            if site.run(run)["state"]["type"] == "PENDING":
                return run
            site.start_worker("rollway")  # it began just before: wait for the next
        time.sleep(0.05)
    raise AssertionError("no run of reconcile was ever seen PENDING")
