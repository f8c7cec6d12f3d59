"""How many invocations the simulated AWS serves: over HTTP with real processes, and simulated on a virtual clock.

Over HTTP three processes share the machine, as in a rehearsal: a client with eight keep-alive connections, the sandbox's data plane,
and one trivial model server.
"""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from rollway.sandbox.clock import VirtualClock, WallClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.data_plane import DataPlane
from rollway.sandbox.fleets import Fleets
from rollway.sandbox.runtime.http1 import format_request
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.runtime.upstream import Upstream
from rollway.sandbox.serving.callable_fleets import CallableFleets
from rollway.sandbox.serving.process_fleets import ProcessFleets
from rollway.sandbox.settings import Delays, SandboxSettings

_ENDPOINT = "bench"
_CONNECTIONS = 8
_SECONDS = 4.0
_PACE = timedelta(0)
_MODEL = "def load(environment):\n    return lambda body, content_type: b'{}'\n"


def bench_invocations() -> dict[str, float]:
    """Return invocations per second and latencies over HTTP, and simulated invocations per second."""
    return {**_over_http(), **_simulated()}


def _over_http() -> dict[str, float]:
    with TemporaryDirectory() as folder:
        model = Path(folder) / "trivial.py"
        model.write_text(_MODEL, encoding="utf-8")
        command = (sys.executable, "-m", "rollway.sandbox.serving", "--port", "{port}", str(model))
        settings = SandboxSettings(images={"trivial": command}, delays=Delays(creating=_PACE))
        fleets = ProcessFleets(settings, Path(folder))
        try:
            cloud = Cloud(WallClock(), settings, fleets)
            _deploy(cloud, {"baseline": 9, "candidate": 1})
            while cloud.call("DescribeEndpoint", {"EndpointName": _ENDPOINT})["EndpointStatus"] != "InService":
                time.sleep(0.05)
            plane = DataPlane(Runtime(cloud, fleets), fleets)
            plane.start()
            client = [sys.executable, "-m", "benchmarks.invocations", plane.url.rpartition(":")[2]]
            done = subprocess.run(client, check=True, capture_output=True)  # noqa: S603 - our own module
            plane.stop()
            return json.loads(done.stdout)
        finally:
            fleets.close()


def _simulated() -> dict[str, float]:
    """Simulate an hour at 500 requests per minute, a minute at a time, 10 times over."""
    rng = Random(1)  # noqa: S311 - simulated latencies

    def model(body: bytes) -> tuple[int, bytes, float]:
        return 200, body, rng.lognormvariate(-4, 0.5)

    clock = VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))
    fleets: Fleets = CallableFleets({"baseline": model, "candidate": model})
    cloud = Cloud(clock, SandboxSettings(delays=Delays(creating=_PACE)), fleets)
    _deploy(cloud, {"baseline": 9, "candidate": 1})
    runtime = Runtime(cloud, fleets)
    started = time.perf_counter()
    for _ in range(600):
        clock.advance(timedelta(minutes=1))
        runtime.simulate(_ENDPOINT, repeat(b"", 500))
    return {"simulated_invocations_per_s": 600 * 500 / (time.perf_counter() - started)}


def _deploy(cloud: Cloud, weights: dict[str, float]) -> None:
    role = "arn:aws:iam::123456789012:role/bench"
    variants: list[dict[str, Any]] = []
    for name, weight in weights.items():
        cloud.call(
            "CreateModel", {"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": {"Image": "trivial"}}
        )
        instances = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "InitialVariantWeight": weight}
        variants.append({"VariantName": name, "ModelName": name, **instances})
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "bench", "ProductionVariants": variants})
    cloud.call("CreateEndpoint", {"EndpointName": _ENDPOINT, "EndpointConfigName": "bench"})


async def _load(port: int) -> dict[str, float]:
    """Keep every connection busy for a few seconds."""
    upstream = Upstream(port, max_connections=_CONNECTIONS)
    request = format_request(f"/endpoints/{_ENDPOINT}/invocations", {"Content-Type": "text/csv"}, b"1,2,3")
    latencies_ms: list[float] = []
    end = time.perf_counter() + _SECONDS

    async def one_connection() -> None:
        while (sent := time.perf_counter()) < end:
            response = await upstream.exchange(request)
            if response.status != 200:  # noqa: PLR2004 - HTTP's OK
                raise RuntimeError(f"the data plane answered {response.status}: {response.body!r}")
            latencies_ms.append((time.perf_counter() - sent) * 1_000)

    await asyncio.gather(*(one_connection() for _ in range(_CONNECTIONS)))
    upstream.close()
    latencies_ms.sort()
    return {
        "invocations_per_s": len(latencies_ms) / _SECONDS,
        "p50_ms": latencies_ms[len(latencies_ms) // 2],
        "p99_ms": latencies_ms[len(latencies_ms) * 99 // 100],
    }


if __name__ == "__main__":
    results = asyncio.run(_load(int(sys.argv[1]))) if len(sys.argv) > 1 else bench_invocations()
    print(json.dumps(results))  # noqa: T201 - the result of a command
