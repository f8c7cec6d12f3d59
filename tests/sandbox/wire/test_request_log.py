"""The request log says who asked for what, in memory and in a file that other processes read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.envelope import agent_of
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.settings import SandboxSettings
from tests.sandbox.wire.conftest import make_client


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        ("Boto3/1.44 md/Botocore#1.44 rollway/1.0 rollway-process/host-7.41", "host-7.41"),
        ("rollway-process/a:b rollway/1.0", "a:b"),
        ("Boto3/1.44 rollway/1.0", ""),
        ("not-rollway-process/7", ""),
        (None, ""),
    ],
)
def test_the_agent_is_read_from_the_user_agent(user_agent: str | None, agent: str):
    """Only the token that Rollway sends names an agent; every other client has none."""
    assert agent_of(user_agent) == agent


def test_each_entry_knows_its_sender_and_service(aws: Callable[..., Any], cloud: Cloud):
    """Requests of a process of Rollway carry its name, those of anybody else carry none."""
    aws("s3").create_bucket(Bucket="journal")
    aws("s3", agent=None).put_object(Bucket="journal", Key="a/b", Body=b"1")
    aws("sagemaker").list_models()
    entries = cloud.request_log.entries()
    assert [(entry.operation, entry.service, entry.agent) for entry in entries] == [
        ("CreateBucket", "s3", "host-7.41"),
        ("PutObject", "s3", ""),
        ("ListModels", "sagemaker", "host-7.41"),
    ]
    assert json.loads(entries[1].parameters) == {"Bucket": "journal", "Key": "a/b"}


def test_the_file_has_every_entry_at_once(clock: VirtualClock, tmp_path: Path):
    """Each request is a line of JSON in the file by the time it is answered, refusals included."""
    path = tmp_path / "new" / "requests.jsonl"
    cloud = Cloud(clock, SandboxSettings(request_log=path))
    with in_process(cloud):
        sagemaker = make_client("sagemaker")
        sagemaker.list_models(NameContains="fraud")
        (line,) = path.read_text("utf-8").splitlines()
        with pytest.raises(ClientError):
            sagemaker.describe_endpoint(EndpointName="none")
    assert json.loads(line) == {
        "time": "2026-06-01T12:00:00+00:00",
        "operation": "ListModels",
        "service": "sagemaker",
        "parameters": '{"NameContains": "fraud"}',
        "outcome": "ok",
        "actor": "caller",
        "agent": "host-7.41",
    }
    assert json.loads(path.read_text("utf-8").splitlines()[1])["outcome"] == "ValidationException"


def test_a_restart_appends(clock: VirtualClock, tmp_path: Path):
    """A second sandbox on the same file continues it: what was asked before is still there."""
    settings = SandboxSettings(request_log=tmp_path / "requests.jsonl")
    for name in ("one", "two"):
        Cloud(clock, settings).call("ListModels", {"NameContains": name})
    lines = (tmp_path / "requests.jsonl").read_text("utf-8").splitlines()
    assert ["one" in line for line in lines] == [True, False]
