"""From a registry to a rollout and back under a real Prefect server: polled, started once, rolled out, told. MLflow is simulated."""

import asyncio
from collections.abc import Generator
from datetime import timedelta
from uuid import UUID

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelled, Failed

from flows.canary import canary
from flows.poll_registries import poll_registries
from policies.bindings.making import name_model
from policies.bindings.matching import Start, match_binding
from policies.bindings.registered import Registered
from tasks.request import RolloutRequest
from tasks.starting_runs import PrefectAway, start_flow_run
from tests.bindings.documents import MLFLOW, bind, bindings_of
from tests.flows.account import JOURNAL, model
from tests.flows.playing import ask_for, play
from tests.registries.simulated_mlflow import SimulatedMlflow, serving

SECOND = Registered.model_validate({"registry": "mlflow", "model": "fraud", "version": "2", "aliases": ("champion",)})


@pytest.fixture(scope="module")
def deployment(prefect_wire) -> Generator[UUID]:
    """The deployment ``canary/canary`` while the module lasts; no worker takes up its runs."""
    assert prefect_wire
    with get_client(sync_client=True) as client:
        made = client.create_deployment(client.create_flow(canary), name="canary")
        yield made
        client.delete_deployment(made)


@pytest.fixture
def start() -> Start:
    (start,) = match_binding(bind(write_back=True), SECOND).starts
    return start


def runs_of(deployment: UUID) -> list:
    """All runs of the deployment, newest first."""
    of_it = {"deployments": {"id": {"any_": [str(deployment)]}}, "sort": "EXPECTED_START_TIME_DESC"}
    with get_client(sync_client=True) as client:
        return [
            client.read_flow_run(each["id"]) for each in client.request("POST", "/flow_runs/filter", json=of_it).json()
        ]


def test_a_start_is_one_flow_run_however_often_it_is_asked_for(deployment, start):
    """The run has the form filled in as a machine does it, is found by its tags, and a second start of the key finds it there."""
    first, second = (start_flow_run(start, "once", JOURNAL) for _ in range(2))

    (run,) = [each for each in runs_of(deployment) if each.idempotency_key == "once"]
    form = RolloutRequest.model_validate(run.parameters["rollout"])
    assert (first.run, run.name in second.why) == (run.name, True)
    assert (form.endpoint, form.model, form.policy, form.automatic) == (
        "fraud-prod",
        name_model(SECOND),
        "canary",
        True,
    )
    assert {"binding:fraud-champion", "registry:mlflow", "model:fraud", "version:2"} <= set(run.tags)


def test_what_ended_before_its_rollout_began_is_tried_again_after_a_pause(deployment, start, monkeypatch):
    """A run that failed to begin is not followed by another at once; after the pause it is, and a cancelled one never."""
    start_flow_run(start, "again", JOURNAL)
    (run,) = [each for each in runs_of(deployment) if each.idempotency_key == "again"]
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Failed(name="Not started"), force=True)
    at_once = start_flow_run(start, "again", JOURNAL)
    monkeypatch.setattr("policies.bindings.standing.FIRST_PAUSE", timedelta(0))
    later = start_flow_run(start, "again", JOURNAL)
    (second,) = [each for each in runs_of(deployment) if each.idempotency_key == "again-2"]
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(second.id, Cancelled(), force=True)
    cancelled = start_flow_run(start, "again", JOURNAL)

    assert (at_once.run, "tried again in" in at_once.why) == ("", True)
    assert later.run == second.name
    assert (cancelled.run, "only a person" in cancelled.why) == ("", True)


def test_a_prefect_that_cannot_start_anything_is_told(start, prefect_wire):
    """No such deployment, and no server at all, are transient errors with a remedy: whoever asks keeps what is to be started."""
    assert prefect_wire
    with pytest.raises(PrefectAway, match="knows no deployment linear/linear") as missing:
        start_flow_run(start.model_copy(update={"policy": "linear"}), "key", JOURNAL)
    nowhere = {PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(nowhere), pytest.raises(PrefectAway, match="could not be asked"):
        start_flow_run(start, "key", JOURNAL)

    assert "rollway setup" in missing.value.hint


def test_from_the_registry_to_the_rollout_and_back(account, deployment, policy, environment, tmp_path):
    """The poll makes the model and starts a run; the run, played as a worker would, is promoted; MLflow is told; the next poll rests."""
    account.restore()
    mlflow, file = SimulatedMlflow(), tmp_path / "bindings.yaml"
    mlflow.register("fraud", "2")
    mlflow.aliases["fraud", "champion"] = "2"
    told = MLFLOW | {"policy": str(policy), "write_back": True, "alias_when_promoted": "live"}
    file.write_text(yaml.safe_dump(bindings_of(told)), "utf-8")
    account.models[name_model(SECOND)] = model(4, 0.002)
    with serving(mlflow.answer) as url:
        environment.setenv("MLFLOW_TRACKING_URI", url)
        environment.setenv("NO_PROXY", "127.0.0.1")
        environment.setenv("ROLLWAY_BINDINGS", str(file))
        started = asyncio.run(poll_registries(return_state=True))
        run = runs_of(deployment)[0]
        rolled_out = play(run.parameters["rollout"])
        rested = asyncio.run(poll_registries(return_state=True))

    assert (started.name, run.name in (started.message or "")) == ("Started", True)
    assert rolled_out.state.name == "Promoted", rolled_out.state.message
    assert mlflow.tags["fraud", "2"]["rollway.outcome"] == "PROMOTED"
    assert mlflow.aliases["fraud", "live"] == "2"
    assert rested.name == "Nothing to do"


def test_a_poll_that_cannot_know_fails(account, deployment, environment, tmp_path):
    """A registry that is away is no reason to report that nothing is to do; nor is a missing file."""
    assert account
    assert deployment
    file = tmp_path / "bindings.yaml"
    file.write_text(yaml.safe_dump(bindings_of(MLFLOW)), "utf-8")
    environment.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    environment.setenv("ROLLWAY_BINDINGS", str(file))

    away = asyncio.run(poll_registries(return_state=True))
    environment.setenv("ROLLWAY_BINDINGS", str(tmp_path / "none.yaml"))
    missing = asyncio.run(poll_registries(return_state=True))

    assert (away.name, "did not answer" in (away.message or "")) == ("Failed", True)
    assert (missing.name, "none.yaml" in (missing.message or "")) == ("Not started", True)


def test_a_field_of_the_form_that_is_no_origin_is_refused(account, policy):
    """What is not Rollway's own in the field Origin keeps the rollout from starting, before anything is touched."""
    before = account.changes()

    refused = play(ask_for("fraud-v7", policy, origin="mlflow/7"))

    assert (refused.state.name, "Origin" in (refused.state.message or "")) == ("Not started", True)
    assert account.changes() == before
