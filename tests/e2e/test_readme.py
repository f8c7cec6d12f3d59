"""The README's way to one's own endpoint, typed letter by letter, against the simulated AWS with real model servers."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path

import pytest

from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws, connect
from rollway.aws.waiting import wait_until
from rollway.sandbox.process import SandboxProcess
from rollway.sandbox.settings import SandboxSettings

BIN = Path(sys.executable).parent
ROLE = "arn:aws:iam::123456789012:role/fraud"
MODEL = "def load(environment):\n    return lambda body, content_type: b'{}'\n"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[dict[str, str]]:
    """A terminal's environment: the endpoint fraud-prod is in service, nothing else is set but how to reach AWS."""
    (tmp_path / "fraud.py").write_text(MODEL, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(("AWS_", "PREFECT_", "ROLLWAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    with SandboxProcess(SandboxSettings(models=("fraud",))) as sandbox:
        for name, value in sandbox.addresses.items():
            monkeypatch.setenv(name, value)
        create_endpoint(connect())
        yield dict(os.environ) | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def create_endpoint(aws: Aws) -> None:
    """What a user has before Rollway comes: a bucket, two models, an endpoint in service."""
    aws.s3.create_bucket(Bucket="my-journal")
    for name in ("fraud-v6", "fraud-v7"):
        container = {"Image": "rollway-sandbox/python:fraud"}
        aws.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "AllTraffic", "ModelName": "fraud-v6", "InstanceType": "ml.m5.large"}
    variants = [variant | {"InitialInstanceCount": 2, "InitialVariantWeight": 1.0}]
    aws.sagemaker.create_endpoint_config(EndpointConfigName="fraud-first", ProductionVariants=variants)
    aws.sagemaker.create_endpoint(EndpointName="fraud-prod", EndpointConfigName="fraud-first")
    reach(lambda: describe_endpoint(aws, "fraud-prod").settled)


def reach(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    wait_until(
        lambda: condition() or None,
        "what the test needs",
        deadline=timedelta(seconds=60),
        every=timedelta(seconds=0.3),
    )


def type_in(shell: dict[str, str], command: str) -> subprocess.CompletedProcess[str]:
    """Type a command, wait for its end."""
    return subprocess.run(["bash", "-c", command], env=shell, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.timeout(240)
def test_the_way_to_ones_own_endpoint(shell):
    """Validate, plan, run; look on and stop it from another terminal: every command of the README does what it says."""
    journal = "export ROLLWAY_JOURNAL=s3://my-journal/rollway"
    shell["ROLLWAY_JOURNAL"] = type_in(shell, f"{journal}; printenv ROLLWAY_JOURNAL").stdout.strip()
    aws = connect()

    planned = type_in(shell, "rollway plan fraud-prod --model fraud-v7 --policy canary")
    running = subprocess.Popen(
        ["bash", "-c", "exec rollway run fraud-prod --model fraud-v7 --policy canary"],
        env=shell,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    reach(lambda: len(describe_endpoint(aws, "fraud-prod").variants) == 2)
    looked = type_in(shell, "rollway status fraud-prod")
    aborted = type_in(shell, 'rollway abort fraud-prod --reason "support is calling"')
    result, progress = running.communicate(timeout=120)
    late = type_in(shell, 'rollway rollback fraud-prod --reason "the process died"')

    assert planned.returncode == 0, planned.stderr
    assert "Nothing was changed." in planned.stdout
    assert looked.returncode == 0, looked.stderr
    assert "fraud-v6 → fraud-v7" in looked.stdout
    assert aborted.returncode in {4, 5}, aborted.stderr
    assert running.returncode == 4, progress
    assert "support is calling" in result
    assert late.returncode == 2, late.stdout
    assert [(each.name, each.share) for each in describe_endpoint(aws, "fraud-prod").variants] == [
        ("AllTraffic", 100.0)
    ]
