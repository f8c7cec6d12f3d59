"""An endpoint of the simulated AWS for the data plane's tests: callables behind it on a virtual clock, or real processes."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.data_plane import DataPlane
from rollway.sandbox.fleets import FleetHealth, Fleets, FleetSpec
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.serving.callable_fleets import CallableFleets, Model
from rollway.sandbox.serving.process_fleets import ProcessFleets
from rollway.sandbox.settings import SandboxSettings

ENDPOINT = "digits-prod"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Await = Callable[[Callable[[], bool]], None]


@dataclass(frozen=True)
class Stage:
    """A simulated account whose endpoint serves."""

    cloud: Cloud
    clock: VirtualClock
    runtime: Runtime

    def sums(self, metric: str, variant: str, statistic: str = "Sum") -> float:
        """Return a statistic of a variant's metric over the hour from noon, 0 without data."""
        dimensions = [{"Name": "EndpointName", "Value": ENDPOINT}, {"Name": "VariantName", "Value": variant}]
        stat = {
            "Metric": {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions},
            "Period": 3600,
            "Stat": statistic,
        }
        self.clock.advance(timedelta(minutes=5))  # past the metric delay
        query = {"MetricDataQueries": [{"Id": "m", "MetricStat": stat}], "StartTime": NOON, "EndTime": self.clock.now()}
        return sum(self.cloud.metrics.query(query)["MetricDataResults"][0]["Values"])


Build = Callable[..., Stage]


def deploy(cloud: Cloud, variants: Mapping[str, float], shadow: Mapping[str, float], image: str) -> None:
    """Create one model per variant, a config and the endpoint."""

    def lineup(weights: Mapping[str, float]) -> list[dict[str, Any]]:
        return [
            {
                "VariantName": name,
                "ModelName": name,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 2,
                "InitialVariantWeight": weight,
            }
            for name, weight in weights.items()
        ]

    role = "arn:aws:iam::123456789012:role/rehearsal"
    for name in (*variants, *shadow):
        cloud.call("CreateModel", {"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": {"Image": image}})
    config = {"EndpointConfigName": "first", "ProductionVariants": lineup(variants)}
    if shadow:
        config["ShadowProductionVariants"] = lineup(shadow)
    cloud.call("CreateEndpointConfig", config)
    cloud.call("CreateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": "first"})


@pytest.fixture
def build() -> Build:
    """Return what makes an endpoint out of callables: ``build(models, weights, shadow=…, settings=…)``."""

    def make(
        models: Mapping[str, Model],
        weights: Mapping[str, float],
        *,
        shadow: Mapping[str, float] | None = None,
        fleets: Fleets | None = None,
        settings: SandboxSettings | None = None,
    ) -> Stage:
        clock = VirtualClock(NOON)
        serving = fleets or CallableFleets(models)
        cloud = Cloud(clock, settings or SandboxSettings(), serving)
        deploy(cloud, weights, shadow or {}, "registry/any:1")
        clock.advance(timedelta(minutes=1))
        cloud.tick()
        return Stage(cloud, clock, Runtime(cloud, serving))

    return make


@pytest.fixture
def wait_until() -> Await:
    """Return what waits for real processes: polls a condition, and fails after a generous limit."""

    def wait(condition: Callable[[], bool]) -> None:
        limit = monotonic() + 30
        while not condition():
            assert monotonic() < limit, "the condition did not come true within 30 s"
            sleep(0.01)

    return wait


@pytest.fixture
def spec() -> Callable[..., FleetSpec]:
    """Return what describes a fleet by its image and environment."""

    def make(image: str, environment: Mapping[str, str] | None = None, *, instances: int = 1) -> FleetSpec:
        return FleetSpec("fleet-1", ENDPOINT, "candidate", "digits", image, environment or {}, None, instances)

    return make


@pytest.fixture
def fleets_of(tmp_path: Path) -> Generator[Callable[[SandboxSettings], ProcessFleets]]:
    """Return what makes fleets of real processes; all of them are stopped after the test."""
    made: list[ProcessFleets] = []

    def make(settings: SandboxSettings) -> ProcessFleets:
        made.append(ProcessFleets(settings, tmp_path / "logs"))
        return made[-1]

    yield make
    for fleets in made:
        fleets.close()


class FixedPort:
    """Fleets of one given server: ready at once, and reached at its port."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ensure(self, spec: FleetSpec) -> None: ...

    def health(self, fleet_id: str) -> FleetHealth:
        del fleet_id
        return FleetHealth(ready=True)

    def retire(self, fleet_id: str) -> None: ...

    def port(self, fleet_id: str) -> int:
        del fleet_id
        return self._port


@pytest.fixture
def front(build: Build) -> Callable[..., AbstractContextManager[tuple[Stage, str]]]:
    """Return what serves an endpoint of one variant ``only`` over HTTP, given the port of its model server."""

    @contextmanager
    def serve(
        model_server: int, settings: SandboxSettings | None = None, shadow: Mapping[str, float] | None = None
    ) -> Generator[tuple[Stage, str]]:
        ports = FixedPort(model_server)
        stage = build({}, {"only": 1}, fleets=ports, settings=settings, shadow=shadow)
        plane = DataPlane(stage.runtime, ports)
        plane.start()
        try:
            yield stage, plane.url
        finally:
            plane.stop()

    return serve
