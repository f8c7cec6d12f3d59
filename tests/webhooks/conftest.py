"""A receiver with every door open, on the simulated AWS and virtual time."""

import logging
from collections.abc import Callable, Generator
from functools import partial
from types import SimpleNamespace

import pytest
from cryptography.x509.verification import Store

from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws, connect
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.secrets import Secrets
from rollway.webhooks.doors import SECRETS as KEYS
from rollway.webhooks.inbox import Inbox
from rollway.webhooks.limits import Limits
from rollway.webhooks.logs import JsonLines
from rollway.webhooks.receiver import Outside, Receiver, Senders
from tests.webhooks.signing import CA_URL, NOW, PEM_URL, SECRETS, TOPIC, der, pem, root, sns_signer, sub_authority
from tests.webhooks.stage import Handler, Stage, Web


@pytest.fixture(scope="session")
def aws() -> Generator[Aws]:
    """The clients, made once: what they talk to is decided per test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "simulated")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
        for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(variable, raising=False)
        yield connect("us-east-1")


@pytest.fixture(autouse=True)
def _botocore_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


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
    return ObjectStore(aws, "journal", "rollway", now=clock.now)


@pytest.fixture
def inbox(store: ObjectStore) -> Inbox:
    return Inbox(store)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sender has its secret, MLflow two."""
    give_secrets(monkeypatch)


def give_secrets(patch: pytest.MonkeyPatch) -> None:
    """Put every sender's secret where a user puts it."""
    for name, secret in SECRETS.items():
        sender, _, second = name.partition("_")
        patch.setenv(f"ROLLWAY_{sender.upper()}_SECRET{'_2' if second else ''}", secret)


def set_up(store: ObjectStore, clock: VirtualClock, **limits: float) -> Stage:
    """A receiver with limits of one's own."""
    web = Web({PEM_URL: pem(sns_signer()), CA_URL: der(sub_authority())})
    handler = Handler()
    senders = Senders(Secrets(KEYS, lambda _: ()), frozenset({TOPIC}))
    roots = Store([root().certificate])
    outside = Outside(store.aws, store, handler, Limits(**limits), web.fetch, roots)  # type: ignore[arg-type]
    return Stage(Receiver(senders, outside), Inbox(store), clock, handler, web)


@pytest.fixture
def make_stage(store: ObjectStore, clock: VirtualClock, environment: None) -> Callable[..., Stage]:
    """Make a receiver, with limits of one's own."""
    del environment
    return partial(set_up, store, clock)


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture(scope="module")
def untouched(aws: Aws) -> Generator[Stage]:
    """A receiver for many requests from which nothing may follow: each finds it as the one before did."""
    clock = VirtualClock(NOW)
    with pytest.MonkeyPatch.context() as patch, in_process(Cloud(clock)):
        give_secrets(patch)
        aws.s3.create_bucket(Bucket="journal")
        yield set_up(ObjectStore(aws, "journal", "rollway", now=clock.now), clock, burst=10_000)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the receiver has logged, as it writes it."""
    caplog.set_level(logging.INFO, logger="rollway")
    return lambda: [
        JsonLines().format(each)
        for each in caplog.records
        if each.name.startswith(("rollway.webhooks", "rollway.secrets"))
    ]
