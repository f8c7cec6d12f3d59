"""Every strategy on the simulated AWS: promoted, taken back, and what the endpoint is like in between and afterwards."""

from typing import Any

import pytest

from policies.commands import Probe, SetShares
from policies.decision import Decision
from policies.lifecycle import Outcome, Phase
from policies.needs import wanted_metrics
from rollway.journal.records import Intended
from tests.loop.rehearsal import CONFIG, POLICY, QUICK, Rehearsal, model

BROKEN = 0.5
ABSOLUTE = {name: QUICK["gates"][name] for name in ("sample", "split")}
SLO = {"failing": QUICK["gates"]["failing"]}
STRATEGIES: dict[str, dict[str, Any]] = {
    "linear": {"strategy": "linear", "step": {"share": 45, "bake": "3m"}, "gates": QUICK["gates"]},
    "blue_green": {
        "strategy": "blue_green",
        "keep_control": False,
        "stages": [{"share": 100, "bake": "3m", "gates": []}],
        "probes": {"body": "1,2,3", "count": 20},
        "gates": ABSOLUTE,
        "guardrails": SLO,
    },
    "shadow": {
        "strategy": "shadow",
        "stages": [{"shadow": True, "share": 100, "bake": "3m"}, {"share": 50, "bake": "3m"}],
        "gates": QUICK["gates"],
    },
    "control_twin": {"strategy": "control_twin", "stages": [{"share": 30, "bake": "3m"}], "gates": QUICK["gates"]},
}
COMPARED = {"metric": "model_errors", "no_worse_than": {"ratio": 1.5, "or_absolute": "20%"}}


def fields_of(strategy: str, **more: Any) -> dict[str, Any]:
    """The fields of a quick policy of a strategy."""
    return STRATEGIES[strategy] | more


def counts(rehearsal: Rehearsal) -> dict[str, int]:
    """Instances by variant, read back through boto3."""
    return {each["VariantName"]: each["CurrentInstanceCount"] for each in rehearsal.endpoint()["ProductionVariants"]}


def commands(rehearsal: Rehearsal) -> list[Any]:
    """Every command that was carried out, in order."""
    assert rehearsal.rollout is not None
    return [record.command for record in rehearsal.rollout.journal.read().records if isinstance(record, Intended)]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_good_candidate_is_promoted(rehearsal, strategy):
    """The endpoint ends on one variant of the baseline's name with the candidate's model and the baseline's instances."""
    ending = rehearsal.play(fields_of(strategy))

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    live = rehearsal.config(rehearsal.endpoint()["EndpointConfigName"])
    assert [each["ModelName"] for each in live["ProductionVariants"]] == ["fraud-v7"]
    assert counts(rehearsal) == {"AllTraffic": 2}
    assert rehearsal.schedules() == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_bad_candidate_is_taken_back(rehearsal, strategy):
    """The endpoint is back on the very configuration that it came from, and nothing is left over."""
    rehearsal.models["fraud-v7"] = model(3, failing=BROKEN)
    fields = fields_of(strategy) | ({"probes": None} if strategy == "blue_green" else {})

    ending = rehearsal.play(fields)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "failing: " in ending.reason
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]
    assert counts(rehearsal) == {"AllTraffic": 2}
    names = {each["EndpointConfigName"] for each in rehearsal.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]}
    assert names == {CONFIG["EndpointConfigName"]}


def test_green_has_the_whole_capacity_before_any_traffic(rehearsal):
    """Blue/green: when the traffic is first shifted, green has as many instances as blue, which keeps its own until the end."""
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 5}]
    request = {"EndpointName": rehearsal.endpoint()["EndpointName"], "DesiredWeightsAndCapacities": desired}
    rehearsal.cloud.call("UpdateEndpointWeightsAndCapacities", request)
    rehearsal.settle()
    seen: list[dict[str, int]] = []

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.phase in {Phase.SHIFTING, Phase.BAKING}:
            seen.append(counts(rehearsal))

    rehearsal.watch = watch
    ending = rehearsal.play(fields_of("blue_green"))

    assert ending.outcome is Outcome.PROMOTED
    assert {tuple(sorted(each.items())) for each in seen} == {(("AllTraffic", 5), ("candidate", 5))}
    assert counts(rehearsal) == {"AllTraffic": 5}


def test_probes_come_before_traffic(rehearsal):
    """The probes are answered by the candidate itself, at share 0, and traffic is shifted only then."""
    ending = rehearsal.play(fields_of("blue_green"))

    assert ending.outcome is Outcome.PROMOTED
    kinds = [type(command) for command in commands(rehearsal)]
    assert kinds.index(Probe) < kinds.index(SetShares)


def test_a_candidate_that_fails_its_probes_gets_no_traffic(rehearsal):
    """A model that answers no probe is taken back without a single customer having met it."""
    rehearsal.models["fraud-v7"] = model(3, failing=1.0)

    ending = rehearsal.play(fields_of("blue_green"))

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "answered 0 of 20 probes" in ending.reason
    assert not any(isinstance(command, SetShares) for command in commands(rehearsal))


def test_the_candidate_is_compared_with_its_twin(rehearsal):
    """Control twin: candidate and twin get the same share, production the rest."""
    rehearsal.begin(fields_of("control_twin", gates=ABSOLUTE | {"errors": COMPARED}))
    rollout = rehearsal.look_until(Phase.BAKING)

    weights = {each["VariantName"]: each["CurrentWeight"] for each in rehearsal.endpoint()["ProductionVariants"]}
    wanted = wanted_metrics(rollout.plan, rollout.state)
    assert weights == {"AllTraffic": 40, "control": 30, "candidate": 30}
    assert wanted is not None
    assert wanted.arms == {"baseline": "control", "candidate": "candidate"}
    assert rehearsal.drive(rollout).outcome is Outcome.PROMOTED


def test_nobody_gets_the_answers_of_a_shadow(rehearsal):
    """While the candidate is a shadow it is asked as often as the baseline, and its failures are nobody's; it never gets any traffic."""
    rehearsal.models["fraud-v7"] = model(3, failing=BROKEN)
    compared = {"metric": "model_errors", "no_worse_than": {"ratio": 1.5, "or_absolute": "5%"}}
    shadow = {"strategy": "shadow", "stages": [{"shadow": True, "share": 100, "bake": "5m"}]}

    ending = rehearsal.play(POLICY | shadow | {"gates": {"errors": compared}})

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.reason.startswith("in shadow — errors: ")
    assert not any(isinstance(command, SetShares) for command in commands(rehearsal))
    assert rehearsal.served["candidate"] == pytest.approx(rehearsal.served["AllTraffic"], rel=0.7)
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]


def test_a_limit_broken_after_the_promotion_takes_it_back(rehearsal):
    """The watch after the promotion goes on looking, and brings the old configuration back with its capacity."""
    rehearsal.register_scaling()

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.phase is Phase.BAKING and decision.state.stage == 2:
            rehearsal.models["fraud-v7"] = model(3, failing=BROKEN)

    rehearsal.watch = watch
    ending = rehearsal.play(QUICK | {"watch": "10m"})

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "at 100 %" in ending.reason
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]
    assert rehearsal.scaling() == {"MinCapacity": 2, "MaxCapacity": 6, "SuspendedState": _nothing_suspended()}


def test_a_quiet_watch_ends_promoted(rehearsal):
    """A candidate that keeps its limits after the promotion stays, and the outcome says how long it was watched."""
    ending = rehearsal.play(QUICK | {"watch": "5m"})

    assert ending.outcome is Outcome.PROMOTED
    assert "5m of watching" in ending.reason


def _nothing_suspended() -> dict[str, bool]:
    return dict.fromkeys(
        ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False
    )
