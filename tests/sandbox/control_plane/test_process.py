"""The whole sandbox with real model servers: it comes up, serves, is stopped, and comes up again where it was."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rollway.sandbox.process import SandboxProcess
from rollway.sandbox.settings import SandboxSettings

ROLE = "arn:aws:iam::123456789012:role/rollway"
WAIT_AT_MOST_S = 60.0

MODEL_SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[::-1])
    do_GET = do_POST = answer
    def log_message(self, *args): pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


RUN_FOR_EVER = """
import sys, threading
from pathlib import Path
from rollway.sandbox.process import SandboxProcess
from rollway.sandbox.settings import SandboxSettings

sandbox = SandboxProcess(SandboxSettings(), Path(sys.argv[1]))
sandbox.start()
print(sandbox.addresses["AWS_ENDPOINT_URL"], flush=True)
threading.Event().wait()
"""


@pytest.fixture
def settings(tmp_path: Path) -> SandboxSettings:
    """Settings under which image ``reverse:1`` is a program that answers with its input reversed."""
    program = tmp_path / "reverse.py"
    program.write_text(MODEL_SERVER)
    return SandboxSettings.model_validate(
        {
            "images": {"reverse:1": [sys.executable, str(program), "{port}"]},
            "delays": {"creating": "100ms", "updating": "100ms"},
        }
    )


def clients(sandbox: SandboxProcess) -> tuple[Any, Any]:
    """Return a SageMaker and a runtime client of a sandbox."""
    addresses = sandbox.addresses
    session: Any = boto3.session.Session("any", "any", region_name=addresses["AWS_DEFAULT_REGION"])
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    return (
        session.client("sagemaker", endpoint_url=addresses["AWS_ENDPOINT_URL"], config=config),
        session.client(
            "sagemaker-runtime", endpoint_url=addresses["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"], config=config
        ),
    )


def wait_until_in_service(sandbox: SandboxProcess) -> None:
    """Wait for real processes; the limit only keeps a broken build from hanging."""
    deadline = time.monotonic() + WAIT_AT_MOST_S
    while sandbox.cloud.endpoints.status("shop") in ("Creating", "Updating"):
        assert time.monotonic() < deadline, "the endpoint did not come to rest"
        time.sleep(0.02)
    assert sandbox.cloud.endpoints.status("shop") == "InService"


def test_an_endpoint_survives_a_restart(settings: SandboxSettings, tmp_path: Path) -> None:
    """An endpoint created before a restart answers after it, from servers that were started again."""
    state = tmp_path / "state"
    with SandboxProcess(settings, state) as sandbox:
        sagemaker, runtime = clients(sandbox)
        container = {"Image": "reverse:1"}
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName="one", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="shop", EndpointConfigName="one")
        wait_until_in_service(sandbox)
        answer = runtime.invoke_endpoint(EndpointName="shop", Body=b"abc", ContentType="text/plain")
        assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"cba", "v")
        metrics = sandbox.cloud.metrics.export()
    with SandboxProcess(settings, state) as sandbox:
        assert sandbox.cloud.metrics.export() == metrics
        sagemaker, runtime = clients(sandbox)
        assert sagemaker.describe_endpoint(EndpointName="shop")["EndpointStatus"] == "InService"
        fleet_id = sandbox.cloud.endpoints.serving("shop").variants[0].fleet_id
        deadline = time.monotonic() + WAIT_AT_MOST_S
        while not sandbox.cloud.fleets.health(fleet_id).ready:
            assert time.monotonic() < deadline, "the model servers did not come back"
            time.sleep(0.02)
        answer = runtime.invoke_endpoint(EndpointName="shop", Body=b"xyz", ContentType="text/plain")
        assert answer["Body"].read() == b"zyx"


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """A sandbox that is killed has kept every change that it answered: control plane and S3."""
    state = tmp_path / "state"
    session: Any = boto3.session.Session("any", "any", region_name="us-east-1")
    command = [sys.executable, "-c", RUN_FOR_EVER, str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        url = killed.stdout.readline().strip()
        sagemaker, s3 = (session.client(service, endpoint_url=url) for service in ("sagemaker", "s3"))
        s3.create_bucket(Bucket="journal")
        etag = s3.put_object(Bucket="journal", Key="0001", Body=b"intent", IfNoneMatch="*")["ETag"]
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "m:1"})
        killed.kill()
    with SandboxProcess(SandboxSettings(), state) as sandbox:
        url = sandbox.addresses["AWS_ENDPOINT_URL"]
        assert session.client("sagemaker", endpoint_url=url).describe_model(ModelName="m")["ModelName"] == "m"
        assert session.client("s3", endpoint_url=url).head_object(Bucket="journal", Key="0001")["ETag"] == etag


def test_a_sandbox_without_a_state_folder_leaves_nothing(settings: SandboxSettings, tmp_path: Path) -> None:
    """Nothing is written where nothing was asked to be kept, and every start begins empty."""
    before = sorted(tmp_path.rglob("*"))
    with SandboxProcess(settings) as sandbox:
        sagemaker, _ = clients(sandbox)
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "reverse:1"})
    with SandboxProcess(settings) as sandbox:
        assert clients(sandbox)[0].list_models()["Models"] == []
    assert sorted(tmp_path.rglob("*")) == before
