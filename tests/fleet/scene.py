"""Many endpoints on one simulated AWS, on virtual time that passes only while every rollout of a fleet rests.

The simulated AWS has one account and one Region. A Region is played by its name, in requests and in the file, and by the models that its
endpoints get.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from policies.fleet.deciding import FleetDecision
from policies.fleet.loading import parse_fleet
from policies.fleet.spec import FleetSpec, Target
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.aws.waiting import Timing
from rollway.fleet.driving import Fleet, open_fleet
from rollway.fleet.places import Places
from rollway.fleet.record import Kept
from rollway.loop.hands import PlainHands
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.runtime.invocation import Runtime

BURST = timedelta(seconds=10)
A_MOMENT_S = 0.001
REQUESTS = 8


@dataclass
class SharedClock:
    """Virtual time for many tasks: when all of them sleep, it passes until the first of them has slept enough."""

    scene: "Scene"
    _sleepers: list[tuple[datetime, asyncio.Event]] = field(default_factory=list)

    def now(self) -> datetime:
        """The virtual moment."""
        return self.scene.clock.now()

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """Sleep until the time has come, or until woken."""
        until, slept = self.now() + length, asyncio.Event()
        sleeper = (until, slept)
        self._sleepers.append(sleeper)
        try:
            while not (wake.is_set() or slept.is_set()):
                await asyncio.sleep(A_MOMENT_S)
                if len(asyncio.all_tasks()) - self.scene.onlookers == len(self._sleepers) and not wake.is_set():
                    self._pass()
        finally:
            self._sleepers.remove(sleeper)

    def _pass(self) -> None:
        until, slept = min(self._sleepers, key=lambda sleeper: sleeper[0])
        self.scene.pass_time(max(until - self.now(), timedelta(0)))
        slept.set()


@dataclass
class Scene:
    """Everything that a test of fleets needs.

    Attributes:
        endpoints: names of the endpoints that have users.
        onlookers: how many tasks only look on.
        most: how many rollouts were seen under way at once, at most.
        decisions: what the fleet decided.
    """

    cloud: Cloud
    clock: VirtualClock
    runtime: Runtime
    aws: Aws
    journal: ObjectStore
    endpoints: list[str]
    most: int = 0
    onlookers: int = 0
    decisions: list[FleetDecision] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timing = Timing(
            clock=lambda: self.clock.now().timestamp(),
            sleep=lambda seconds: self.pass_time(timedelta(seconds=seconds)),
            uniform=lambda low, high: (low + high) / 2,
        )
        self.places = Places(self.aws, self.journal)

    def pass_time(self, length: timedelta) -> None:
        """Let time pass, with the same steady traffic on every endpoint."""
        until = self.clock.now() + length
        while (now := self.clock.now()) < until:
            self.clock.advance(min(BURST, until - now))
            self.cloud.tick()
            for endpoint in self.endpoints:
                self.runtime.simulate(endpoint, [b"x"] * REQUESTS)

    def see(self, fleet: FleetSpec, kept: Kept, decision: FleetDecision) -> None:
        """Keep what the fleet decides, and how much is under way."""
        del fleet
        under_way = sum(1 for entry in kept.record.entries.values() if entry.stand == "under way")
        self.most = max(self.most, under_way + len(decision.start))
        self.decisions.append(decision)

    def open(self, document: dict[str, Any]) -> Fleet:
        """Take up a fleet, as a process of its own would."""
        places = Places(self.aws, self.journal)
        return open_fleet(parse_fleet(document), places, self.make_hands(places), SharedClock(self), self.see)

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something is seen, in real time. The task that calls this only looks on from then on."""
        self.onlookers = 1
        while not seen():  # noqa: ASYNC110 - what is waited for is a test's own condition
            await asyncio.sleep(A_MOMENT_S)

    def make_hands(self, places: Places) -> Any:
        """The hands for an endpoint, on virtual time."""

        def make(target: Target) -> PlainHands:
            return PlainHands(places.aws_of(target), self.timing)

        return make

    def play(self, document: dict[str, Any]) -> FleetDecision | None:
        """Play a fleet to its end."""
        self.onlookers = 0
        return asyncio.run(self.open(document).drive())

    def model_of(self, endpoint: str) -> tuple[str, list[str], list[float]]:
        """Status, models and weights of an endpoint, read back through boto3."""
        live = self.aws.sagemaker.describe_endpoint(EndpointName=endpoint)
        config = self.aws.sagemaker.describe_endpoint_config(EndpointConfigName=live["EndpointConfigName"])
        models = [each.get("ModelName", "") for each in config["ProductionVariants"]]
        return live["EndpointStatus"], models, [each.get("CurrentWeight", 0) for each in live["ProductionVariants"]]

    def models(self) -> Counter[str]:
        """How many endpoints serve which model, each in service with one variant."""
        seen = [self.model_of(endpoint) for endpoint in self.endpoints]
        assert {status for status, _, _ in seen} == {"InService"}
        assert all(len(models) == 1 for _, models, _ in seen)
        return Counter(models[0] for _, models, _ in seen)
