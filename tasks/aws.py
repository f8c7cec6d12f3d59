"""Tasks that read AWS or act on it. Reading is retried here; acting is not, because the loop gives a busy command again."""

import asyncio
from datetime import datetime
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from policies.commands import Command, CommandResult
from policies.facts import Endpoint, Surroundings
from policies.observation import Metrics, MetricsRequest
from policies.plan import Plan
from rollway.aws import autoscaling
from rollway.aws.cloudwatch import MetricsReaders
from rollway.aws.execution import carry_out
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws
from rollway.loop import forewarning, quota_check
from rollway.loop.forewarning import Forewarning
from rollway.loop.starting import Request, plan_rollout

READ_TIMEOUT_S: Final = 120
ACT_TIMEOUT_S: Final = 300
QUOTAS_TIMEOUT_S: Final = 300


@task(
    name="plan",
    task_run_name="plan {request.endpoint} to {request.model}",
    cache_policy=NO_CACHE,
    timeout_seconds=READ_TIMEOUT_S,
)
async def plan(aws: Aws, request: Request, now: datetime) -> Plan:
    """Read the facts and plan; a reason not to start is final, so nothing is retried."""
    return await asyncio.to_thread(plan_rollout, aws, request, now)


@task(
    name="check quotas",
    task_run_name="check quotas for {plan.endpoint}",
    cache_policy=NO_CACHE,
    timeout_seconds=QUOTAS_TIMEOUT_S,
)
async def check_quotas(aws: Aws, plan: Plan) -> str:
    """Refuse what the account's quotas surely do not admit; a refusal is final, so nothing is retried."""
    return await asyncio.to_thread(quota_check.check_quotas, aws, plan)


@task(name="forewarn", task_run_name="forecast {plan.endpoint}", cache_policy=NO_CACHE, timeout_seconds=READ_TIMEOUT_S)
async def forewarn(aws: Aws, plan: Plan, now: datetime) -> Forewarning:
    """Say which gates may not decide in time at the present traffic."""
    return await asyncio.to_thread(forewarning.forewarn, aws, plan, now)


@task(
    name="read endpoint",
    task_run_name="read endpoint {name}",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=2,
    timeout_seconds=READ_TIMEOUT_S,
)
async def read_endpoint(aws: Aws, name: str) -> Endpoint:
    """Describe the endpoint."""
    return await asyncio.to_thread(describe_endpoint, aws, name)


@task(
    name="read metrics",
    task_run_name="read metrics of {request.endpoint}",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=2,
    timeout_seconds=READ_TIMEOUT_S,
)
async def read_metrics(reader: MetricsReaders, request: MetricsRequest, now: datetime) -> Metrics:
    """Read the settled metrics."""
    return await asyncio.to_thread(reader.read, request, now)


@task(
    name="read surroundings",
    task_run_name="read tags and scaling of {endpoint.name}",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=2,
    timeout_seconds=READ_TIMEOUT_S,
)
async def read_surroundings(aws: Aws, endpoint: Endpoint) -> Surroundings:
    """Read the endpoint's tags and scaling."""
    return await asyncio.to_thread(autoscaling.read_surroundings, aws, endpoint)


@task(name="carry out", task_run_name="{label}", cache_policy=NO_CACHE, timeout_seconds=ACT_TIMEOUT_S)
async def act(aws: Aws, command: Command, label: str) -> CommandResult:
    """Carry out one command. ``label`` is the command in a few words, the run's name in the UI."""
    del label
    return await asyncio.to_thread(carry_out, aws, command)
