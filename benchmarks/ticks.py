"""What one look of the loop costs on top of AWS: observe, decide, record, against the simulated AWS in this process."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

from policies.loading import load_policy
from rollway.aws.objects import ObjectStore
from rollway.aws.sagemaker import describe_endpoint
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
_MINUTES = 30
_REQUESTS_A_MINUTE = 500
_ROLE = "arn:aws:iam::123456789012:role/bench"


def bench_ticks() -> dict[str, float]:
    """Return milliseconds per look at a stage half an hour old, and per DescribeEndpoint call, which every look contains."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "simulated", "AWS_SECRET_ACCESS_KEY": "simulated"}
    clock = VirtualClock(datetime(2026, 6, 1, tzinfo=UTC))
    fleets = CallableFleets({name: lambda _: (200, b"{}", 0.05) for name in ("old", "new")})
    with in_process(Cloud(clock, fleets=fleets)) as cloud:
        aws = connect("us-east-1")
        rollout = _begin(cloud, clock, aws)
        asyncio.run(_bake(rollout, clock, Runtime(cloud, fleets)))
        return {
            "ms_per_look": _time(lambda: asyncio.run(rollout.tick(clock.now()))),
            "ms_per_describe": _time(lambda: describe_endpoint(aws, "bench")),
        }


def _begin(cloud: Cloud, clock: VirtualClock, aws: Aws) -> Rollout:
    for name in ("old", "new"):
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/bench:1"}
        cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": _ROLE})
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "old",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0,
    }
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "first", "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": "bench", "EndpointConfigName": "first"})
    clock.advance(_MINUTE)
    aws.s3.create_bucket(Bucket="bench")
    plan = plan_rollout(aws, Request("bench", "new", load_policy("canary")), clock.now())
    return start(plan, ObjectStore(aws, "bench", now=clock.now), PlainHands(aws))


async def _bake(rollout: Rollout, clock: VirtualClock, runtime: Runtime) -> None:
    """Bring the candidate up to its first share and let half an hour of traffic pass without a look."""
    for _ in range(6):
        await rollout.tick(clock.now())
        clock.advance(_MINUTE / 4)
    for _ in range(_MINUTES):
        clock.advance(_MINUTE)
        runtime.simulate("bench", [b"x"] * _REQUESTS_A_MINUTE)


def _time(action: Callable[[], object], runs: int = 15) -> float:
    spent: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        spent.append((time.perf_counter() - began) * 1_000)
    return median(spent)


if __name__ == "__main__":
    print(json.dumps(bench_ticks()))  # noqa: T201 - the result of a command
