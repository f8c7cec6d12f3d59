"""The flow of every other strategy under a real Prefect server: promoted, taken back, and refused for the wrong policy."""

import os

import pytest
import yaml

from flows.blue_green import blue_green
from flows.control_twin import control_twin
from flows.guardrail import guardrail
from flows.linear import linear
from flows.shadow import shadow
from policies.lifecycle import Outcome
from tests.flows.playing import POLICY, ask_for, play

FLOWS = {
    "linear": linear,
    "blue_green": blue_green,
    "control_twin": control_twin,
    "shadow": shadow,
    "guardrail": guardrail,
}
LIMIT = {"failing": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 2, "of": 3}}
STAGES = {
    "linear": {"step": {"share": 90, "bake": "2s"}},
    "blue_green": {"stages": [{"share": 90, "bake": "2s"}], "probes": {"body": "1", "count": 10}},
    "shadow": {"stages": [{"shadow": True, "share": 100, "bake": "2s"}, {"share": 90, "bake": "2s"}]},
    "control_twin": {"stages": [{"share": 45, "bake": "2s"}]},
    "guardrail": {"step": {"share": 50, "bake": "3s"}, "deployment_guardrails": {"brake": "1s"}},
}


@pytest.fixture
def policy_of(tmp_path):
    """A policy file for a rollout of one strategy in seconds."""

    def write(strategy: str, **changes: object):
        fields = yaml.safe_load(POLICY) | {"strategy": strategy, "gates": LIMIT}
        del fields["stages"]
        path = tmp_path / f"{strategy}.yaml"
        path.write_text(yaml.safe_dump(fields | STAGES[strategy] | changes), "utf-8")
        return path

    return write


FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
RUNS = [
    ("blue_green", "fraud-v7", Outcome.PROMOTED),
    ("shadow", "fraud-v7", Outcome.PROMOTED),
    ("control_twin", "broken-v7", Outcome.ROLLED_BACK),
    ("guardrail", "fraud-v7", Outcome.PROMOTED),
]
MORE = [
    ("blue_green", "broken-v7", Outcome.ROLLED_BACK),
    ("control_twin", "fraud-v7", Outcome.PROMOTED),
    ("guardrail", "broken-v7", Outcome.ROLLED_BACK),
]
"""In ``make chaos``; the rollouts themselves are in the loop's tests."""


@pytest.mark.parametrize(("strategy", "model", "outcome"), [*RUNS, *(MORE if FULL else [])])
def test_the_run_ends_as_its_candidate_deserves(account, policy_of, strategy, model, outcome):
    """The run's state and result say how the rollout ended, and the endpoint is as they say."""
    account.restore()
    probes = {"probes": None} if model == "broken-v7" else {}

    run = play(ask_for(model, policy_of(strategy, **probes)), flow=FLOWS[strategy])

    assert run.state.name == str(outcome).replace("_", " ").capitalize()
    assert run.result.outcome is outcome
    assert account.is_on_baseline() is (outcome is Outcome.ROLLED_BACK)
    (live,) = account.live()["ProductionVariants"]
    assert live["VariantName"] == "AllTraffic"


def test_a_policy_of_another_strategy_is_refused(account, policy):
    """Whoever picks the wrong flow is told which one fits, before anything is touched."""
    before = account.changes()

    refused = play(ask_for("fraud-v7", policy), flow=linear)

    assert refused.state.name == "Not started"
    assert "is of strategy canary" in str(refused.state.message)
    assert account.changes() == before
