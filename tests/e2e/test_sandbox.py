"""The sandbox as its page says: started by the documented command with the documented settings, stopped, started again."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMMAND = "rollway sandbox --state .rollway/sandbox --settings sandbox.yaml"
PLANT = (
    """curl -H "Authorization: Bearer $ROLLWAY_SANDBOX_TOKEN" -d '{"fault": "throttle", "operation": "UpdateEndpoint"}' """
    "$AWS_ENDPOINT_URL/_rollway/faults"
)


def start(folder: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Type the command, and read the variables that it prints. Free ports, since others may use the usual ones."""
    program, *arguments = shlex.split(COMMAND)
    sandbox = subprocess.Popen(
        [BIN / program, *arguments, "--port", "0", "--data-port", "0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    exports: dict[str, str] = {}
    assert sandbox.stdout is not None
    for line in sandbox.stdout:
        name, value = line.removeprefix("export ").strip().split("=", 1)
        exports[name] = value
        if name == "AWS_SECRET_ACCESS_KEY":
            break
    return sandbox, exports


def stop(sandbox: subprocess.Popen[str]) -> int:
    sandbox.send_signal(signal.SIGTERM)
    return sandbox.wait(30)


@pytest.mark.timeout(120)
def test_the_documented_sandbox_starts_and_remembers(tmp_path, monkeypatch):
    """What is created in it is there after a restart; any AWS client, and curl, reaches it by the variables that it prints."""
    page = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
    assert COMMAND in page
    assert PLANT in page
    *_, settings = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "sandbox.yaml").write_text(settings, "utf-8")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)

    sandbox, exports = start(tmp_path)
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="kept")
    planted = subprocess.run(["bash", "-c", PLANT], capture_output=True, text=True, check=True)
    assert stop(sandbox) == 0
    again, exports = start(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", exports["AWS_ENDPOINT_URL"])
    buckets = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]

    assert json.loads(planted.stdout)["operation"] == "UpdateEndpoint"
    assert buckets == ["kept"]
    assert stop(again) == 0
