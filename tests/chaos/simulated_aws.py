"""The simulated AWS in a process of its own, with steady simulated traffic, so that everything of Rollway's can be killed around it.

``python -m tests.chaos.simulated_aws FOLDER ENDPOINTS`` prints its address, then serves until its standard input closes.
"""

import random
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from rollway.sandbox.clock import WallClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.server import ControlPlane
from rollway.sandbox.serving.callable_fleets import CallableFleets, Model
from rollway.sandbox.settings import Delays, SandboxSettings

ROLE = "arn:aws:iam::123456789012:role/serving"
BUCKET = "journal"
TOKEN = "planted by the tests"  # noqa: S105 - of a sandbox that lives as long as one test
MODELS = ("v1", "v2", "bad", "fast")
INSTANCES = 2
_QUICK = timedelta(seconds=0.3)
_TRAFFIC_EVERY_S = 0.2
_REQUESTS = 20


def answer(failing: float, seed: int, usual_s: float = 0.05) -> Model:
    """A simulated model that fails on a part of the requests, and usually answers in that time."""
    rng = random.Random(seed)
    return lambda _: (500 if rng.random() < failing else 200, b"{}", usual_s * rng.lognormvariate(0, 0.4))


def open_account(folder: Path, endpoints: list[str]) -> tuple[Cloud, Runtime]:
    """An account with live endpoints of two instances each, every baseline looked after by autoscaling."""
    delays = Delays(creating=_QUICK, updating=_QUICK, weights=_QUICK / 3, capacity=_QUICK, deleting=_QUICK)
    settings = SandboxSettings(delays=delays, request_log=folder / "requests.jsonl")
    models = {"v1": answer(0, 1), "v2": answer(0, 2), "bad": answer(0.7, 3), "fast": answer(0, 4, usual_s=0.02)}
    fleets = CallableFleets(models)
    cloud = Cloud(WallClock(), settings, fleets)
    for name in MODELS:
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
        cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "v1",
        "InitialInstanceCount": INSTANCES,
        "InstanceType": "ml.m6i.xlarge",
        "InitialVariantWeight": 1.0,
    }
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "original", "ProductionVariants": [variant]})
    for endpoint in endpoints:
        cloud.call("CreateEndpoint", {"EndpointName": endpoint, "EndpointConfigName": "original"})
    return cloud, Runtime(cloud, fleets)


def keep_up_traffic(runtime: Runtime, cloud: Cloud, endpoints: list[str], ending: threading.Event) -> None:
    """Send every endpoint the same steady traffic, and let time pass for what nobody asks about."""
    while not ending.wait(_TRAFFIC_EVERY_S):
        cloud.tick()
        for endpoint in endpoints:
            with suppress(Refusal):  # a fleet that goes just now takes its requests along
                runtime.simulate(endpoint, [b"x"] * _REQUESTS)


def main(folder: Path, endpoints: list[str]) -> None:
    """Serve until the parent closes our standard input."""
    cloud, runtime = open_account(folder, endpoints)
    ending = threading.Event()
    server = ControlPlane(cloud, token=TOKEN)
    server.start()
    while not all(cloud.endpoints.status(endpoint) == "InService" for endpoint in endpoints):
        cloud.tick()
    traffic = threading.Thread(target=keep_up_traffic, args=(runtime, cloud, endpoints, ending), daemon=True)
    traffic.start()
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    sys.stdin.read()
    ending.set()
    traffic.join()
    server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","))
