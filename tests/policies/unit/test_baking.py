"""A bake whose gates have not passed: what is told of them, and whom it waits for."""

import pytest

from policies.baking import bake, bake_ends, explain_open, needed_gates
from policies.lifecycle import Phase, begin, enter
from policies.verdict import Answer, GateVerdict
from tests.policies.building import COMPARING, MINUTE, START, make_policy, make_rollout

PLAN = make_rollout(make_policy(gates=COMPARING))
BAKING = enter(begin(PLAN), Phase.BAKING, START)
PASSED = tuple(GateVerdict(gate=gate, verdict=Answer.PASS, sentence="fine") for gate in needed_gates(PLAN, BAKING))


def test_a_gate_without_a_verdict_is_open() -> None:
    """Nothing is missing once each has passed; what nobody has judged is named, for it has not passed either."""
    assert explain_open(PLAN, BAKING, PASSED) == ""
    open_gates = explain_open(PLAN, BAKING, ())
    assert open_gates == "errors: not judged yet; sample: not judged yet; split: not judged yet"
    errors = GateVerdict(gate="errors", verdict=Answer.INCONCLUSIVE, sentence="too few")
    others = [each for each in PASSED if each.gate != "errors"]
    assert explain_open(PLAN, BAKING, (*others, errors)) == f"errors {Answer.INCONCLUSIVE}: too few"
    assert explain_open(PLAN, BAKING, tuple(others)) == "errors: not judged yet"


@pytest.mark.parametrize(
    ("few_requests", "action", "phase", "awaits"),
    [
        ("extend", "wait", Phase.BAKING, None),
        ("hold", "hold", Phase.BAKING, "verdict"),
        ("roll_back", "act", Phase.ROLLING_BACK, None),
    ],
)
def test_a_bake_that_cannot_be_decided_goes_on_as_the_policy_says(few_requests, action, phase, awaits) -> None:
    """It is over at its end and not before; only a hold asks for a person, who is told of it then."""
    plan = make_rollout(make_policy(gates=COMPARING, inconclusive={"few_requests": few_requests}))
    said = (GateVerdict(gate="errors", verdict=Answer.INCONCLUSIVE, reason="few_requests", sentence="too few"),)
    early = bake(plan, BAKING, said, bake_ends(plan, BAKING) - MINUTE)
    assert (early.action, early.state) == ("wait", BAKING)
    late = bake(plan, BAKING, said, bake_ends(plan, BAKING))
    assert (late.action, late.state.phase, late.awaits, late.verdicts) == (action, phase, awaits, said)
