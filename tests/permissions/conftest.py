"""The fixtures of permissions: a rehearsal whose rollouts are checked against the documented policies, on virtual time."""

from collections.abc import Callable, Generator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from rollway.aws.session import connect
from tests.loop.rehearsal import Rehearsal, stage_endpoint
from tests.permissions.documents import CALLER, admit

SEED = 7


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def rehearsal() -> Generator[Rehearsal]:
    """A live endpoint with a key and a role, another one beside it, and an empty journal, set up by somebody who may do everything."""
    with stage_endpoint(SEED) as staged:
        config = {"EndpointConfigName": "fraud-v6-config"}
        staged.cloud.call("CreateEndpoint", {"EndpointName": "churn-prod"} | config)
        staged.settle()
        yield staged


@pytest.fixture
def restrict(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Check what is asked from now on against documents."""

    def begin(*names: str, **filled: str) -> None:
        admit(rehearsal.cloud, *names, **filled)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", CALLER)
        rehearsal.aws = connect("us-east-1")
        rehearsal.store = replace(rehearsal.store, aws=rehearsal.aws)

    return begin
