"""Drift: what somebody else did to the endpoint."""

from policies.commands import ApplyConfig
from policies.drift import find_drift
from policies.lifecycle import Operation, Outcome, Phase, Placement, State, begin, turn_back
from tests.policies.building import BASELINE, START, make_endpoint, make_rollout

PLAN = make_rollout()
PLACED = Placement(config=PLAN.side_by_side.name, shares=PLAN.split(5))
BAKING = begin(PLAN).model_copy(update={"phase": Phase.BAKING, "placement": PLACED})
AS_LEFT = make_endpoint(PLACED.config, PLACED.shares, {})
MOVED = make_endpoint("foreign", {BASELINE: 100.0}, {})
SHIFTED = make_endpoint(PLACED.config, PLAN.split(30), {})


def turned_back() -> State:
    return turn_back(BAKING, Outcome.ROLLED_BACK, "errors", START)


def test_the_endpoint_as_left_is_no_drift() -> None:
    """Neither rounding of weights nor autoscaling counts as somebody's doing."""
    scaled = make_endpoint(PLACED.config, {BASELINE: 94.9999, "candidate": 5.0001}, {BASELINE: 40})
    assert find_drift(PLAN, BAKING, AS_LEFT) is None
    assert find_drift(PLAN, BAKING, scaled) is None


def test_another_configuration_is_drift() -> None:
    """A deployment by somebody else is named with both configurations."""
    told = f"somebody moved the endpoint to config foreign; this rollout left it on {PLACED.config}"
    assert find_drift(PLAN, BAKING, MOVED) == told


def test_other_traffic_is_drift() -> None:
    """A shift by somebody else is named with both splits."""
    assert find_drift(PLAN, BAKING, SHIFTED) == (
        "somebody changed the traffic to AllTraffic 70 %, candidate 30 %; "
        "this rollout left it at AllTraffic 95 %, candidate 5 %"
    )


def test_nothing_is_said_while_something_is_in_flight() -> None:
    """Half-done changes, ours or AWS's, are not mistaken for somebody's doing."""
    ours = Operation(command=ApplyConfig(endpoint="e", config="c"), since=START)
    assert find_drift(PLAN, BAKING.model_copy(update={"operation": ours}), SHIFTED) is None
    assert find_drift(PLAN, BAKING, SHIFTED.model_copy(update={"status": "Updating"})) is None


def test_a_drift_that_was_seen_stands_while_the_endpoint_is_busy() -> None:
    """An endpoint that autoscales for a minute has not been put right by that."""
    drifted = BAKING.model_copy(update={"drift": "somebody did it"})
    assert find_drift(PLAN, drifted, SHIFTED.model_copy(update={"status": "Updating"})) == "somebody did it"
    assert find_drift(PLAN, drifted, AS_LEFT) is None


def test_on_the_way_back_only_foreign_configurations_count() -> None:
    """An abort during a drift of the traffic is carried out; somebody else's deployment is still left alone."""
    assert find_drift(PLAN, turned_back(), SHIFTED) is None
    assert find_drift(PLAN, turned_back(), make_endpoint(PLAN.promoted.name, {BASELINE: 100.0}, {})) is None
    assert "foreign" in str(find_drift(PLAN, turned_back(), MOVED))
    drifted = BAKING.model_copy(update={"drift": "somebody did it"})
    assert turn_back(drifted, Outcome.ABORTED, "stop", START).drift is None
