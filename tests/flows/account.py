"""A simulated AWS account that listens on loopback, on the machine's clock, with an endpoint in service under steady traffic."""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rollway.sandbox.clock import WallClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.server import ControlPlane
from rollway.sandbox.serving.callable_fleets import CallableFleets, Model
from rollway.sandbox.settings import Delays, SandboxSettings

ENDPOINT = "fraud-prod"
BASELINE_CONFIG = "fraud-v6-config"
BUCKET = "journal"
JOURNAL = f"s3://{BUCKET}/rollway"
ROLE = "arn:aws:iam::123456789012:role/serving"
PULSE_S = 0.05
REQUESTS_PER_PULSE = 15
BRISK = Delays(
    creating=timedelta(0),
    updating=timedelta(seconds=0.4),
    weights=timedelta(seconds=0.2),
    capacity=timedelta(seconds=0.2),
)


def model(seed: int, failing: float = 0.0) -> Model:
    """A simulated model: log-normal latency around 50 ms, failing on a part of the requests."""
    rng = random.Random(seed)

    def answer(_: bytes) -> tuple[int, bytes, float]:
        return (500 if rng.random() < failing else 200, b"{}", rng.lognormvariate(-3.0, 0.4))

    return answer


@dataclass(frozen=True)
class Account:
    """The account, and what serves its models.

    Attributes:
        cloud: the simulated account.
        models: the callable behind each SageMaker model; a test may replace them.
        url: where it listens, for ``AWS_ENDPOINT_URL``.
        owner: the clients of somebody who may do everything.
    """

    cloud: Cloud
    models: dict[str, Model]
    url: str
    owner: Any = None

    def live(self) -> dict[str, Any]:
        """The endpoint as AWS describes it."""
        return self.cloud.call("DescribeEndpoint", {"EndpointName": ENDPOINT})

    def is_on_baseline(self) -> bool:
        """Whether the endpoint is as it was before any rollout, and nothing that a rollout made is left over."""
        live = self.live()
        configs = self.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]
        return (
            live["EndpointStatus"] == "InService"
            and live["EndpointConfigName"] == BASELINE_CONFIG
            and len(live["ProductionVariants"]) == 1
            and [each["EndpointConfigName"] for each in configs] == [BASELINE_CONFIG]
        )

    def restore(self) -> None:
        """Bring the endpoint back to its first configuration, and remove every other."""
        if not self.is_on_baseline():
            self.cloud.call("UpdateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": BASELINE_CONFIG})
            while self.live()["EndpointStatus"] != "InService":
                time.sleep(PULSE_S)
            for config in self.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]:
                if config["EndpointConfigName"] != BASELINE_CONFIG:
                    self.cloud.call("DeleteEndpointConfig", {"EndpointConfigName": config["EndpointConfigName"]})

    def changes(self) -> list[str]:
        """The operations that would have changed SageMaker since the account was set up."""
        asked = (each.operation for each in self.cloud.request_log.entries())
        return [name for name in asked if name.startswith(("Create", "Update", "Delete"))]


@contextmanager
def open_account() -> Generator[Account]:
    """Bring the account up with endpoint ``fraud-prod`` on model ``fraud-v6``, and the candidates ``fraud-v7`` and ``broken-v7``."""
    models = {"fraud-v6": model(1, 0.002), "fraud-v7": model(2, 0.002), "broken-v7": model(3, 0.3)}
    fleets = CallableFleets(models)
    cloud = Cloud(WallClock(), SandboxSettings(delays=BRISK, metric_delay=timedelta(seconds=0.2)), fleets)
    control_plane = ControlPlane(cloud)
    control_plane.start()
    try:
        _furnish(cloud, models)
        with _traffic(cloud, Runtime(cloud, fleets)):
            yield Account(cloud, models, control_plane.url)
    finally:
        control_plane.stop()


def _furnish(cloud: Cloud, models: dict[str, Model]) -> None:
    for name in models:
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
        cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "fraud-v6",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m6i.xlarge",
        "InitialVariantWeight": 1.0,
    }
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": BASELINE_CONFIG, "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": BASELINE_CONFIG})
    cloud.tick()


@contextmanager
def _traffic(cloud: Cloud, runtime: Runtime) -> Generator[None]:
    """Send the endpoint 300 simulated requests a second while the block runs."""
    ending = threading.Event()

    def pulse() -> None:
        while not ending.wait(PULSE_S):
            cloud.tick()
            with suppress(Refusal):
                runtime.simulate(ENDPOINT, [b"x"] * REQUESTS_PER_PULSE)

    thread = threading.Thread(target=pulse, name="simulated traffic")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
