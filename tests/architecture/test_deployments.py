"""``deployments.yaml`` against the flows: Prefect drops a misspelt key without a word, so the file has a strict schema here."""

import importlib
import inspect
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

import pytest
import yaml
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


class Strict(BaseModel):
    """A part of the file in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")


class WorkPool(Strict):
    """Where a deployment runs."""

    name: str
    work_queue_name: str | None = None
    job_variables: dict[str, Any] = {}


class ConcurrencyLimit(Strict):
    """How many runs of a deployment may be under way, and what becomes of one more."""

    limit: int
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"
    grace_period_seconds: int | None = None


class Schedule(Strict):
    """When a deployment runs by itself."""

    cron: str | None = None
    interval: timedelta | None = None
    rrule: str | None = None
    timezone: str | None = None
    anchor_date: str | None = None
    day_or: bool | None = None
    active: bool = True
    slug: str
    parameters: dict[str, Any] = {}

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.cron, self.interval, self.rrule)) != 1:
            raise ValueError("a schedule has exactly one of cron, interval and rrule")
        return self


class Trigger(Strict):
    """The event upon which a deployment runs by itself."""

    type: Literal["event"]
    name: str | None = None
    description: str = ""
    enabled: bool = True
    match: dict[str, str | list[str]] = {}
    match_related: dict[str, str | list[str]] = {}
    after: list[str] = []
    expect: list[str] = []
    for_each: list[str] = []
    posture: Literal["Reactive", "Proactive"] = "Reactive"
    threshold: int = 1
    within: float = 0
    parameters: dict[str, Any] = {}
    job_variables: dict[str, Any] = {}
    schedule_after: float = 0


class Deployment(Strict):
    """One way to start one flow."""

    name: str
    entrypoint: str
    work_pool: WorkPool
    description: str
    version: str | None = None
    tags: list[str] = []
    parameters: dict[str, Any] = {}
    enforce_parameter_schema: Literal[True]
    concurrency_limit: int | ConcurrencyLimit | None = None
    paused: bool = False
    schedules: list[Schedule] = []
    triggers: list[Trigger] = []


class Deployments(Strict):
    """The whole file. ``definitions`` holds YAML anchors; Prefect passes over it, and means to."""

    name: str
    definitions: dict[str, Any] = {}
    deployments: list[Deployment]


@pytest.fixture(scope="module")
def document(root: Path) -> dict[str, Any]:
    """The file as it is written."""
    path = root / "deployments.yaml"
    if not path.exists():
        pytest.fail(
            "deployments.yaml is missing at the top of the project; without it no flow can be started from Prefect"
        )
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def deployments(document: dict[str, Any]) -> list[Deployment]:
    """The deployments in the file."""
    return Deployments.model_validate(document).deployments


@pytest.fixture
def at_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entrypoints are paths from the top of the project."""
    monkeypatch.chdir(root)


def public_flows(root: Path) -> Iterator[str]:
    """The entrypoint of every flow that a user can start: those in ``flows/`` without a leading underscore."""
    for path in sorted((root / "flows").glob("[!_]*.py")):
        module = importlib.import_module(f"flows.{path.stem}")
        for name, flow in inspect.getmembers(module, lambda value: isinstance(value, Flow)):
            if not name.startswith("_") and flow.fn.__module__ == module.__name__:
                yield f"flows/{path.name}:{name}"


def test_misspelt_keys_are_noticed(document: dict[str, Any]) -> None:
    """The schema refuses what Prefect would silently leave out, at the top and in a deployment."""
    with pytest.raises(ValidationError, match="deployment\n"):
        Deployments.model_validate(document | {"deployment": []})
    misspelt = document["deployments"][0] | {"enforce_parameters_schema": True}
    with pytest.raises(ValidationError, match="enforce_parameters_schema"):
        Deployments.model_validate(document | {"deployments": [misspelt]})


def test_file_is_what_prefect_understands(document: dict[str, Any]) -> None:
    """Every key in the file is one that Prefect heeds, and every deployment checks its parameters at the door."""
    Deployments.model_validate(document)


def test_names_are_unique(deployments: list[Deployment]) -> None:
    """A second deployment of the same name would replace the first."""
    names = [deployment.name for deployment in deployments]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.usefixtures("at_root")
def test_every_deployment_starts_a_flow(deployments: list[Deployment]) -> None:
    """Each entrypoint is loaded the way a worker does it, and is a flow."""
    loaded = [load_flow_from_entrypoint(each.entrypoint, use_placeholder_flow=False) for each in deployments]
    assert all(isinstance(flow, Flow) for flow in loaded)


@pytest.mark.usefixtures("at_root")
def test_parameters_are_the_flows_own(deployments: list[Deployment]) -> None:
    """Neither a deployment, nor its schedules and triggers, set a parameter that the flow does not have."""
    for each in deployments:
        own = load_flow_from_entrypoint(each.entrypoint, use_placeholder_flow=False).parameters.properties.keys()
        given = [each.parameters, *(other.parameters for other in (*each.schedules, *each.triggers))]
        assert set[str]().union(*given) <= own, each.name


def test_every_flow_can_be_started(root: Path, deployments: list[Deployment]) -> None:
    """There is no flow that a user can read about but not start from Prefect."""
    started = {deployment.entrypoint for deployment in deployments}
    assert set(public_flows(root)) - started == set()
