"""A rehearsal: a whole rollout against the simulated AWS in one process, on a virtual clock, under steady simulated traffic."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from policies.decision import Decision
from policies.lifecycle import Ending
from policies.loading import parse_policy
from policies.observation import Signal
from policies.plan import Plan
from rollway.aws.objects import ObjectStore
from rollway.aws.session import connect
from rollway.aws.waiting import Timing
from rollway.loop.drive import drive, release
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, plan_rollout, start
from rollway.loop.watching import watched_by
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.runtime.invocation import Runtime

ENDPOINT = "fraud-prod"
BUCKET = "journal"
SECOND = timedelta(seconds=1)
ROLE = "arn:aws:iam::123456789012:role/serving"
POLICY: dict[str, Any] = {
    "strategy": "canary",
    "stages": [{"share": 10, "bake": "10m"}, {"share": 50, "bake": "10m"}, {"share": 95, "bake": "10m"}],
    "gates": {
        "errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.5, "or_absolute": "1%"}},
        "latency": {"metric": "latency", "no_worse_than": "20%"},
    },
    "extend_at_most": "40m",
    "metrics": {"look_every": "1m"},
    "deadline": "4h",
}


def model(seed: int, failing: float = 0.0, scale: float = 1.0) -> Callable[[bytes], tuple[int, bytes, float]]:
    """A simulated model: log-normal latency around 50 ms times ``scale``, failing on a part of the requests."""
    rng = random.Random(seed)

    def answer(_: bytes) -> tuple[int, bytes, float]:
        return (500 if rng.random() < failing else 200, b"{}", rng.lognormvariate(-3.0, 0.4) * scale)

    return answer


@dataclass
class Rehearsal:
    """Everything a test needs to play a rollout."""

    cloud: Cloud
    clock: VirtualClock
    runtime: Runtime
    store: ObjectStore
    models: dict[str, Callable[[bytes], tuple[int, bytes, float]]]
    rate_per_s: float = 10.0
    decisions: list[Decision] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)
    timing: Timing = field(init=False)
    watch: Callable[["Rehearsal", Decision], None] | None = None
    rollout: Rollout | None = None

    def __post_init__(self) -> None:
        self.timing = Timing(
            clock=lambda: self.clock.now().timestamp(),
            sleep=lambda seconds: self.pass_time(timedelta(seconds=seconds)),
            uniform=lambda low, high: (low + high) / 2,
        )

    def now(self) -> datetime:
        return self.clock.now()

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """The loop's sleep: time passes virtually, with traffic."""
        if not wake.is_set():
            self.pass_time(length)
        await asyncio.sleep(0)

    def pass_time(self, length: timedelta) -> None:
        """Let time pass under steady traffic, a second at a time."""
        left = max(length, SECOND)
        while left > timedelta(0):
            step = min(left, SECOND)
            self.clock.advance(step)
            self.cloud.tick()
            for (variant, _), count in self.runtime.simulate(ENDPOINT, [b"x"] * round(self.rate_per_s)).items():
                self.served[variant] = self.served.get(variant, 0) + count
            left -= step

    def begin(self, policy: dict[str, Any] | None = None, candidate: str = "fraud-v7") -> Rollout:
        """Plan and start a rollout."""
        aws = connect("us-east-1")
        request = Request(ENDPOINT, candidate, parse_policy(POLICY | (policy or {})))
        self.rollout = start(plan_rollout(aws, request, self.now()), self.store, PlainHands(aws, self.timing))
        return self.rollout

    def see(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Keep what the loop decides, and let the test act on it."""
        del plan, now
        self.decisions.append(decision)
        if self.watch:
            self.watch(self, decision)

    def play(self, policy: dict[str, Any] | None = None, candidate: str = "fraud-v7") -> Ending:
        """Play a rollout to its end."""
        rollout = self.begin(policy, candidate)
        with watched_by(self.see):
            ending = asyncio.run(drive(rollout, self))
        release(rollout, ending)
        return ending

    def signal(self, verb: str, reason: str = "as the test says") -> None:
        """Ask the rollout for something, as another process would: through the journal."""
        assert self.rollout is not None
        self.rollout.journal.send_signal(
            Signal.model_validate({"verb": verb, "reason": reason, "by": "tester"}), self.now()
        )

    def endpoint(self) -> dict[str, Any]:
        """The endpoint, read back through boto3."""
        return dict(connect("us-east-1").sagemaker.describe_endpoint(EndpointName=ENDPOINT))

    def settle(self) -> None:
        """Let changes in flight end."""
        self.pass_time(timedelta(seconds=15))

    def config_arn(self, name: str) -> str:
        """The ARN of an endpoint configuration."""
        return self.config(name)["EndpointConfigArn"]

    def config(self, name: str) -> dict[str, Any]:
        """An endpoint configuration, read back through boto3."""
        return dict(connect("us-east-1").sagemaker.describe_endpoint_config(EndpointConfigName=name))


CONFIG: dict[str, Any] = {
    "EndpointConfigName": "fraud-v6-config",
    "ProductionVariants": [
        {
            "VariantName": "AllTraffic",
            "ModelName": "fraud-v6",
            "InitialInstanceCount": 2,
            "InstanceType": "ml.m6i.xlarge",
            "InitialVariantWeight": 1.0,
            "VolumeSizeInGB": 30,
            "ContainerStartupHealthCheckTimeoutInSeconds": 120,
        }
    ],
    "DataCaptureConfig": {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://captures/fraud",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    },
    "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "VpcConfig": {"SecurityGroupIds": ["sg-0123456789abcdef0"], "Subnets": ["subnet-0123456789abcdef0"]},
    "EnableNetworkIsolation": True,
    "ExecutionRoleArn": ROLE,
    "Tags": [{"Key": "team", "Value": "risk"}],
}
