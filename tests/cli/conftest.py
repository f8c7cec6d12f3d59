"""The fixtures of the command line's tests: the simulated AWS in this process, virtual time, a policy file, no Prefect server."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rollway.aws.objects import ObjectStore
from rollway.aws.session import connect
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.serving.callable_fleets import CallableFleets
from tests.cli.playing import QUICK, Player
from tests.loop.rehearsal import BUCKET, CONFIG, ENDPOINT, ROLE, Rehearsal, model
from tests.permissions.documents import EVERY_VERB, admit, denied

RATE_PER_S = 1.0


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "ROLLWAY_JOURNAL", "PREFECT_API_URL", "PREFECT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def rehearsal() -> Generator[Rehearsal]:
    """A live endpoint, a healthy candidate ``fraud-v7``, a failing one ``fraud-bad``, and an empty journal."""
    clock = VirtualClock(datetime(2026, 6, 1, 12, tzinfo=UTC))
    models = {"fraud-v6": model(7), "fraud-v7": model(8), "fraud-bad": model(9, failing=0.9)}
    fleets = CallableFleets(models)
    with in_process(Cloud(clock, fleets=fleets)) as cloud:
        for name in models:
            container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
            cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
        cloud.call("CreateEndpointConfig", CONFIG)
        cloud.call("CreateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": CONFIG["EndpointConfigName"]})
        clock.advance(timedelta(seconds=30))
        cloud.tick()
        aws = connect("us-east-1")
        aws.s3.create_bucket(Bucket=BUCKET)
        store = ObjectStore(aws, BUCKET, "rollway", clock.now)
        yield Rehearsal(cloud, clock, Runtime(cloud, fleets), store, models, aws, rate_per_s=RATE_PER_S)


@pytest.fixture
def player(rehearsal: Rehearsal, capsys: pytest.CaptureFixture[str]) -> Generator[Player]:
    """Plays verbs against the rehearsal, with the documented permissions and no others: nothing that a verb asks for may be denied."""
    admit(
        rehearsal.cloud,
        *EVERY_VERB,
        your_endpoints="",
        your_models="",
        your_repositories="",
        your_model_groups="",
        your_key_id="*",
    )
    yield Player(rehearsal, capsys)
    assert denied(rehearsal.cloud) == []


@pytest.fixture
def policy_file(tmp_path: Path) -> Callable[..., str]:
    """Write a policy file, the quick one with changes, and return its path."""

    def write(**changes: Any) -> str:
        path = tmp_path / "policy.yaml"
        path.write_text(yaml.safe_dump(QUICK | changes), "utf-8")
        return str(path)

    return write
