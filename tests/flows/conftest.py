"""What the flow tests share: one real Prefect server for all of them, reached by a wire that a test may cut, and an AWS account each."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from rollway.aws.session import connect
from tests.flows.account import BUCKET, JOURNAL, Account, open_account
from tests.flows.playing import POLICY
from tests.flows.wire import LOOPBACK, Wire, laid_wire
from tests.permissions.documents import CALLER, EVERY_VERB, admit, denied

START_LIMIT_S = 90


@pytest.fixture(scope="session")
def prefect_wire() -> Generator[Wire]:
    """A Prefect server of its own, with an empty database, at the other end of a wire."""
    # The wire is laid first and taken up last, because the harness at its end still sends what Prefect has in its queues.
    with laid_wire() as wire, prefect_test_harness(server_startup_timeout=START_LIMIT_S):
        wire.server_port = urlsplit(PREFECT_API_URL.value()).port or 0
        with temporary_settings({PREFECT_API_URL: f"http://{LOOPBACK}:{wire.port}/api"}):
            yield wire


@pytest.fixture(scope="module")
def environment() -> Generator[pytest.MonkeyPatch]:
    """Environment variables that are put back after the module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def account(prefect_wire: Wire, environment: pytest.MonkeyPatch) -> Generator[Account]:
    """A simulated account with an endpoint under traffic, which the environment points at; each module has its own.

    Flows have the documented permissions and no others, and nothing that they ask for may be denied.
    """
    del prefect_wire  # it takes longest: nothing else need be up while it starts
    environment.setenv("AWS_ACCESS_KEY_ID", "simulated")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
    environment.setenv("ROLLWAY_JOURNAL", JOURNAL)
    environment.setenv("ROLLWAY_FILES", gettempdir())  # where tests write their policies
    environment.delenv("AWS_PROFILE", raising=False)
    with open_account() as account:
        environment.setenv("AWS_ENDPOINT_URL", account.url)
        owner = connect()
        owner.s3.create_bucket(Bucket=BUCKET)
        admit(account.cloud, *EVERY_VERB, your_models="", your_repositories="")
        environment.setenv("AWS_ACCESS_KEY_ID", CALLER)
        yield replace(account, owner=owner)
        assert denied(account.cloud) == []


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy file for a canary of two stages in seconds."""
    path = tmp_path_factory.mktemp("policy") / "brisk.yaml"
    path.write_text(POLICY, "utf-8")
    return path
