"""``rollway setup`` on a real Prefect server: what it brings up, repairs and leaves alone, and that its automation acts."""

import json
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleUpdate, DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun
from prefect.events.schemas.automations import AutomationCore
from prefect.states import Crashed

from rollway.cli import main

ROOT = Path(__file__).parents[2]
MARK = "rollway: mark dead runs crashed"
TAKE_UP = "rollway: take up what crashed"
STRATEGIES = ["canary", "linear", "blue-green", "control-twin", "shadow", "guardrail", "ab-test"]
DEPLOYMENTS = [f"{name}/{name}" for name in (*STRATEGIES, "reconcile", "steer", "fleet", "poll-registries")]
EVERYTHING = ["rollway", *DEPLOYMENTS, MARK, TAKE_UP]
BEATING = ', job_variables: {env: {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: "30"}}'
EVENT_LIMIT_S = 30

Setup = Callable[..., dict[str, tuple[str, list[str]]]]


@pytest.fixture
def client(prefect_wire: object) -> Generator[SyncPrefectClient]:
    """A client of the server."""
    del prefect_wire
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def setup(capsys: pytest.CaptureFixture[str]) -> Setup:
    """Run setup and return what it did to each thing, and what differed."""

    def run(*options: str) -> dict[str, tuple[str, list[str]]]:
        assert main(["setup", "--file", str(ROOT / "deployments.yaml"), "--output", "json", *options]) == 0
        things = json.loads(capsys.readouterr().out)["things"]
        return {each["name"]: (each["action"], each["differed"]) for each in things}

    return run


@pytest.fixture
def brought_up(client: SyncPrefectClient, setup: Setup) -> dict[str, tuple[str, list[str]]]:
    """What setup did on a server that may have been set up by another test before."""
    del client
    return setup()


def unchanged(*names: str) -> dict[str, tuple[str, list[str]]]:
    return {name: ("unchanged", []) for name in names}


def count(client: SyncPrefectClient) -> tuple[int, int, int]:
    """How many work pools, deployments and automations there are."""
    return len(client.read_work_pools()), len(client.read_deployments()), len(client.read_automations())


def wipe(client: SyncPrefectClient) -> None:
    """Remove whatever setup may have created."""
    for deployment in client.read_deployments():
        client.delete_deployment(deployment.id)
    for automation in client.read_automations():
        client.delete_automation(automation.id)
    for pool in client.read_work_pools():
        client.delete_work_pool(pool.name)


def test_an_empty_server_is_brought_up_once(client, setup):
    """A dry run says what is missing and creates nothing; a first run creates it; a second has nothing left to do."""
    wipe(client)
    before = count(client)

    assert setup("--dry-run") == {name: ("created", []) for name in EVERYTHING}
    assert count(client) == before
    assert setup() == {name: ("created", []) for name in EVERYTHING}
    assert setup() == unchanged(*EVERYTHING)
    assert [now - then for now, then in zip(count(client), before, strict=True)] == [1, len(DEPLOYMENTS), 2]


def test_what_was_changed_by_hand_is_repaired(client, setup, brought_up):
    """Whatever somebody did in the UI to what setup looks after is told and undone; the rest stays as it is."""
    del brought_up
    canary = client.read_deployment_by_name("canary/canary")
    reconcile = client.read_deployment_by_name("reconcile/reconcile")
    (mark,) = client.read_automations_by_name(MARK)
    off = [switched_off(schedule) for schedule in reconcile.schedules]
    client.update_deployment(canary.id, DeploymentUpdate(tags=["rollout"], job_variables={}))
    client.update_deployment(reconcile.id, DeploymentUpdate(concurrency_limit=5, schedules=off, paused=True))
    client.pause_automation(mark.id)

    dry = setup("--dry-run")
    assert (
        setup()
        == dry
        == unchanged(*EVERYTHING)
        | {
            "canary/canary": ("updated", ["job variables", "tags"]),
            "reconcile/reconcile": ("updated", ["paused", "concurrency limit", "schedules"]),
            MARK: ("updated", ["enabled"]),
        }
    )
    assert setup() == unchanged(*EVERYTHING)


def switched_off(schedule: DeploymentSchedule) -> DeploymentScheduleUpdate:
    return DeploymentScheduleUpdate(schedule=schedule.schedule, slug=schedule.slug, active=False)


def test_one_automation_of_each_name_is_left(client, setup, brought_up):
    """Two of the same name, however they came about, would each start a run for every crash: the one that is right stays."""
    del brought_up
    (right,) = client.read_automations_by_name(TAKE_UP)
    client.create_automation(AutomationCore.model_validate(right.model_dump(exclude={"id"}) | {"enabled": False}))

    assert setup()[TAKE_UP] == ("updated", ["one too many removed"])
    assert [each.id for each in client.read_automations_by_name(TAKE_UP)] == [right.id]


def test_options_are_what_the_server_is_brought_to(client, setup, brought_up):
    """A pool keeps its limit until one is asked for; a faster heartbeat reaches the runs and the automation that waits for it."""
    del brought_up
    client.update_work_pool("rollway", WorkPoolUpdate(concurrency_limit=7))

    assert setup("--heartbeat", "60")["rollway"] == ("unchanged", [])
    canary = client.read_deployment_by_name("canary/canary")
    (mark,) = client.read_automations_by_name(MARK)
    assert canary.job_variables == {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60"}}
    assert mark.trigger.within.total_seconds() == 3 * 60
    assert setup("--at-most", "20")["rollway"] == ("updated", ["concurrency limit"])
    assert client.read_work_pool("rollway").concurrency_limit == 20


def test_heartbeats_that_nobody_set_are_prefects(client, setup, brought_up, tmp_path):
    """Where the file leaves heartbeats alone they come every 180 seconds: no living run passes for dead before three were missed."""
    del brought_up
    text = (ROOT / "deployments.yaml").read_text("utf-8")
    assert BEATING in text
    file = tmp_path / "deployments.yaml"
    file.write_text(text.replace(BEATING, "").replace("flows/", f"{ROOT}/flows/"), "utf-8")

    setup("--file", str(file))

    (mark,) = client.read_automations_by_name(MARK)
    assert mark.trigger.within.total_seconds() == 3 * 180
    assert client.read_deployment_by_name("canary/canary").job_variables == {}


def test_pool_of_another_type_is_left_alone(client, brought_up, capsys):
    """Whoever runs flows elsewhere than in processes keeps their pool, and is told that it is not what setup would have made."""
    del brought_up
    client.create_work_pool(WorkPoolCreate(name="containers", type="docker"))

    assert main(["setup", "--file", str(ROOT / "deployments.yaml"), "--pool", "containers", "--dry-run"]) == 0

    out = capsys.readouterr().out
    assert "unchanged  work pool containers (it is of type docker, not process, and stays so)" in out
    assert "updated    deployment canary/canary: work pool" in out
    assert client.read_work_pool("containers").type == "docker"


def test_crash_of_a_rollout_starts_reconcile(client, brought_up):
    """A rollout's run that becomes Crashed has a run of reconcile started for it, by the automation and nobody else."""
    del brought_up
    run = client.create_flow_run_from_deployment(
        client.read_deployment_by_name("canary/canary").id, parameters={"rollout": {"endpoint": "e", "model": "m"}}
    )

    client.set_flow_run_state(run.id, Crashed(message="it is dead"), force=True)

    assert started_by_automation(client).created_by.display_value == TAKE_UP


def started_by_automation(client: SyncPrefectClient) -> FlowRun:
    """Wait for a run of reconcile that an automation has started."""
    give_up = time.monotonic() + EVENT_LIMIT_S
    while time.monotonic() < give_up:
        for run in client.read_flow_runs():
            if run.created_by and run.created_by.type == "AUTOMATION":
                return run
        time.sleep(0.3)
    raise AssertionError(f"no automation has started anything within {EVENT_LIMIT_S} s")
