"""The fixtures of registries: a simulated MLflow on loopback, and endpoints on the simulated AWS with a journal, in virtual time."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws, connect
from rollway.registries.catching_up import Reach
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from tests.bindings.documents import MLFLOW, bindings_of
from tests.registries.scene import Scene, furnish
from tests.registries.simulated_mlflow import SimulatedMlflow, serving


@pytest.fixture(autouse=True)
def _tries_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests the real seconds between two tries."""
    monkeypatch.setattr("rollway.registries.rest.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Generator[SimulatedMlflow]:
    """A simulated MLflow, which the environment points at, with versions 1 to 3 of the model ``fraud``; champion is 2."""
    for name in ("TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    simulated = SimulatedMlflow()
    for version in "123":
        simulated.register("fraud", version, **({} if version == "3" else {"stage": "prod"}))
    simulated.aliases["fraud", "champion"] = "2"
    with serving(simulated.answer) as simulated.url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", simulated.url)
        yield simulated


@pytest.fixture(scope="session")
def aws() -> Generator[Aws]:
    """The clients, made once: what they talk to is decided per test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "simulated")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
        for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(variable, raising=False)
        yield connect("us-east-1")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Generator[Cloud]:
    """An empty simulated account in this process."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    with in_process(Cloud(VirtualClock(datetime(2026, 6, 1, 12, tzinfo=UTC)))) as simulated:
        yield simulated


@pytest.fixture
def scene(aws: Aws, cloud: Cloud) -> Scene:
    """The account with endpoints ``fraud-prod`` and ``fraud-eu`` on the model ``old``, another model, and a journal."""
    clock = cloud.clock
    assert isinstance(clock, VirtualClock)
    furnish(cloud)
    clock.advance(timedelta(seconds=30))
    cloud.tick()
    aws.s3.create_bucket(Bucket="journal")
    return Scene(cloud, clock, Reach(aws, ObjectStore(aws, "journal", "rollway", clock.now), clock.now))


@pytest.fixture
def bindings_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a bindings file, of MLflow's ``fraud`` by its alias unless documents are given."""

    def write(*documents: dict[str, Any]) -> Path:
        path = tmp_path / "bindings.yaml"
        path.write_text(yaml.safe_dump(bindings_of(*(documents or (MLFLOW,)))), "utf-8")
        return path

    return write
