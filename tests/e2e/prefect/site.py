"""A user's site in real processes: Prefect's server and a process worker, the simulated AWS with real model servers, simulated users."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from rollway.aws.session import Aws
from rollway.cli.demo.scene import set_scene

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
LIMIT_S = 90
STOP_LIMIT_S = 15
PAUSE_S = 0.3
TRIES = 3


@dataclass(frozen=True)
class Site:
    """What a test may use.

    Attributes:
        aws: clients of the simulated AWS.
        api: a client of Prefect's REST API.
    """

    aws: Aws
    api: httpx.Client

    def ask(self, method: str, path: str, content: object = None) -> httpx.Response:
        """Ask Prefect's API; on SQLite it often says 503 when it is busy, and means "ask again"."""
        return wait_for(lambda: _unless_busy(self.api.request(method, path, json=content)))

    def submit(self, **fields: str) -> httpx.Response:
        """Press Submit on the deployment's form."""
        deployment = self.ask("GET", "/deployments/name/canary/canary").json()["id"]
        form = {"parameters": {"rollout": fields}}
        return self.ask("POST", f"/deployments/{deployment}/create_flow_run", form)

    def run(self, run_id: str) -> dict[str, Any]:
        """A flow run as Prefect knows it."""
        return self.ask("GET", f"/flow_runs/{run_id}").json()

    def ended(self, run_id: str) -> dict[str, Any]:
        """The final state of a flow run, once it has one."""
        final = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}
        return wait_for(lambda: state if (state := self.run(run_id)["state"])["type"] in final else None)

    def set_state(self, run_id: str, **state: str) -> None:
        """Press a button that changes a run's state."""
        answer = self.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state})
        assert answer.json()["status"] == "ACCEPT"

    def create_endpoint(self, name: str) -> None:
        """Create one more endpoint, on the model that serves already; it comes into service a little later."""
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": "digits-baseline",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        self.aws.sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-first", ProductionVariants=[variant])
        self.aws.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-first")

    def await_serving(self, endpoint: str, variant: str) -> None:
        """Wait until an endpoint is in service and a variant gets some of its traffic."""
        wait_for(lambda: self._shares(endpoint).get(variant) or None)

    def await_baseline(self, endpoint: str) -> None:
        """Wait until an endpoint is in service on nothing but the configuration that it was created with."""
        wait_for(lambda: self._shares(endpoint).keys() == {"AllTraffic"} or None)
        assert self.aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"] == f"{endpoint}-first"

    def _shares(self, endpoint: str) -> dict[str, float]:
        live = self.aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        if live["EndpointStatus"] != "InService":
            return {}
        return {each["VariantName"]: each.get("CurrentWeight", 0.0) for each in live.get("ProductionVariants", [])}


@contextmanager
def open_site(folder: Path) -> Generator[Site]:
    """Bring everything up as ``deployments.yaml`` says in its first lines, and take it down again."""
    with patch.dict(os.environ), set_scene(folder, with_prefect=True) as scene:
        *preparing, worker = documented_commands()
        for command in preparing:
            _type_in(command, scene.environment)
        with (
            _running(worker, folder, scene.environment),
            httpx.Client(base_url=scene.environment["PREFECT_API_URL"]) as api,
        ):
            yield Site(scene.aws, api)


def _type_in(command: list[str], environment: Mapping[str, str]) -> None:
    """Type a command, again where Prefect's SQLite was busy (503), as a user would: they may all be repeated."""
    for _ in range(TRIES):
        done = subprocess.run(
            command, cwd=ROOT, env=_environment(environment), capture_output=True, text=True, check=False
        )
        if done.returncode == 0 or "503" not in done.stdout + done.stderr:
            break
    assert done.returncode == 0, done.stdout + done.stderr


def documented_commands() -> list[list[str]]:
    """What the head of ``deployments.yaml`` tells a user to type, in that order."""
    text = (ROOT / "deployments.yaml").read_text("utf-8")
    typed = [shlex.split(line) for line in re.findall(r"^#   (prefect .*)$", text, re.MULTILINE)]
    return [[str(BIN / program), *rest] for program, *rest in typed]


def wait_for(look: Callable[[], Any]) -> Any:
    """Look again and again until there is something to see."""
    give_up = time.monotonic() + LIMIT_S
    while time.monotonic() < give_up:
        if (seen := look()) is not None:
            return seen
        time.sleep(PAUSE_S)
    raise AssertionError(f"it did not come about within {LIMIT_S} s")


@contextmanager
def _running(command: list[str], folder: Path, environment: Mapping[str, str]) -> Generator[None]:
    """Keep a worker running, started from a folder that is not the project's."""
    with (folder / "logs" / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=_environment(environment), stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:  # a worker may linger over Prefect's SQLite; the tests are over by then
                process.kill()
                process.wait()


def _environment(scene: Mapping[str, str]) -> dict[str, str]:
    return os.environ | dict(scene) | {"PREFECT_WORKER_QUERY_SECONDS": "1"}


def _unless_busy(answer: httpx.Response) -> httpx.Response | None:
    return None if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE else answer
