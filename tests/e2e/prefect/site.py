"""A user's site in real processes: Prefect's server and a process worker, the simulated AWS with real model servers, simulated users."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from tempfile import gettempdir
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import httpx

from policies.lifecycle import State
from rollway.aws.session import Aws
from rollway.cli.demo import processes
from rollway.cli.demo.scene import set_scene
from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from rollway.loop.starting import open_journal

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
LIMIT_S = 150
STOP_LIMIT_S = 15
PAUSE_S = 0.3
PATIENCE_S = 60
"""How long an answer of Prefect's may take: on SQLite and a busy machine, long."""
TRIES = 3


@dataclass
class Site:
    """What a test may use.

    Attributes:
        aws: clients of the simulated AWS.
        api: a client of Prefect's REST API.
        server: the process of Prefect's server.
        workers: the process of a worker by its work pool; the documented one, and those that are there to be lost.
        told: what each command that was typed in to bring everything up has printed.
        environment: what points a command at this site.
        begin: starts a program that ends with the site, by its command and the name of its log.
    """

    aws: Aws
    api: httpx.Client
    server: subprocess.Popen[bytes]
    workers: dict[str, subprocess.Popen[bytes]]
    told: Mapping[str, str]
    environment: Mapping[str, str]
    begin: Callable[[list[str], str], subprocess.Popen[bytes]]

    def ask(self, method: str, path: str, content: object = None) -> httpx.Response:
        """Ask Prefect's API; on SQLite it often says 503 when it is busy, and means "ask again"."""
        return wait_for(lambda: _unless_busy(self.api.request(method, path, json=content)))

    def submit(self, deployment: str = "canary/canary", **fields: str) -> httpx.Response:
        """Press Submit on a deployment's form."""
        found = self.ask("GET", f"/deployments/name/{deployment}").json()["id"]
        return self.ask("POST", f"/deployments/{found}/create_flow_run", {"parameters": {"rollout": fields}})

    def start_worker(self, pool: str) -> None:
        """Start a worker of a work pool, as whoever looks after the machine does when the one before has died."""
        *_, worker = documented_commands()
        self.workers[pool] = self.begin(split(worker.replace("rollway", pool)), f"worker-{pool}")

    def restart_server(self) -> None:
        """Kill Prefect's server and start it again, at the same address and on the same database."""
        self.server.kill()
        self.server.wait()
        self.server = self.begin(prefect_server(self.api.base_url.port or 0), "prefect")
        wait_for(self._health, processes.START_LIMIT_S)

    def _health(self) -> bool | None:
        try:
            return self.api.get("/health").is_success or None
        except httpx.HTTPError:
            return None

    def schedule_canary(self, name: str, schedule: Mapping[str, object]) -> str:
        """Deploy the canary once more, on a schedule; return the deployment's id."""
        found = self.ask("GET", "/deployments/name/canary/canary").json()
        kept = ("flow_id", "entrypoint", "pull_steps", "parameter_openapi_schema", "job_variables")
        copy = {"name": name, "work_pool_name": "rollway", "tags": ["rollway"], "schedules": [dict(schedule)]}
        answer = self.ask("POST", "/deployments/", copy | {field: found[field] for field in kept})
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        return answer.json()["id"]

    def scheduled_runs(self, deployment: str, after: datetime | None = None) -> list[dict[str, Any]]:
        """The runs that schedules of a deployment have brought about, expected after that time, oldest first."""
        wanted: dict[str, Any] = {"deployments": {"name": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_ASC"}
        if after is not None:
            wanted["flow_runs"] = {"expected_start_time": {"after_": after.isoformat()}}
        runs = self.ask("POST", "/flow_runs/filter", wanted).json()
        return [run for run in runs if (run["created_by"] or {}).get("type") == "SCHEDULE"]

    def copy_deployment(self, name: str, pool: str) -> None:
        """Deploy the canary once more, to be run in another work pool."""
        found = self.ask("GET", "/deployments/name/canary/canary").json()
        kept = ("flow_id", "entrypoint", "pull_steps", "parameter_openapi_schema", "tags", "job_variables")
        copy = {"name": name, "work_pool_name": pool} | {field: found[field] for field in kept}
        assert self.ask("POST", "/work_pools/", {"name": pool, "type": "process"}).status_code == HTTPStatus.CREATED
        assert self.ask("POST", "/deployments/", copy).status_code == HTTPStatus.CREATED

    def run(self, run_id: str) -> dict[str, Any]:
        """A flow run as Prefect knows it."""
        return self.ask("GET", f"/flow_runs/{run_id}").json()

    def process_of(self, run_id: str) -> int:
        """The id of the process in which a flow runs."""
        return int(self.run(run_id)["infrastructure_pid"].rpartition(":")[2])

    def ended(self, run_id: str, limit_s: float = LIMIT_S) -> dict[str, Any]:
        """The final state of a flow run, once it has one."""
        final = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}
        return wait_for(lambda: state if (state := self.run(run_id)["state"])["type"] in final else None, limit_s)

    def asked_for(self, deployment: str) -> list[dict[str, Any]]:
        """What the runs of a deployment were asked for in its form."""
        found = self.ask("GET", f"/deployments/name/{deployment}").json()["id"]
        runs = self.ask("POST", "/flow_runs/filter", {"deployments": {"id": {"any_": [found]}}}).json()
        return [run["parameters"]["rollout"] for run in runs]

    def started_by(self, automation: str, after: datetime) -> list[dict[str, Any]]:
        """The flow runs that an automation has started since."""
        runs = self.ask("POST", "/flow_runs/filter", {}).json()
        started = [run for run in runs if (run["created_by"] or {}).get("display_value") == automation]
        return [run for run in started if datetime.fromisoformat(run["created"]) > after]

    def set_state(self, run_id: str, **state: object) -> None:
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

    def await_serving(self, endpoint: str, variant: str, limit_s: float = LIMIT_S) -> None:
        """Wait until an endpoint is in service and a variant gets some of its traffic."""
        wait_for(lambda: self._shares(endpoint).get(variant) or None, limit_s)

    def await_baseline(self, endpoint: str) -> None:
        """Wait until an endpoint is in service on nothing but the configuration that it was created with."""
        wait_for(lambda: self._shares(endpoint).keys() == {"AllTraffic"} or None)
        assert self.config_of(endpoint)["EndpointConfigName"] == f"{endpoint}-first"

    def await_outcome(self, endpoint: str, limit_s: float = LIMIT_S) -> str:
        """Wait until an endpoint's lease is given back, and return the outcome of its rollout."""
        store = open_journal(self.aws, os.environ["ROLLWAY_JOURNAL"])

        def look() -> str | None:
            standing = read_standing(store, endpoint)
            return str(standing.lease.outcome) if standing and standing.lease.outcome else None

        return wait_for(look, limit_s)

    def await_state(self, endpoint: str, look: Callable[[State], Any]) -> Any:
        """Wait until the state of an endpoint's rollout, as its journal has it, has something to show."""
        store = open_journal(self.aws, os.environ["ROLLWAY_JOURNAL"])

        def find() -> Any:
            standing = read_standing(store, endpoint)
            return (look(Journal(store, standing.lease.rollout_id).read().state) or None) if standing else None

        return wait_for(find)

    def config_of(self, endpoint: str) -> Any:
        """The configuration that an endpoint serves with."""
        live = self.aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        return self.aws.sagemaker.describe_endpoint_config(EndpointConfigName=live["EndpointConfigName"])

    def left_over(self, endpoint: str) -> list[str]:
        """What a rollout has left behind on an endpoint that it created: configurations and switches."""
        in_use = self.config_of(endpoint)["EndpointConfigName"]
        configs = self.aws.sagemaker.list_endpoint_configs(NameContains=endpoint)["EndpointConfigs"]
        switches = self.aws.scheduler.list_schedules(NamePrefix=f"rollway-{endpoint}")["Schedules"]
        names = [*(each["EndpointConfigName"] for each in configs), *(str(each.get("Name")) for each in switches)]
        return [name for name in names if name != in_use]

    def _shares(self, endpoint: str) -> dict[str, float]:
        live = self.aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        if live["EndpointStatus"] != "InService":
            return {}
        return {each["VariantName"]: each.get("CurrentWeight", 0.0) for each in live.get("ProductionVariants", [])}


@contextmanager
def open_site(
    folder: Path, pools_to_lose: tuple[str, ...] = (), settings: Mapping[str, str] = MappingProxyType({})
) -> Generator[Site]:
    """Bring everything up as README.md and ``deployments.yaml`` say, with a worker for each more work pool, and take it down again.

    Args:
        folder: where it keeps its files.
        pools_to_lose: further work pools.
        settings: what the user has set in the environment besides.
    """
    with patch.dict(os.environ), ExitStack() as stack:
        port = processes.free_port()
        environment = os.environ | processes.prefect_environment(folder / "prefect", port)
        for name in ("logs", "prefect"):
            (folder / name).mkdir()

        def begin(command: list[str], name: str) -> subprocess.Popen[bytes]:
            return stack.enter_context(running(command, folder, name, environment))

        server = begin(prefect_server(port), "prefect")
        scene = stack.enter_context(set_scene(folder, with_prefect=False))
        environment |= (
            dict(scene.environment)
            | {"PREFECT_WORKER_QUERY_SECONDS": "1", "ROLLWAY_FILES": gettempdir()}
            | dict(settings)
        )
        processes.wait_for_answer(f"{environment['PREFECT_API_URL']}/health", folder / "logs" / "prefect.log")
        *preparing, _ = documented_commands()
        told = {command: _type_in(command, environment) for command in preparing}
        api = stack.enter_context(httpx.Client(base_url=environment["PREFECT_API_URL"], timeout=PATIENCE_S))
        site = Site(scene.aws, api, server, {}, told, environment, begin)
        for pool in pools_to_lose:
            site.copy_deployment(name=pool, pool=pool)
        for pool in ("rollway", *pools_to_lose):
            site.start_worker(pool)
        yield site


def documented_commands() -> list[str]:
    """What README.md and the head of ``deployments.yaml`` tell a user to type, each once, the worker last."""
    readme = re.findall(r"^(prefect .*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    head = re.findall(r"^#   ((?:rollway|prefect) .*)$", (ROOT / "deployments.yaml").read_text("utf-8"), re.MULTILINE)
    return sorted(dict.fromkeys([*readme, *head]), key=lambda command: " worker " in command)


def split(command: str) -> list[str]:
    """Split a command as the shell does, with the programs of this environment."""
    program, *rest = shlex.split(command)
    return [str(BIN / program), *rest]


def prefect_server(port: int) -> list[str]:
    """The command that starts Prefect's server."""
    return [sys.executable, *processes.prefect_command(port)]


def wait_for(look: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Look again and again until there is something to see."""
    give_up = time.monotonic() + limit_s
    while time.monotonic() < give_up:
        if (seen := look()) is not None:
            return seen
        time.sleep(PAUSE_S)
    raise AssertionError(f"it did not come about within {limit_s} s")


@contextmanager
def running(
    command: list[str], folder: Path, name: str, environment: Mapping[str, str]
) -> Generator[subprocess.Popen[bytes]]:
    """Keep a program running, started from a folder that is not the project's; a test may end it before."""
    with (folder / "logs" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:  # a worker may linger over Prefect's SQLite; the tests are over by then
                process.kill()
                process.wait()


def _type_in(command: str, environment: Mapping[str, str]) -> str:
    """Type a command, again where Prefect's SQLite was busy (503), as a user would: they may all be repeated."""
    for _ in range(TRIES):
        done = subprocess.run(
            split(command), cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False
        )
        if done.returncode == 0 or "503" not in done.stdout + done.stderr:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _unless_busy(answer: httpx.Response) -> httpx.Response | None:
    return None if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE else answer
