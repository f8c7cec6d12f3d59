"""The scene: everything up and running, and what the simulated users have seen so far."""

import json
import os
import shutil
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollway.aws.session import Aws, connect
from rollway.cli.demo import processes
from rollway.cli.demo.account import JOURNAL, set_up
from rollway.sandbox.digits.training import TrainedModel, held_out_rows, train_models

RATE_PER_S: Final = 250.0
_SUMMARY_SETTLES_S: Final = 1.5


@dataclass(frozen=True)
class Seen:
    """What the simulated users got from one variant.

    Attributes:
        requests: how many requests it answered.
        failures: how many of them with an error.
    """

    requests: int
    failures: int

    def since(self, before: "Seen") -> "Seen":
        """Return what came after an earlier count."""
        return Seen(self.requests - before.requests, self.failures - before.failures)


@dataclass(frozen=True)
class Scene:
    """The demo's world.

    Attributes:
        aws: clients of the simulated AWS.
        models: the trained models by name.
        environment: what points a command at this world.
        ui: address of Prefect's UI, or None without Prefect.
        summary: the file in which the simulated users keep count.
    """

    aws: Aws
    models: Mapping[str, TrainedModel]
    environment: Mapping[str, str]
    ui: str | None
    summary: Path

    def seen_from(self, variant: str) -> Seen:
        """Return what the simulated users got from a variant so far."""
        time.sleep(_SUMMARY_SETTLES_S)
        counts = json.loads(self.summary.read_text("utf-8")).get(variant, {})
        return Seen(counts.get("requests", 0), counts.get("failures", 0))


@contextmanager
def set_scene(folder: Path, *, with_prefect: bool) -> Generator[Scene]:
    """Bring everything up, and take it down again at the end."""
    shutil.rmtree(folder / "sandbox", ignore_errors=True)
    for name in ("sandbox", "logs", "prefect"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        port = _start_prefect(stack, folder) if with_prefect else None
        environment = _start_sandbox(stack, folder) | {"ROLLWAY_JOURNAL": JOURNAL}
        models = train_models(folder / "models")
        os.environ.update(environment)
        aws = connect()
        set_up(aws, models)
        summary = _start_traffic(stack, folder, environment["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"])
        if port is not None:
            environment |= _await_prefect(folder, port)
        yield Scene(
            aws, models, environment, environment.get("PREFECT_API_URL", "").removesuffix("/api") or None, summary
        )


def _start_prefect(stack: ExitStack, folder: Path) -> int:
    """Start a Prefect server and return its port; it takes a while to answer."""
    port = processes.free_port()
    environment = processes.prefect_environment(folder / "prefect", port)
    stack.enter_context(
        processes.running(processes.prefect_command(port), folder / "logs" / "prefect.log", environment)
    )
    return port


def _await_prefect(folder: Path, port: int) -> dict[str, str]:
    environment = processes.prefect_environment(folder / "prefect", port)
    processes.wait_for_answer(f"{environment['PREFECT_API_URL']}/health", folder / "logs" / "prefect.log")
    return environment


def _start_sandbox(stack: ExitStack, folder: Path) -> dict[str, str]:
    ports, log = (processes.free_port(), processes.free_port()), folder / "logs" / "sandbox.log"
    environment = processes.sandbox_environment(ports)
    command = processes.sandbox_command(ports, folder / "sandbox")
    stack.enter_context(processes.running(command, log, environment))
    processes.wait_for_sandbox(environment, log)
    return environment


def _start_traffic(stack: ExitStack, folder: Path, address: str) -> Path:
    rows, summary, log = folder / "rows.csv", folder / "traffic.json", folder / "logs" / "traffic.log"
    rows.write_bytes(b"\n".join(row.body for row in held_out_rows()))
    summary.write_text("{}", "utf-8")
    command = processes.traffic_command(address, rows, summary, RATE_PER_S)
    stack.enter_context(processes.running(command, log, {}))
    return summary
