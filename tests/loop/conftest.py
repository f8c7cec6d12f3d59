"""The fixtures of a rehearsal: a live endpoint on the simulated AWS, a healthy candidate, an empty journal, virtual time."""

from collections.abc import Generator
from types import SimpleNamespace

import pytest

from tests.loop.rehearsal import Rehearsal, stage_endpoint


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def _botocore_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests the real seconds that botocore waits between its attempts."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def seed() -> int:
    """The seed of traffic and models; parametrise it to play the same rehearsal under other luck."""
    return 7


@pytest.fixture
def rehearsal(seed: int) -> Generator[Rehearsal]:
    """A place to play a rollout."""
    with stage_endpoint(seed) as staged:
        yield staged
