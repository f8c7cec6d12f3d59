"""A rehearsal: a whole rollout against the simulated AWS in one process, on a virtual clock, under steady simulated traffic."""

import asyncio
import random
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from policies.decision import Decision
from policies.lifecycle import Ending, Phase
from policies.loading import parse_policy
from policies.observation import Signal
from policies.plan import Plan
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws, connect
from rollway.aws.waiting import Timing
from rollway.loop.drive import drive
from rollway.loop.hands import PlainHands
from rollway.loop.reconciling import Reconciled, reconcile
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, plan_rollout, start
from rollway.loop.watching import watched_by
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.serving.callable_fleets import CallableFleets
from rollway.sandbox.settings import SandboxSettings

ENDPOINT = "fraud-prod"
BUCKET = "journal"
SECOND = timedelta(seconds=1)
ROLE = "arn:aws:iam::123456789012:role/serving"
SCALABLE: dict[str, Any] = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
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
QUICK: dict[str, Any] = {
    "stages": [{"share": 20, "bake": "3m"}, {"share": 95, "bake": "3m"}],
    "gates": {
        "failing": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 2, "of": 3},
        "sample": {"requests_at_least": 20},
        "split": {"share_within": "60%"},
    },
}
"""A ladder that needs little traffic and no comparison, for tests of everything but the judge."""


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
    aws: Aws
    rate_per_s: float = 10.0
    decisions: list[Decision] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)
    timing: Timing = field(init=False)
    watch: Callable[["Rehearsal", Decision], None] | None = None
    publish: Callable[["Rehearsal"], None] | None = None
    rollout: Rollout | None = None
    skew: timedelta = timedelta(0)
    body: Callable[[], bytes] = lambda: b"x"

    def __post_init__(self) -> None:
        self.store = replace(self.store, now=self.now)
        self.timing = Timing(
            clock=lambda: self.clock.now().timestamp(),
            sleep=lambda seconds: self.pass_time(timedelta(seconds=seconds)),
            uniform=lambda low, high: (low + high) / 2,
        )

    def now(self) -> datetime:
        """This machine's time: the simulated AWS's, unless its clock is wrong by ``skew``."""
        return self.clock.now() + self.skew

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
            bodies = [self.body() for _ in range(round(self.rate_per_s))]
            with suppress(Refusal):  # the endpoint may be gone
                for (variant, _), count in self.runtime.simulate(ENDPOINT, bodies).items():
                    self.served[variant] = self.served.get(variant, 0) + count
            if self.publish:
                self.publish(self)
            left -= step

    def begin(
        self, policy: dict[str, Any] | None = None, candidate: str = "fraud-v7", rivals: tuple[str, ...] = ()
    ) -> Rollout:
        """Plan and start a rollout."""
        if policy and policy.get("gates") == QUICK["gates"]:
            self.rate_per_s = 3.0
        aws = self.aws
        fields = POLICY | (policy or {})
        if "step" in fields:
            del fields["stages"]
        request = Request(ENDPOINT, candidate, parse_policy(fields), rivals=rivals)
        self.rollout = start(plan_rollout(aws, request, self.now()), self.store, PlainHands(aws, self.timing))
        return self.rollout

    def see(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Keep what the loop decides, and let the test act on it."""
        del plan, now
        self.decisions.append(decision)
        if self.watch:
            self.watch(self, decision)

    def hands(self) -> PlainHands:
        """The hands of another process."""
        return PlainHands(self.aws, self.timing)

    def drive(self, rollout: Rollout) -> Ending:
        """Drive a rollout to its end."""
        with watched_by(self.see):
            return asyncio.run(drive(rollout, self))

    def look_until(self, phase: Phase, stage: int = 0) -> Rollout:
        """Drive the rollout of this rehearsal up to a phase, then leave it as a killed process would."""
        assert self.rollout is not None
        while (self.rollout.state.phase, self.rollout.state.stage) != (phase, stage):
            self.advance()
        return self.rollout

    def advance(self) -> None:
        """Let the rollout of this rehearsal have one look, and time pass until the next."""
        assert self.rollout is not None
        decision = asyncio.run(self.rollout.tick(self.now()))
        self.pass_time(decision.next_look)

    def die(self) -> timedelta:
        """Leave the rollout to nobody until its lease has run out; return for how long."""
        assert self.rollout is not None
        silence = self.rollout.plan.policy.lease + timedelta(seconds=5)
        self.pass_time(silence)
        return silence

    def reconcile(self, budget: timedelta | None = None, stopped_after: timedelta | None = None) -> list[Reconciled]:
        """Take up what nobody drives, as another process would; one that is stopped gets SIGTERM after that time."""
        stopped_at = None if stopped_after is None else self.now() + stopped_after

        def watch(plan: Plan, decision: Decision, now: datetime) -> None:
            self.see(plan, decision, now)
            if stopped_at is not None and now >= stopped_at:
                signal.raise_signal(signal.SIGTERM)

        with watched_by(watch):
            return asyncio.run(reconcile(self.store, self.hands, self, budget)).found

    def share(self) -> float:
        """Percent of traffic on the candidate's variant, read back through boto3."""
        weights = {each["VariantName"]: each["CurrentWeight"] for each in self.endpoint()["ProductionVariants"]}
        return 100 * weights.get("candidate", 0.0) / sum(weights.values())

    def instances(self, variant: str = "AllTraffic") -> int:
        """How many instances serve a variant now, read back through boto3; 0 without it."""
        variants = self.endpoint()["ProductionVariants"]
        return next((each["CurrentInstanceCount"] for each in variants if each["VariantName"] == variant), 0)

    def register_scaling(self, minimum: int = 2, maximum: int = 6) -> None:
        """Have autoscaling look after the baseline."""
        self.aws.application_autoscaling.register_scalable_target(
            **SCALABLE, MinCapacity=minimum, MaxCapacity=maximum, RoleARN=ROLE
        )
        self.settle()

    def scaling(self) -> dict[str, Any]:
        """How autoscaling looks after the baseline, read back through boto3."""
        (target,) = self.aws.application_autoscaling.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[SCALABLE["ResourceId"]]
        )["ScalableTargets"]
        return {key: target.get(key) for key in ("MinCapacity", "MaxCapacity", "SuspendedState")}

    def schedules(self) -> list[str]:
        """Names of the schedules that stand."""
        pages = self.aws.scheduler.get_paginator("list_schedules").paginate()
        return [schedule.get("Name", "") for page in pages for schedule in page["Schedules"]]

    def play(self, policy: dict[str, Any] | None = None, candidate: str = "fraud-v7") -> Ending:
        """Play a rollout to its end."""
        return self.drive(self.begin(policy, candidate))

    def signal(self, verb: str, reason: str = "as the test says") -> None:
        """Ask the rollout for something, as another process would: through the journal."""
        assert self.rollout is not None
        self.rollout.journal.send_signal(
            Signal.model_validate({"verb": verb, "reason": reason, "by": "tester"}), self.now()
        )

    def endpoint(self) -> dict[str, Any]:
        """The endpoint, read back through boto3."""
        return dict(self.aws.sagemaker.describe_endpoint(EndpointName=ENDPOINT))

    def settle(self) -> None:
        """Let changes in flight end."""
        self.pass_time(timedelta(seconds=15))

    def config_arn(self, name: str) -> str:
        """The ARN of an endpoint configuration."""
        return self.config(name)["EndpointConfigArn"]

    def config(self, name: str) -> dict[str, Any]:
        """An endpoint configuration, read back through boto3."""
        return dict(self.aws.sagemaker.describe_endpoint_config(EndpointConfigName=name))


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


@contextmanager
def stage_endpoint(seed: int) -> Generator[Rehearsal]:
    """A live endpoint with 2 instances in its configuration, a healthy candidate model, and an empty journal."""
    clock = VirtualClock(datetime(2026, 6, 1, 12, tzinfo=UTC))
    models = {"fraud-v6": model(seed, failing=0.002), "fraud-v7": model(seed + 1, failing=0.002)}
    fleets = CallableFleets(models)
    with in_process(Cloud(clock, SandboxSettings(seed=seed), fleets)) as cloud:
        for name in models:
            container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
            cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
        cloud.call("CreateEndpointConfig", CONFIG)
        cloud.call("CreateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": CONFIG["EndpointConfigName"]})
        clock.advance(timedelta(seconds=30))
        cloud.tick()
        aws = connect("us-east-1")
        aws.s3.create_bucket(Bucket=BUCKET)
        yield Rehearsal(
            cloud, clock, Runtime(cloud, fleets), ObjectStore(aws, BUCKET, "rollway", clock.now), models, aws
        )
