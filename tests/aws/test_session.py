"""Connecting: what is sent, and what a user reads when something is missing."""

import os
from typing import Any

import pytest

from policies.errors import AccessDenied, PermanentAwsError
from rollway import __version__
from rollway.aws.session import ATTEMPTS, Aws, connect, identity, process_id
from rollway.sandbox.cloud import Cloud

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
REGIONS = ("AWS_DEFAULT_REGION", "AWS_REGION")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which AWS is not set up at all."""
    for variable in (*CREDENTIALS, *REGIONS):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def test_missing_credentials_are_reported_before_the_first_request(bare: pytest.MonkeyPatch) -> None:
    """A user without credentials is told at once which variables to set."""
    del bare
    with pytest.raises(AccessDenied) as caught:
        connect("us-east-1")
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


def test_missing_region_names_the_remedy(bare: pytest.MonkeyPatch) -> None:
    """A user without a Region is told to give one."""
    del bare
    with pytest.raises(PermanentAwsError) as caught:
        connect()
    assert "AWS_DEFAULT_REGION" in caught.value.hint


def test_unknown_profile_is_denied_access(bare: pytest.MonkeyPatch) -> None:
    """A misspelt profile does not fall back to other credentials."""
    del bare
    with pytest.raises(AccessDenied, match="no-such-profile"):
        connect("us-east-1", profile="no-such-profile")


def test_region_of_other_sdks_is_understood(bare: pytest.MonkeyPatch) -> None:
    """AWS_REGION, which every other AWS SDK reads, is enough."""
    for variable in CREDENTIALS[:2]:
        bare.setenv(variable, "simulated")
    bare.setenv("AWS_REGION", "eu-west-1")
    assert connect().region == "eu-west-1"


def test_every_client_is_patient_and_says_who_it_is(aws: Aws) -> None:
    """All clients share the retries, the timeouts and the user agent."""
    for client in (aws.sagemaker, aws.cloudwatch, aws.s3, aws.application_autoscaling, aws.scheduler, aws.sts):
        config: Any = client.meta.config
        assert config.retries == {"mode": "standard", "total_max_attempts": ATTEMPTS}
        assert config.user_agent_extra == f"rollway/{__version__} rollway-process/{process_id()}"
        assert (config.connect_timeout, config.read_timeout) == (5, 30)


def test_process_id_stays_the_same() -> None:
    """A process goes by one name for as long as it lives."""
    assert process_id() == process_id()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_is_another_process() -> None:
    """A forked child is told apart from its parent, also on a machine that gives process numbers out again."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, process_id().encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    told = os.read(reader, 1000).decode()
    for end in (reader, writer):
        os.close(end)
    assert told.rpartition("-")[2] != process_id().rpartition("-")[2]
    assert told.rpartition("-")[0].endswith(f"-{child}")


def test_identity_names_the_account(aws: Aws, cloud: Cloud) -> None:
    """Credentials can be proved, and the account be shown, before anything is changed."""
    assert identity(aws).account == cloud.settings.account_id
