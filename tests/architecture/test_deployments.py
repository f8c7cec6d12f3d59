"""``deployments.yaml`` against the flows."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint

from rollway.cli.setting_up.deployments_file import Deployment, read_deployments


@pytest.fixture(scope="module")
def deployments(root: Path) -> tuple[Deployment, ...]:
    """The deployments in the file, read as ``rollway setup`` reads them: strictly."""
    return tuple(read_deployments(root / "deployments.yaml").deployments)


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


def test_every_deployment_says_what_it_does_and_checks_its_parameters(deployments: tuple[Deployment, ...]) -> None:
    """Whoever looks for a flow in Prefect's UI can read what it does, and a wrong form is refused at the door."""
    assert [each.name for each in deployments if not (each.description and each.enforce_parameter_schema)] == []


def test_names_are_unique(deployments: tuple[Deployment, ...]) -> None:
    """A second deployment of the same name would replace the first."""
    names = [deployment.name for deployment in deployments]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.usefixtures("at_root")
def test_every_deployment_starts_a_flow(deployments: tuple[Deployment, ...]) -> None:
    """Each entrypoint is loaded the way a worker does it, and is a flow."""
    loaded = [load_flow_from_entrypoint(each.entrypoint, use_placeholder_flow=False) for each in deployments]
    assert all(isinstance(flow, Flow) for flow in loaded)


@pytest.mark.usefixtures("at_root")
def test_parameters_are_the_flows_own(deployments: tuple[Deployment, ...]) -> None:
    """Neither a deployment nor its schedules set a parameter that the flow does not have."""
    for each in deployments:
        own = load_flow_from_entrypoint(each.entrypoint, use_placeholder_flow=False).parameters.properties.keys()
        given = [each.parameters, *(other.parameters for other in each.schedules)]
        assert set[str]().union(*given) <= own, each.name


def test_every_flow_can_be_started(root: Path, deployments: tuple[Deployment, ...]) -> None:
    """There is no flow that a user can read about but not start from Prefect."""
    started = {deployment.entrypoint for deployment in deployments}
    assert set(public_flows(root)) - started == set()
