"""Drift: what somebody else did to the endpoint."""

from policies.commands import ApplyConfig
from policies.drift import find_drift, was_taken_back
from policies.facts import Endpoint, ScalingTarget, Surroundings
from policies.lifecycle import Operation, Outcome, Phase, Placement, State, begin, turn_back
from policies.observation import Unavailable
from tests.policies.building import BASELINE, CANDIDATE, START, make_endpoint, make_rollout, make_scaling

PLAN = make_rollout(None, 4, make_scaling())
BY_HAND = make_rollout()
"""The same rollout of an endpoint that autoscaling does not look after."""
PLACED = Placement(config=PLAN.side_by_side.name, shares=PLAN.split(5))
BAKING = begin(PLAN).model_copy(update={"phase": Phase.BAKING, "placement": PLACED})
HELD = BAKING.model_copy(update={"scaling": "held"})
AS_LEFT = make_endpoint(PLACED.config, PLACED.shares, {BASELINE: 4})
MOVED = make_endpoint("foreign", {BASELINE: 100.0}, {})
SHIFTED = make_endpoint(PLACED.config, PLAN.split(30), {})


def find(
    state: State, endpoint: Endpoint = AS_LEFT, surroundings: Surroundings | Unavailable = PLAN.surroundings
) -> str | None:
    return find_drift(PLAN, state, endpoint, surroundings)


def busy(endpoint: Endpoint) -> Endpoint:
    return endpoint.model_copy(update={"status": "Updating"})


def around(*scaling: ScalingTarget, **tags: str) -> Surroundings:
    return Surroundings(tags=tags or PLAN.surroundings.tags, scaling=scaling)


def drifted(told: str = "somebody did it") -> State:
    return BAKING.model_copy(update={"drift": told})


def turned_back() -> State:
    return turn_back(BAKING, Outcome.ROLLED_BACK, "errors", START)


def test_the_endpoint_as_left_is_no_drift() -> None:
    """Neither rounding of weights nor what autoscaling does by trade counts as somebody's doing."""
    scaled = make_endpoint(PLACED.config, {BASELINE: 94.9999, CANDIDATE: 5.0001}, {BASELINE: 40})
    assert find(BAKING) is None
    assert find(BAKING, scaled) is None


def test_another_configuration_is_drift() -> None:
    """A deployment by somebody else is named with both configurations."""
    told = f"somebody moved the endpoint to config foreign; this rollout left it on {PLACED.config}"
    assert find(BAKING, MOVED) == told


def test_other_traffic_is_drift() -> None:
    """A shift by somebody else is named with both splits."""
    assert find(BAKING, SHIFTED) == (
        "somebody changed the traffic to AllTraffic 70 %, candidate 30 %; "
        "this rollout left it at AllTraffic 95 %, candidate 5 %"
    )


def test_nothing_is_said_while_something_is_in_flight() -> None:
    """Half-done changes, ours or AWS's, are not mistaken for somebody's doing."""
    ours = Operation(command=ApplyConfig(endpoint="e", config="c", replaces="b"), since=START)
    assert find(BAKING.model_copy(update={"operation": ours}), SHIFTED) is None
    assert find(BAKING, busy(SHIFTED)) is None


def test_a_drift_that_was_seen_stands_while_the_endpoint_is_busy() -> None:
    """An endpoint that autoscales for a minute has not been put right by that."""
    assert find(drifted(), busy(SHIFTED)) == "somebody did it"
    assert find(drifted()) is None


def test_a_drift_that_was_seen_stands_while_nobody_can_tell() -> None:
    """Tags and scaling that cannot be read have not been put right; what a person has accepted is over all the same."""
    dark = Unavailable("throttled")
    assert find(drifted(), AS_LEFT, dark) == "somebody did it"
    assert find(BAKING, AS_LEFT, dark) is None
    assert find(drifted().model_copy(update={"accepted": ("somebody did it",)}), AS_LEFT, dark) is None


def test_on_the_way_back_only_foreign_configurations_count() -> None:
    """An abort during a drift of the traffic is carried out; somebody else's deployment is still left alone."""
    assert find(turned_back(), SHIFTED) is None
    assert find(turned_back(), make_endpoint(PLAN.promoted.name, {BASELINE: 100.0}, {})) is None
    assert find(turned_back(), AS_LEFT, around(team="pricing")) is None
    assert "foreign" in str(find(turned_back(), MOVED))
    assert turn_back(drifted(), Outcome.ABORTED, "stop", START).drift is None


def test_instances_are_drift_where_autoscaling_does_not_look_after_them() -> None:
    """Without autoscaling it was a person; the counts of earlier stages are as much the rollout's own as the present one's."""
    at_half = BAKING.model_copy(update={"stage": 1})
    for count in (1, 2):
        endpoint = make_endpoint(PLACED.config, PLACED.shares, {BASELINE: 4, CANDIDATE: count})
        assert find_drift(BY_HAND, at_half, endpoint, BY_HAND.surroundings) is None
    scaled = make_endpoint(PLACED.config, PLACED.shares, {BASELINE: 4, CANDIDATE: 3})
    told = find_drift(BY_HAND, at_half, scaled, BY_HAND.surroundings)
    assert told == "somebody scaled candidate to 3 instances; this rollout left it at 1 or 2"
    fewer = make_endpoint(PLACED.config, PLACED.shares, {BASELINE: 3})
    assert "AllTraffic to 3" in str(find_drift(BY_HAND, BAKING, fewer, BY_HAND.surroundings))


def test_tags_are_drift_with_what_they_were() -> None:
    """Added, changed and removed tags are named, each with both values."""
    told = find(BAKING, AS_LEFT, around(make_scaling(), owner="lee"))
    assert told == "somebody changed the endpoint's tags: owner from none to lee, team from fraud to none"


def test_bounds_of_scaling_are_drift_whether_held_or_not() -> None:
    """The words are the same before and after the rollout's own suspension, so that accepting them once is enough."""
    told = "somebody changed the scaling of AllTraffic to 1 to 99 instances; this rollout left it at 1 to 20 instances"
    assert find(BAKING, AS_LEFT, around(make_scaling(maximum=99))) == told
    assert find(HELD, AS_LEFT, around(make_scaling("scale_in", "scheduled", maximum=99))) == told
    assert str(find(BAKING, AS_LEFT, around())).endswith("to none; this rollout left it at 1 to 20 instances")
    accepted = HELD.model_copy(update={"accepted": (told,)})
    assert find(accepted, AS_LEFT, around(make_scaling("scale_in", "scheduled", maximum=99))) is None


def test_suspensions_are_drift_unless_they_may_be_our_own() -> None:
    """A suspension whose answer is not known may stand or not; one that is known to stand must."""
    free, held = around(make_scaling()), around(make_scaling("scale_in", "scheduled"))
    asked = BAKING.model_copy(update={"scaling": "asked"})
    assert [find(state, AS_LEFT, found) for state in (BAKING, HELD) for found in (free, held)].count(None) == 2
    assert find(asked, AS_LEFT, free) is None
    assert find(asked, AS_LEFT, held) is None
    assert find(HELD, AS_LEFT, free) == (
        "somebody changed what is suspended of the scaling of AllTraffic to nothing; this rollout left it at scale_in, scheduled"
    )


def test_accepted_drifts_are_passed_over() -> None:
    """A person's acceptance covers the drift in its words, not the next one, and never another traffic split."""
    told = find(BAKING, AS_LEFT, around(make_scaling(), team="pricing"))
    assert told is not None
    accepting = BAKING.model_copy(update={"accepted": (told, str(find(BAKING, SHIFTED)))})
    assert find(accepting, AS_LEFT, around(make_scaling(), team="pricing")) is None
    assert find(accepting, AS_LEFT, around(make_scaling(), team="search")) is not None
    assert find(accepting, SHIFTED) is not None


def test_traffic_that_went_back_to_the_baseline_is_recognised() -> None:
    """Only all of it, on our own configuration, at rest, and when the candidate had some."""
    back = make_endpoint(PLACED.config, PLAN.split(0), {})
    assert was_taken_back(PLAN, BAKING, back)
    assert not was_taken_back(PLAN, BAKING, SHIFTED)
    assert not was_taken_back(PLAN, BAKING, busy(back))
    assert not was_taken_back(PLAN, BAKING, MOVED)
    at_zero = Placement(config=PLACED.config, shares=PLAN.split(0))
    assert not was_taken_back(PLAN, BAKING.model_copy(update={"placement": at_zero}), back)
