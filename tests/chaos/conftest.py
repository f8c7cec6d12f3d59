"""The simulated AWS of the chaos suite, in a process of its own, and the processes that direct the chaos.

A director is a process without threads, so that it may fork its victims, and learns without fail how each of them ended.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.actors import Site
from tests.chaos.simulated_aws import BUCKET, ROLE

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
AT_A_TIME = 12
KILLED = [f"fraud-{number:02d}" for number in range(50 if FULL else 3)]
"""The endpoints of the rollouts that are killed at every boundary."""
TROUBLED = [f"luckless-{number:02d}" for number in range(6)]
"""Those of the rollouts that are killed at random moments."""
ABANDONED = "abandoned"
"""That of the rollout that nobody takes up again."""
FENCED = "fenced"
"""That of the processes that are stopped in front of single requests."""
STOPPED = [f"stopped-{number}" for number in range(3)]
"""Those of the rollouts that one process drives until it is stopped."""
ENDPOINTS = [*KILLED, *TROUBLED, ABANDONED, FENCED, *STOPPED]
POLICY: dict[str, Any] = {
    "strategy": "canary",
    "stages": [{"share": 20, "bake": "1s"}, {"share": 90, "bake": "1s"}],
    "gates": {
        "failing": {"metric": "Invocation5XXErrors", "statistic": "Average", "at_most": 0.3, "breaches": 2, "of": 3},
        "sample": {"requests_at_least": 10},
        "split": {"share_within": "60%"},
    },
    "metrics": {"period": "1s", "settle": "1s", "reread": "10s", "look_every": "0.5s"},
    "timeouts": {"update": "1m", "rollback": "1m", "settle": "3s"},
    "extend_at_most": "1m",
    "deadline": "10m",
    "lease": "6s",
    "brake": {"failures": 1000},
}
"""Many of these rollouts are taken back at once, which is no incident here."""


@dataclass(frozen=True)
class Ground:
    """Where the chaos plays."""

    url: str
    folder: Path

    def site(self, endpoint: str, *models: str, **policy: Any) -> Site:
        """An endpoint and the rollout that it shall get."""
        model, *rivals = models or ("v2",)
        return Site(self.url, endpoint, model, POLICY | policy, tuple(rivals))


def fork(act: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a process that acts. Only for directors."""
    process = multiprocessing.get_context("fork").Process(target=act, args=arguments)
    process.start()
    return process


@pytest.fixture(scope="session")
def directors() -> Generator[ProcessPoolExecutor]:
    """Processes in which stories are played side by side."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.actors"])
    with ProcessPoolExecutor(AT_A_TIME, mp_context=context) as pool:
        yield pool


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Generator[Ground]:
    """A simulated AWS with many endpoints, each looked after by autoscaling, and an empty journal."""
    folder = tmp_path_factory.mktemp("chaos")
    command = [sys.executable, "-m", "tests.chaos.simulated_aws", str(folder), ",".join(ENDPOINTS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        place = Ground(url, folder)
        _furnish(place.site(ENDPOINTS[0]))
        yield place
        server.stdin.close()


def _furnish(site: Site) -> None:
    aws = site.connect()
    aws.s3.create_bucket(Bucket=BUCKET)
    for endpoint in ENDPOINTS:
        aws.application_autoscaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{endpoint}/variant/AllTraffic",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=2,
            MaxCapacity=6,
            RoleARN=ROLE,
        )
