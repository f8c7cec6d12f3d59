"""The processes behind the demo: the simulated AWS, a local Prefect server, and simulated users. All end with the demo."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from policies.errors import DeadlineExceeded
from rollway.sandbox.fault_door import PATH as FAULTS
from rollway.sandbox.fault_door import TOKEN_VARIABLE

START_LIMIT_S: Final = 240
STOP_LIMIT_S: Final = 15
_LOOPBACK: Final = "127.0.0.1"


@contextmanager
def running(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Generator[None]:
    """Keep a program running while the block does; its output goes to a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, *command], stdout=output, stderr=subprocess.STDOUT, env=os.environ | dict(environment)
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return probe.getsockname()[1]


def wait_for_answer(url: str, log: Path, token: str = "") -> None:
    """Wait until a server of ours answers; ``token`` is what it wants to see first.

    Raises:
        DeadlineExceeded: it did not answer in time.
    """
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - always http on loopback
    give_up = time.monotonic() + START_LIMIT_S
    while time.monotonic() < give_up:
        with suppress(OSError), urllib.request.urlopen(request, timeout=2):  # noqa: S310 - as above
            return
        time.sleep(0.2)
    raise DeadlineExceeded(f"{url} did not answer within {START_LIMIT_S} s", hint=f"The server's log: {log}")


def prefect_command(port: int) -> list[str]:
    """Return the command that starts a local Prefect server."""
    return ["-m", "prefect", "server", "start", "--host", _LOOPBACK, "--port", str(port)]


def prefect_environment(home: Path, port: int) -> dict[str, str]:
    """Return the environment of a Prefect server, and of whoever reports to it: patient, for its SQLite lets one write at a time."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://{_LOOPBACK}:{port}/api",
        "PREFECT_UI_API_URL": "/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{_LOOPBACK}:{port}",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_CLIENT_MAX_RETRIES": "20",
        "PREFECT_LOGGING_LEVEL": "WARNING",
    }


def sandbox_command(ports: tuple[int, int], state: Path) -> list[str]:
    """Return the command that starts the simulated AWS on two ports, control plane and data plane."""
    control, data = (str(port) for port in ports)
    return ["-m", "rollway.cli", "sandbox", "--port", control, "--data-port", data, "--state", str(state)]


def sandbox_environment(ports: tuple[int, int]) -> dict[str, str]:
    """Return the environment that points every AWS client at the simulated AWS, and the token of a new run of it."""
    control, data = ports
    return {
        "AWS_ENDPOINT_URL": f"http://{_LOOPBACK}:{control}",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"http://{_LOOPBACK}:{data}",
        "AWS_ACCESS_KEY_ID": "simulated",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        TOKEN_VARIABLE: secrets.token_urlsafe(),
    }


def wait_for_sandbox(environment: Mapping[str, str], log: Path) -> None:
    """Wait until the simulated AWS answers.

    Raises:
        DeadlineExceeded: it did not answer in time.
    """
    wait_for_answer(f"{environment['AWS_ENDPOINT_URL']}{FAULTS}", log, environment[TOKEN_VARIABLE])


def traffic_command(address: str, rows: Path, summary: Path, rate_per_s: float) -> list[str]:
    """Return the command that starts the simulated users."""
    options = {"address": address, "endpoint": "digits", "rows": rows, "summary": summary, "rate": rate_per_s}
    return ["-m", "rollway.sandbox.traffic", *(f"--{name}={value}" for name, value in options.items())]
