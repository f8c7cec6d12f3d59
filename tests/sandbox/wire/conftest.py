"""Real boto3 clients, without retries, that reach one simulated account in process or over HTTP."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.server import ControlPlane

Client = Any  # boto3 makes its clients while it runs
MakeClient = Callable[..., Client]
AGENT = "rollway/1.0 rollway-process/host-7.41"


@cache  # botocore reads its models once per session, and that is slow
def one_session() -> Any:
    return boto3.session.Session("any", "any", region_name="us-east-1")


@cache
def make_client(service: str, agent: str | None = AGENT, url: str | None = None) -> Client:
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, user_agent_extra=agent)
    return one_session().client(service, endpoint_url=url, config=config)


@contextmanager
def over_http(cloud: Cloud) -> Generator[ControlPlane]:
    """Serve an account that keeps its S3 in memory."""
    plane = ControlPlane(cloud)
    plane.start()
    try:
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def plane(cloud: Cloud) -> Generator[ControlPlane]:
    """A control plane that runs."""
    with over_http(cloud) as plane:
        yield plane


@pytest.fixture(params=["in process", "over HTTP"])
def aws(request: pytest.FixtureRequest, cloud: Cloud) -> Generator[MakeClient]:
    """A maker of clients by service; each test runs on both ways to the account."""
    if request.param == "in process":
        with in_process(cloud):
            yield make_client
    else:
        with over_http(cloud) as plane:
            yield partial(make_client, url=plane.url)


@pytest.fixture
def s3(aws: MakeClient) -> Client:
    """A client of S3 with the empty buckets ``journal`` and ``data``."""
    client = aws("s3")
    client.create_bucket(Bucket="journal")
    client.create_bucket(Bucket="data")
    return client


@pytest.fixture
def pass_time(clock: VirtualClock) -> Callable[[float], None]:
    """Move the account's clock forward by seconds."""
    return lambda seconds: clock.advance(timedelta(seconds=seconds))
