"""What the loop does to the world and with what: plain calls here, Prefect tasks around the same calls in ``tasks``."""

import asyncio
from datetime import datetime
from typing import Protocol

from policies.commands import ArmGuard, ArmSwitch, Command, CommandResult
from policies.decision import Decision
from policies.endpoint_config import EndpointConfig
from policies.facts import Endpoint, Surroundings
from policies.observation import Metrics, MetricsRequest
from policies.plan import Plan
from rollway.aws.autoscaling import read_surroundings
from rollway.aws.cloudwatch import MetricsReaders
from rollway.aws.execution import carry_out, put_off
from rollway.aws.sagemaker import describe_endpoint, read_config_fields
from rollway.aws.session import Aws
from rollway.aws.waiting import REAL_TIME, Timing
from rollway.loop.watching import tell_watcher


class Hands(Protocol):
    """Reads the world, acts on it, and shows what happens."""

    async def read_endpoint(self, name: str) -> Endpoint:
        """Describe the endpoint. Raises ``AwsError``."""
        ...

    async def read_config(self, name: str) -> EndpointConfig:
        """Describe an endpoint configuration, without its tags. Raises ``AwsError``."""
        ...

    async def read_metrics(self, request: MetricsRequest, now: datetime) -> Metrics:
        """Read settled metrics. Raises ``AwsError``."""
        ...

    async def read_surroundings(self, endpoint: Endpoint) -> Surroundings:
        """Read the endpoint's tags and scaling. Raises ``AwsError``."""
        ...

    async def carry_out(self, command: Command) -> CommandResult:
        """Ask AWS for the end that a command wants."""
        ...

    async def put_off(self, command: ArmSwitch | ArmGuard) -> CommandResult:
        """Put off the dead-man's switch, if it is still there."""
        ...

    async def show(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Tell the people who watch. Must not raise."""
        ...


class PlainHands:
    """The world by plain calls, in a thread so that the loop stays awake."""

    def __init__(self, aws: Aws, timing: Timing = REAL_TIME) -> None:
        self._aws = aws
        self._timing = timing
        self._metrics = MetricsReaders(aws)

    async def read_endpoint(self, name: str) -> Endpoint:
        """Describe the endpoint."""
        return await asyncio.to_thread(describe_endpoint, self._aws, name)

    async def read_config(self, name: str) -> EndpointConfig:
        """Describe an endpoint configuration, without its tags."""
        return await asyncio.to_thread(read_config, self._aws, name)

    async def read_metrics(self, request: MetricsRequest, now: datetime) -> Metrics:
        """Read settled metrics."""
        return await asyncio.to_thread(self._metrics.read, request, now)

    async def read_surroundings(self, endpoint: Endpoint) -> Surroundings:
        """Read the endpoint's tags and scaling."""
        return await asyncio.to_thread(read_surroundings, self._aws, endpoint)

    async def put_off(self, command: ArmSwitch | ArmGuard) -> CommandResult:
        """Put off the dead-man's switch, if it is still there."""
        return await asyncio.to_thread(put_off, self._aws, command)

    async def carry_out(self, command: Command) -> CommandResult:
        """Ask AWS for the end that a command wants."""
        return await asyncio.to_thread(carry_out, self._aws, command, self._timing)

    async def show(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Tell the watcher of this process, if there is one."""
        tell_watcher(plan, decision, now)


def read_config(aws: Aws, name: str) -> EndpointConfig:
    """Describe an endpoint configuration, without its tags.

    Raises:
        AwsError: AWS could not be read, or there is no such configuration.
    """
    return EndpointConfig(name=name, fields=read_config_fields(aws, name).fields)
