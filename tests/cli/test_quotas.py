"""The account's quotas in what a person reads before a rollout: a refusal with numbers, or a sentence that nobody looked."""

import pytest

from rollway.sandbox.fault_menu import Throttle
from rollway.sandbox.quotas import Quotas
from rollway.sandbox.settings import SandboxSettings
from tests.cli.playing import JOURNAL
from tests.loop.rehearsal import CONFIG, ENDPOINT

PLAN = ("plan", ENDPOINT, "--model", "fraud-v7")
RUN = ("run", ENDPOINT, "--model", "fraud-v7", "--no-prefect", "--journal", JOURNAL)


@pytest.fixture
def scarce(rehearsal):
    """An account that may have no instance more than its endpoint has."""
    rehearsal.cloud.quotas = Quotas(SandboxSettings(quotas={"ml.m6i.xlarge": 2}))
    return rehearsal


@pytest.mark.parametrize("verb", [PLAN, RUN], ids=["plan", "run"])
def test_a_quota_that_is_too_small_keeps_a_rollout_from_starting(player, scarce, policy_file, verb):
    """Plan and run name the quota, its value, what is in use, what is needed and what to do; the endpoint is untouched."""
    said = player.play(*verb, "--policy", policy_file())

    assert said.code == 2
    assert "ml.m6i.xlarge for endpoint usage" in said.err
    assert "is 2 in this account and Region, of which 2 are in use" in said.err
    assert "Service Quotas" in said.err
    assert scarce.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]


def test_quotas_that_cannot_be_read_are_no_obstacle(player, rehearsal, policy_file):
    """The plan says that they were not checked and why."""
    rehearsal.cloud.plant(Throttle(operation="ListServiceQuotas", times=99))

    said = player.play(*PLAN, "--policy", policy_file())

    assert said.code == 0
    assert "The account's quotas were not checked: AWS turned down ListServiceQuotas" in " ".join(said.out.split())


@pytest.mark.usefixtures("scarce")
def test_the_check_can_be_left_out(player, policy_file, monkeypatch):
    """Where the assumptions about fleets and quotas do not hold, one variable lets the rollout be planned, and the plan says so."""
    monkeypatch.setenv("ROLLWAY_QUOTAS", "ignore")

    said = player.play(*PLAN, "--policy", policy_file())

    assert said.code == 0
    assert "not checked: ROLLWAY_QUOTAS=ignore is set." in said.out
