"""The fleet flow under a real Prefect server: it ends as its endpoints do, and says where each stands."""

import asyncio

import pytest
import yaml
from prefect.client.orchestration import get_client

from flows.fleet import fleet
from tasks.request import FleetRequest
from tests.flows.account import JOURNAL
from tests.flows.playing import POLICY


@pytest.fixture
def fleet_of(tmp_path):
    """Write a fleet of the account's endpoint, with changes, and return the form that asks for it."""

    def write(**changes: object) -> FleetRequest:
        (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
        waves = [{"name": "only", "targets": [{"endpoint": "fraud-prod"}]}]
        document = {"name": "one", "model": "fraud-v7", "policy": str(tmp_path / "policy.yaml"), "waves": waves}
        (tmp_path / "fleet.yaml").write_text(yaml.safe_dump(document | changes), "utf-8")
        return FleetRequest(file=str(tmp_path / "fleet.yaml"), journal=JOURNAL, region="us-east-1")

    return write


def test_a_fleet_is_rolled_out_and_reported(account, fleet_of):
    """The run ends Promoted, the endpoint serves the new model, and a table of all endpoints is published."""
    account.restore()

    state = asyncio.run(fleet(fleet_of(), return_state=True))

    assert state.name == "Promoted"
    assert not account.is_on_baseline()
    with get_client(sync_client=True) as client:
        found = client.read_artifacts()
    assert any("| only | fraud-prod | fraud-v7 | promoted |" in str(each.data) for each in found)


def test_a_fleet_with_mistakes_does_not_start(fleet_of):
    """What is wrong with the file is the run's message."""
    state = asyncio.run(fleet(fleet_of(model=""), return_state=True))

    assert state.name == "Not started"
    assert "names a model" in state.message
