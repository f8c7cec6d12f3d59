"""How long a candidate that failed keeps its traffic by our own doing: from the metrics being in to the request that takes it away.

Everything between is Rollway's: judging, the record of the decision, the look that follows at once, the lease read again, the intent.
AWS is SIMULATED, in this process, and answers within milliseconds; a real one adds its own few dozen milliseconds to each of some ten
requests, and the seconds that it takes to shift weights.
"""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from policies.commands import Command, CommandResult, SetShares
from policies.lifecycle import Phase
from policies.loading import parse_policy
from policies.observation import Metrics, MetricsRequest
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws, connect
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, plan_rollout, start
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.serving.callable_fleets import CallableFleets

_MINUTE = timedelta(minutes=1)
_ROLLOUTS = 100
_REQUESTS_A_MINUTE = 500
_REQUESTS_PER_S = 100
_STEP = timedelta(milliseconds=20)
_MS = timedelta(milliseconds=1)
_WEIGHTS_TAKE_AT_MOST = timedelta(seconds=2)
_ROLE = "arn:aws:iam::123456789012:role/bench"
_POLICY: dict[str, Any] = {
    "strategy": "canary",
    "stages": [{"share": 50, "bake": "30m"}],
    "gates": {"errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.2, "or_absolute": "1%"}}},
}


class StoppedHands(PlainHands):
    """Plain hands with a stop-watch: it starts when metrics are in, and stops when traffic is taken away."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(aws)
        self.seen_at = 0.0
        self.taken_ms = 0.0

    async def read_metrics(self, request: MetricsRequest, now: datetime) -> Metrics:
        """Read, and start the watch."""
        metrics = await super().read_metrics(request, now)
        self.seen_at = time.perf_counter()
        return metrics

    async def carry_out(self, command: Command) -> CommandResult:
        """Stop the watch, and carry out."""
        if isinstance(command, SetShares):
            self.taken_ms = (time.perf_counter() - self.seen_at) * 1_000
        return await super().carry_out(command)


def bench_returning() -> dict[str, float]:
    """Return the median and the 99th percentile over a hundred rollouts, in milliseconds, and what a bad candidate served meanwhile.

    That is counted from the verdict until the simulated AWS, which takes a second to shift weights, has taken its traffic away: at a
    hundred requests a second, of which it gets half.
    """
    os.environ |= {"AWS_ACCESS_KEY_ID": "simulated", "AWS_SECRET_ACCESS_KEY": "simulated"}
    clock = VirtualClock(datetime(2026, 6, 1, tzinfo=UTC))
    fleets = CallableFleets({"old": lambda _: (200, b"{}", 0.05), "new": lambda _: (500, b"{}", 0.05)})
    with in_process(Cloud(clock, fleets=fleets)) as cloud:
        aws = connect("us-east-1")
        aws.s3.create_bucket(Bucket="bench")
        _create_models(cloud)
        runtime = Runtime(cloud, fleets)
        spent, served = zip(
            *(asyncio.run(_roll_back(f"bench-{number}", cloud, aws, runtime)) for number in range(_ROLLOUTS)),
            strict=True,
        )
    return {
        "verdict_to_weights_p50_ms": float(np.median(spent)),
        "verdict_to_weights_p99_ms": float(np.quantile(spent, 0.99)),
        "bad_requests_after_verdict_p50": float(np.median(served)),
        "bad_requests_after_verdict_max": float(np.max(served)),
    }


def _create_models(cloud: Cloud) -> None:
    for name in ("old", "new"):
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/bench:1"}
        cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": _ROLE})
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "old",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0,
    }
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "first", "ProductionVariants": [variant]})


async def _roll_back(endpoint: str, cloud: Cloud, aws: Aws, runtime: Runtime) -> tuple[float, int]:
    """Bring a bad candidate up on an endpoint of its own; return how long it kept its traffic, in milliseconds, and what it served then."""
    clock = cloud.clock
    assert isinstance(clock, VirtualClock), "the bench plays on a virtual clock"  # noqa: S101 - what this bench is
    cloud.call("CreateEndpoint", {"EndpointName": endpoint, "EndpointConfigName": "first"})
    clock.advance(_MINUTE)
    hands = StoppedHands(aws)
    plan = plan_rollout(aws, Request(endpoint, "new", parse_policy(_POLICY)), clock.now())
    rollout = start(plan, ObjectStore(aws, "bench", endpoint, clock.now), hands)
    while rollout.state.phase is not Phase.BAKING:
        await _look(rollout, clock, _MINUTE / 4)
    while rollout.state.phase is Phase.BAKING:
        runtime.simulate(endpoint, [b"x"] * _REQUESTS_A_MINUTE)
        await _look(rollout, clock, _MINUTE)
    await rollout.tick(clock.now())
    return hands.taken_ms, _serve_until_gone(endpoint, runtime, clock, hands.taken_ms)


def _serve_until_gone(endpoint: str, runtime: Runtime, clock: VirtualClock, taken_ms: float) -> int:
    """Return how many requests the candidate answers: while Rollway makes up its mind, then until AWS has shifted the weights."""
    served = 0
    for _ in range(round(taken_ms / (_STEP / _MS))):
        served += _serve_step(endpoint, runtime)
    for _ in range(round(_WEIGHTS_TAKE_AT_MOST / _STEP)):
        served += _serve_step(endpoint, runtime)
        clock.advance(_STEP)
    return served


def _serve_step(endpoint: str, runtime: Runtime) -> int:
    requests = round(_REQUESTS_PER_S * _STEP.total_seconds())
    answered = runtime.simulate(endpoint, [b"x"] * requests)
    return sum(count for (variant, _), count in answered.items() if variant == "candidate")


async def _look(rollout: Rollout, clock: VirtualClock, wait: timedelta) -> None:
    await rollout.tick(clock.now())
    if rollout.state.phase is not Phase.ROLLING_BACK:
        clock.advance(wait)
