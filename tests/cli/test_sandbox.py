"""``rollway sandbox``: the simulated AWS as a process of its own."""

import json
import signal
import socket
import subprocess
import sys

import boto3
import pytest

COMMAND = [sys.executable, "-m", "rollway.cli", "sandbox"]


def test_it_serves_until_it_is_told_to_stop():
    """The printed environment leads a client to it, and SIGTERM ends it with exit code 0."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--data-port", "0", "--output", "json"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while lines[-1] not in {"}\n", ""}:
            lines.append(process.stdout.readline())
        environment = json.loads("".join(lines))["environment"]
        client = boto3.client(
            "sagemaker", region_name=environment["AWS_DEFAULT_REGION"], endpoint_url=environment["AWS_ENDPOINT_URL"]
        )
        assert client.list_endpoints()["Endpoints"] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    assert set(environment) == {
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME",
        "AWS_DEFAULT_REGION",
        "ROLLWAY_SANDBOX_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    }


@pytest.mark.parametrize("what", ["a taken port", "bad settings"])
def test_it_says_why_it_cannot_start(tmp_path, what):
    """A taken port and settings that are not usable exit 2 with one message."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("seed: x\n" if what == "bad settings" else "seed: 1\n", "utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1]) if what == "a taken port" else "0"
        command = [*COMMAND, "--port", port, "--data-port", "0", "--settings", str(settings)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert (port if what == "a taken port" else "seed") in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_optional_part(tmp_path):
    """Where moto is not installed, the message names what to install."""
    hide = "import sys; sys.modules['moto'] = None; from rollway.cli import main; sys.exit(main(['sandbox']))"

    done = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True, check=False, cwd=tmp_path)

    assert done.returncode == 2
    assert "rollway[sandbox]" in done.stderr
