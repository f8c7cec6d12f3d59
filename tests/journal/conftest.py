"""A journal on the simulated AWS, in process and on a virtual clock, with some ways to disturb it."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from rollway.aws.objects import ObjectStore
from rollway.aws.session import ATTEMPTS, Aws, connect
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import LostAnswer
from rollway.sandbox.moto_adapter import in_process


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
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _botocore_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests the real seconds that botocore waits between its attempts."""

    def pause(seconds: float) -> None:
        del seconds

    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pause))


@pytest.fixture
def cloud(clock: VirtualClock) -> Generator[Cloud]:
    """An empty simulated account."""
    with in_process(Cloud(clock)) as account:
        yield account


@pytest.fixture
def store(aws: Aws, cloud: Cloud, clock: VirtualClock) -> ObjectStore:
    """An empty journal."""
    del cloud
    aws.s3.create_bucket(Bucket="journal")
    return ObjectStore(aws, "journal", "teams/risk", now=clock.now)


@pytest.fixture
def lose_answer(cloud: Cloud) -> Callable[[], None]:
    """Have the next write succeed without its writer ever being told, however often botocore asks."""
    return lambda: cloud.plant(LostAnswer(operation="PutObject", times=ATTEMPTS))


@pytest.fixture
def wait(clock: VirtualClock) -> Callable[[float], None]:
    """Let seconds pass, virtually."""
    return lambda seconds: clock.advance(timedelta(seconds=seconds))
