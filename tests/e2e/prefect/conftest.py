"""The site that all tests here share, and one rollout each, all under way at the same time."""

import os
import signal
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.e2e.prefect.site import Site, open_site

POLICY = """
strategy: canary
stages: {stages}
gates:
  errors: {{metric: model_errors, no_worse_than: {{ratio: 1.5, or_absolute: 5%}}}}
  sample: {{requests_at_least: 50}}
  split: {{share_within: 50%}}
metrics: {{period: 1s, settle: 2s, reread: 5s, look_every: 1s}}
timeouts: {{update: 1m, rollback: 1m, settle: 10s}}
deadline: {deadline}
lease: {lease}
on_crash: {on_crash}
"""
LINGER = {"stages": "[{share: 10, bake: 5m}]", "deadline": "10m", "lease": "5m", "on_crash": "resume"}
POLICIES = {
    "linger": LINGER,
    "finish": LINGER | {"stages": "[{share: 50, bake: 5s}]"},
    "ask": LINGER | {"stages": "[{share: 40, bake: 5s, approval: true}, {share: 60, bake: 5s, approval: true}]"},
    # Neither its own driver nor a lack of requests ends such a rollout before its driver is lost: whoever takes it up does.
    "orphan": LINGER | {"lease": "15s", "on_crash": "roll_back"},
}
STOPPED = ("terminated", "cancelled", "suspended")
LOST = ("worker-terminated", "worker-killed")
"""Endpoints, and the work pools of the same name, whose workers are lost in the middle of a bake."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Everything up and running, the flow deployed, a worker waiting."""
    with open_site(tmp_path_factory.mktemp("site"), pools_to_lose=LOST) as site:
        yield site


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The path of each policy."""
    folder = tmp_path_factory.mktemp("policies")
    for name, values in POLICIES.items():
        (folder / f"{name}.yaml").write_text(POLICY.format(**values), "utf-8")
    return {name: str(folder / f"{name}.yaml") for name in POLICIES}


@pytest.fixture(scope="module")
def runs(site: Site, policies: Mapping[str, str]) -> Mapping[str, str]:
    """A flow run by endpoint: on ``digits``, which has users, it may finish; on the others it bakes until something happens to it."""
    for endpoint in (*STOPPED, *LOST):
        site.create_endpoint(endpoint)
    for endpoint in (*STOPPED, *LOST):
        site.await_serving(endpoint, "AllTraffic")
    started: dict[str, str] = {}
    for endpoint in LOST:  # one after the other: of six that begin at once, Prefect on SQLite may lose one
        started[endpoint] = start(site, endpoint, policies["orphan"], f"canary/{endpoint}")
        site.await_serving(endpoint, "candidate")
    started |= {endpoint: start(site, endpoint, policies["linger"]) for endpoint in STOPPED}
    return started | {"digits": start(site, "digits", policies["finish"])}


@dataclass(frozen=True)
class Lost:
    """What became of the workers that were there to be lost.

    Attributes:
        processes: of the flows that they ran, by endpoint.
        at: when they were lost.
    """

    processes: Mapping[str, int]
    at: datetime


@pytest.fixture(scope="module")
def lost(site: Site, runs: Mapping[str, str]) -> Lost:
    """Both workers are lost in the middle of a bake: one is told to end, the other is killed together with its flow."""
    for endpoint in LOST:
        site.await_serving(endpoint, "candidate")
    found = {endpoint: site.process_of(runs[endpoint]) for endpoint in LOST}
    site.workers["worker-terminated"].terminate()
    site.workers["worker-killed"].kill()
    os.kill(found["worker-killed"], signal.SIGKILL)
    return Lost(found, datetime.now(UTC))


@pytest.fixture(scope="module")
def asking(site: Site, runs: Mapping[str, str], policies: Mapping[str, str]) -> str:
    """The run of a rollout on ``digits``, after the first one, that waits for a person; asked for early, it is under way meanwhile."""
    site.ended(runs["digits"], 240)  # it begins while every other run begins
    return start(site, "digits", policies["ask"], model="digits-baseline")


def start(
    site: Site, endpoint: str, policy: str, deployment: str = "canary/canary", model: str = "digits-better"
) -> str:
    """Start a rollout through the API and return the run's id."""
    answer = site.submit(deployment, endpoint=endpoint, model=model, policy=policy, journal="", region="")
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]
