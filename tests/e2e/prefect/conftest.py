"""The site that all tests here share, and one rollout each, all under way at the same time."""

from collections.abc import Generator, Mapping

import pytest

from tests.e2e.prefect.site import Site, open_site

POLICY = """
strategy: canary
stages: [{{share: {share}, bake: {bake}}}]
gates:
  errors: {{metric: model_errors, no_worse_than: {{ratio: 1.5, or_absolute: 5%}}}}
  sample: {{requests_at_least: 50}}
  split: {{share_within: 50%}}
metrics: {{period: 1s, settle: 2s, reread: 5s, look_every: 1s}}
timeouts: {{update: 1m, rollback: 1m, settle: 10s}}
deadline: 10m
"""
STOPPED = ("terminated", "cancelled", "suspended")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Everything up and running, the flow deployed, a worker waiting."""
    with open_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def runs(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """A flow run by endpoint: on ``digits``, which has users, it may finish; on the others it bakes until it is stopped."""
    folder = tmp_path_factory.mktemp("policies")
    for name, share, bake in (("finish", 50, "5s"), ("linger", 10, "5m")):
        (folder / f"{name}.yaml").write_text(POLICY.format(share=share, bake=bake), "utf-8")
    for endpoint in STOPPED:
        site.create_endpoint(endpoint)
    for endpoint in STOPPED:
        site.await_serving(endpoint, "AllTraffic")
    policies = {"digits": "finish"} | dict.fromkeys(STOPPED, "linger")
    return {endpoint: start(site, endpoint, str(folder / f"{name}.yaml")) for endpoint, name in policies.items()}


def start(site: Site, endpoint: str, policy: str) -> str:
    """Start a rollout through the API and return the run's id."""
    answer = site.submit(endpoint=endpoint, model="digits-better", policy=policy, journal="", region="")
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]
