"""``rollway setup`` on a real Prefect server: what it brings up, repairs and leaves alone, and that its automation acts."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleUpdate, DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun, State, StateType
from prefect.events import Event
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Cancelling, Crashed, Pending, Running

from rollway.cli import main
from tasks.dead_runs import mark_dead_runs, read_server_time

ROOT = Path(__file__).parents[2]
MARK = "rollway: mark dead runs crashed"
UNBEGUN = "rollway: mark runs crashed that never began"
TAKE_UP = "rollway: take up what crashed"
FREE_SLOTS = "rollway: free what dead runs occupy"
STRATEGIES = ["canary", "linear", "blue-green", "control-twin", "shadow", "guardrail", "ab-test"]
DEPLOYMENTS = [
    f"{name}/{name}" for name in (*STRATEGIES, "reconcile", "free-slots", "steer", "fleet", "poll-registries")
]
EVERYTHING = ["rollway", *DEPLOYMENTS, MARK, UNBEGUN, TAKE_UP, FREE_SLOTS]
BEATING = ', job_variables: {env: {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: "30"}}'
NEVER_RUN = {"deployment": "reconcile/reconcile", "schedule": "every-minute"}
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
    """Run setup and return what it did to each thing, and what differed.

    Prefect's test server has no scheduler: every run of setup that changes things finds that out, and ends with 1 for that alone.
    """

    def run(*options: str) -> dict[str, tuple[str, list[str]]]:
        dry = "--dry-run" in options
        code = main(["setup", "--file", str(ROOT / "deployments.yaml"), "--wait", "0s", "--output", "json", *options])
        document = json.loads(capsys.readouterr().out)
        assert code == (0 if dry else 1)
        assert dry or document["unscheduled"] == [NEVER_RUN]
        return {each["name"]: (each["action"], each["differed"]) for each in document["things"]}

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
    assert [now - then for now, then in zip(count(client), before, strict=True)] == [1, len(DEPLOYMENTS), 4]


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


def test_a_scheduler_that_does_not_schedule_is_noticed(client, brought_up, capsys):
    """Also where nothing differs, setup says which schedule has no runs and what to do; once there are runs to come, it is content."""
    del brought_up
    reconcile = client.read_deployment_by_name("reconcile/reconcile").id
    command = ["setup", "--file", str(ROOT / "deployments.yaml"), "--wait", "0s"]

    assert main(command) == 1
    said = capsys.readouterr().out
    assert "unchanged  deployment reconcile/reconcile" in said
    assert "NO RUNS    deployment reconcile/reconcile: no run of its schedule every-minute is to come" in said
    assert [words for words in ("3.9.1", "whenever 0.11", "its log") if words not in said] == []
    assert "WARNING    the server keeps concurrency leases in memory" in said

    client.request("POST", "/deployments/{id}/schedule", path_params={"id": reconcile})
    try:
        assert main(command) == 0
        assert "NO RUNS" not in capsys.readouterr().out
    finally:
        remove_scheduled(client)


def test_runs_of_the_past_do_not_count_as_scheduled(client, brought_up, setup):
    """A scheduler that has stopped leaves late runs behind: they are no sign that more will come."""
    del brought_up
    reconcile = client.read_deployment_by_name("reconcile/reconcile").id
    long_ago = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:10:00Z"}
    client.request("POST", "/deployments/{id}/schedule", path_params={"id": reconcile}, json=long_ago)

    assert setup() == unchanged(*EVERYTHING)
    remove_scheduled(client)


def remove_scheduled(client: SyncPrefectClient) -> None:
    """Remove what a scheduler would have created, for the tests that come after."""
    scheduled = FlowRunFilter.model_validate({"state": {"type": {"any_": ["SCHEDULED"]}}})
    while runs := client.read_flow_runs(flow_run_filter=scheduled):
        for run in runs:
            client.delete_flow_run(run.id)


WAITING = [Pending(), Pending(name="Submitting"), Pending(name="InfrastructurePending")]
BEGUN = [Running(), Running(name="Retrying"), Cancelling()]
POOLS = ["rollway", "machines"]
LONG_AGO = timedelta(minutes=20)


@pytest.mark.parametrize("state", [*WAITING, *BEGUN], ids=lambda state: state.name)
def test_a_dead_run_gives_its_slot_back(client, brought_up, state):
    """A run that is silent for too long, waiting or begun, is brought to its end: the limit of its deployment has its slot again."""
    del brought_up
    run = occupy(client, state)
    later = read_server_time(client) + LONG_AGO

    assert [each.run_id for each in mark_dead_runs(client, later)] == [run.id]
    end = StateType.CANCELLED if state.is_cancelling() else StateType.CRASHED
    assert client.read_flow_run(run.id).state.type is end
    assert slots_taken(client) == 0
    assert mark_dead_runs(client, later) == []


@pytest.mark.parametrize(
    ("state", "pool", "silent_s"),
    [
        *((state, pool, 60) for state in (Pending(), Running()) for pool in POOLS),
        (Pending(), "machines", 600),
    ],
)
def test_a_run_that_may_be_alive_keeps_its_slot(client, brought_up, state, pool, silent_s):
    """Shortly after a run was heard of nothing is concluded from silence; where machines are brought up, waiting may take minutes."""
    del brought_up
    run = occupy(client, state, pool)
    try:
        assert mark_dead_runs(client, read_server_time(client) + timedelta(seconds=silent_s)) == []
        assert slots_taken(client) == 1
    finally:
        client.set_flow_run_state(run.id, Crashed(message="the test is over"))


def test_a_heartbeat_is_a_sign_of_life(client, brought_up):
    """A run that began long ago and has given a heartbeat just now is alive."""
    del brought_up
    run = occupy(client, Running(timestamp=datetime.now(UTC) - LONG_AGO))
    resource = {"prefect.resource.id": f"prefect.flow-run.{run.id}"}
    heartbeat = Event(event="prefect.flow-run.heartbeat", resource=resource).model_dump(mode="json")
    client.request("POST", "/events", json=[heartbeat])
    await_event(client, f"prefect.flow-run.{run.id}", "prefect.flow-run.heartbeat")

    assert mark_dead_runs(client, read_server_time(client)) == []
    client.set_flow_run_state(run.id, Crashed(message="the test is over"))


def occupy(client: SyncPrefectClient, state: State, pool: str = "rollway") -> FlowRun:
    """A run of ``reconcile`` that a worker of a work pool has brought into a state."""
    if pool == "machines":
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=pool, type="ecs"))
    reconcile = client.read_deployment_by_name("reconcile/reconcile").id
    client.update_deployment(reconcile, DeploymentUpdate(work_pool_name=pool))
    run = client.create_flow_run_from_deployment(reconcile)
    for step in (Pending(), *([Running()] if state.is_cancelling() else []), state):
        client.set_flow_run_state(run.id, step)
    assert client.read_flow_run(run.id).state.name == state.name
    return run


def slots_taken(client: SyncPrefectClient) -> int:
    """How many slots of the limit of ``reconcile`` are occupied."""
    return client.read_deployment_by_name("reconcile/reconcile").global_concurrency_limit.active_slots


def await_event(client: SyncPrefectClient, resource: str, event: str) -> None:
    """Wait until the server has an event: it stores them a little later."""
    give_up = time.monotonic() + EVENT_LIMIT_S
    wanted = EventFilter(resource=EventResourceFilter(id=[resource]), event=EventNameFilter(name=[event]))
    while time.monotonic() < give_up:
        if client.read_events(wanted, limit=1).events:
            return
        time.sleep(0.3)
    raise AssertionError(f"the server has not stored {event} within {EVENT_LIMIT_S} s")


def test_an_automation_of_an_earlier_version_is_brought_up_to_date(client, setup, brought_up):
    """The automation that waited for a first heartbeat never marked a run that was killed before it: setup replaces what it waits for."""
    del brought_up
    (mark,) = client.read_automations_by_name(MARK)
    earlier = mark.trigger.model_copy(update={"after": {"prefect.flow-run.heartbeat"}})
    client.update_automation(
        mark.id, AutomationCore.model_validate(mark.model_dump(exclude={"id", "owner_resource"}) | {"trigger": earlier})
    )

    assert setup() == unchanged(*EVERYTHING) | {MARK: ("updated", ["trigger"])}
    (now,) = client.read_automations_by_name(MARK)
    assert now.id == mark.id
    assert {"prefect.flow-run.Running", "prefect.flow-run.heartbeat"} <= now.trigger.after


def test_crash_of_a_rollout_starts_reconcile(client, brought_up):
    """A rollout's run that becomes Crashed has a run of reconcile started for it, by the automation and nobody else."""
    del brought_up
    run = client.create_flow_run_from_deployment(
        client.read_deployment_by_name("canary/canary").id, parameters={"rollout": {"endpoint": "e", "model": "m"}}
    )

    client.set_flow_run_state(run.id, Crashed(message="it is dead"), force=True)

    assert started_by(client, TAKE_UP).deployment_id == client.read_deployment_by_name("reconcile/reconcile").id


def test_runs_that_are_cancelled_again_and_again_have_slots_freed(client, brought_up):
    """While dead runs occupy every slot of a deployment its runs are cancelled; a flow without a limit is started, and looks for them."""
    del brought_up
    reconcile = client.read_deployment_by_name("reconcile/reconcile")
    for _ in range(reconcile.global_concurrency_limit.limit + 3):
        run = client.create_flow_run_from_deployment(reconcile.id)
        client.set_flow_run_state(run.id, Pending())

    assert slots_taken(client) == reconcile.global_concurrency_limit.limit
    assert started_by(client, FREE_SLOTS).deployment_id == client.read_deployment_by_name("free-slots/free-slots").id
    assert len(mark_dead_runs(client, read_server_time(client) + LONG_AGO)) >= reconcile.global_concurrency_limit.limit
    assert slots_taken(client) == 0


def started_by(client: SyncPrefectClient, automation: str) -> FlowRun:
    """Wait for a run that an automation has started."""
    give_up = time.monotonic() + EVENT_LIMIT_S
    while time.monotonic() < give_up:
        for run in client.read_flow_runs():
            if run.created_by and run.created_by.type == "AUTOMATION" and run.created_by.display_value == automation:
                return run
        time.sleep(0.3)
    raise AssertionError(f"{automation} has started nothing within {EVENT_LIMIT_S} s")
