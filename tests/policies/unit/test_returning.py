"""The way back, request by request: what comes next, by how the endpoint is and by what has failed so far."""

from datetime import timedelta
from typing import Any

import pytest

from policies.commands import explain
from policies.facts import Endpoint, Load
from policies.lifecycle import LACK, REFUSED, Outcome, Phase, State, begin, enter, turn_back
from policies.plan import Plan, make_plan
from policies.returning import is_too_late, next_return
from tests.policies.building import (
    BASELINE,
    CANDIDATE,
    START,
    make_endpoint,
    make_facts,
    make_policy,
    make_rollout,
    make_scaling,
)

PLAN = make_rollout()
LOADED = make_facts(4, load=Load(peak=4800, per_instance=600))
GROWN = make_plan(make_policy(capacity={"requests_per_instance": "measured"}), LOADED, "fraud-prod-1", START)
"""A rollout of four instances that orders eight for the promotion."""
SCALED = GROWN.model_copy(update={"surroundings": make_rollout(None, 4, make_scaling()).surroundings})
INSTANCES = f"set_capacity {BASELINE}"
BESIDE, PROMOTED, ORIGINAL = PLAN.side_by_side.name, PLAN.promoted.name, PLAN.original.name

WEIGHTS = ["shift traffic to AllTraffic 100 %, candidate 0 %"]
CONFIG = ["create config original", "apply config original"]
COPY = ["create config copy", "apply config copy"]
CAPACITY = ["scale AllTraffic to 4 instances"]


def live(share: float = 5, baselines: int = 4, candidates: int = 1, **more: Any) -> Endpoint:
    """Both variants in service, the candidate at a share."""
    return make_endpoint(BESIDE, PLAN.split(share), {BASELINE: baselines, CANDIDATE: candidates}, **more)


def alone(config: str, baselines: int = 4, **more: Any) -> Endpoint:
    """One variant in service."""
    return make_endpoint(config, {BASELINE: 100.0}, {BASELINE: baselines}, **more)


def back(**failures: int) -> State:
    """On the way back, where so much has failed."""
    state = turn_back(begin(PLAN), Outcome.ROLLED_BACK, "as the test says", START)
    return state.model_copy(update={"failures": failures})


def asked(endpoint: Endpoint, failures: dict[str, int], plan: Plan = PLAN) -> list[str]:
    """What is asked for next, with the configurations by what they are."""
    names = {plan.original_copy.name: "copy", ORIGINAL: "original"}
    said = [explain(command) for command in next_return(plan, back(**failures), endpoint)]
    for name, role in names.items():
        said = [each.replace(name, role) for each in said]
    return said


@pytest.mark.parametrize(
    ("endpoint", "failures", "expected"),
    [
        (live(5), {}, WEIGHTS),
        (live(5), {"set_shares": REFUSED - 1}, WEIGHTS),
        (live(5), {"set_shares": REFUSED}, CONFIG),
        (live(5), {"set_shares": REFUSED, "apply_config": REFUSED - 1}, CONFIG),
        (live(5), {"set_shares": REFUSED, "apply_config": REFUSED}, WEIGHTS),
        (live(5), {"set_shares": 2 * REFUSED, "apply_config": REFUSED}, CONFIG),
        (live(0), {}, CONFIG),
        (alone(PROMOTED), {}, CONFIG),
        (alone(ORIGINAL), {}, []),
        (alone(PLAN.original_copy.name), {}, []),
    ],
)
def test_the_weights_come_first_and_then_each_in_turn(endpoint: Endpoint, failures: dict[str, int], expected) -> None:
    """Weights take seconds and a configuration minutes; of two that AWS refuses, the one that failed less is tried next."""
    assert asked(endpoint, failures) == expected


@pytest.mark.parametrize(
    ("endpoint", "failures", "expected"),
    [
        (live(50, baselines=2), {}, WEIGHTS),
        (live(51, baselines=2), {}, CAPACITY),
        (live(51, baselines=4), {}, WEIGHTS),
        (live(51, baselines=2), {INSTANCES: REFUSED - 1}, CAPACITY),
        (live(51, baselines=2), {INSTANCES: REFUSED}, WEIGHTS),
        (live(0, baselines=2), {}, CAPACITY),
        (live(0, baselines=2), {INSTANCES: 2 * REFUSED - 1}, CAPACITY),
        (live(0, baselines=2), {INSTANCES: 2 * REFUSED}, CONFIG),
        (live(5, baselines=2), {"set_shares": REFUSED}, CONFIG),
        (alone(PROMOTED, baselines=2), {}, CAPACITY),
    ],
)
def test_the_baselines_instances_come_before_the_load_that_they_have_to_bear(
    endpoint: Endpoint, failures, expected
) -> None:
    """Unless the load does not double, they are there, or AWS gives none: a crowded baseline is better than a candidate that has to go."""
    assert asked(endpoint, failures) == expected


@pytest.mark.parametrize(
    ("endpoint", "failures", "expected"),
    [
        (live(0, candidates=3), {}, CONFIG),
        (live(0, candidates=3), {LACK: 1}, ["scale candidate to 1 instance"]),
        (live(0, candidates=2), {LACK: 1}, ["scale candidate to 1 instance"]),
        (live(0, candidates=1), {LACK: 1}, CONFIG),
        (live(5, candidates=3), {LACK: 1, "set_shares": REFUSED}, CONFIG),
        (live(0, candidates=3), {LACK: 1, f"set_capacity {CANDIDATE}": REFUSED}, CONFIG),
    ],
)
def test_where_instances_lack_the_idle_candidate_gives_its_own(endpoint: Endpoint, failures, expected) -> None:
    """All but one, once it has no traffic, and not again where AWS refuses even that."""
    assert asked(endpoint, failures) == expected


TROUBLE = {"status": "UpdateRollbackFailed"}


@pytest.mark.parametrize(
    ("endpoint", "failures", "expected"),
    [
        (live(5, **TROUBLE), {}, CONFIG),
        (live(5, **TROUBLE), {"apply_config": 1}, WEIGHTS),
        (live(5, **TROUBLE), {"apply_config": REFUSED, "set_shares": REFUSED}, CONFIG),
        (live(0, **TROUBLE), {"apply_config": REFUSED}, CONFIG),
        (alone(PROMOTED, **TROUBLE), {"apply_config": REFUSED}, CONFIG),
        (alone(ORIGINAL, **TROUBLE), {}, CONFIG),
        (alone(ORIGINAL, **TROUBLE), {"apply_config": REFUSED - 1}, CONFIG),
        (alone(ORIGINAL, **TROUBLE), {"apply_config": REFUSED}, COPY),
    ],
)
def test_an_endpoint_in_trouble_is_brought_back_by_configuration(endpoint: Endpoint, failures, expected) -> None:
    """Even if it says that it runs on that; the weights where AWS refuses it, and a copy where it refuses the one that is there."""
    assert asked(endpoint, failures) == expected


@pytest.mark.parametrize(
    ("plan", "instances", "failures", "expected"),
    [
        (GROWN, 8, {}, CAPACITY),
        (GROWN, 8, {INSTANCES: REFUSED - 1}, CAPACITY),
        (GROWN, 8, {INSTANCES: REFUSED}, []),
        (GROWN, 4, {}, []),
        (GROWN, 7, {}, []),
        (SCALED, 8, {}, []),
        (PLAN, 8, {}, []),
    ],
)
def test_what_was_ordered_for_the_promotion_is_given_back(plan: Plan, instances: int, failures, expected) -> None:
    """Only that: any other count is somebody else's, and where autoscaling looks after the variant it is autoscaling's."""
    assert GROWN.full_capacity == 8
    assert asked(alone(ORIGINAL, instances), failures, plan) == expected


def test_a_person_is_called_when_the_time_for_the_way_back_is_over() -> None:
    """Not a moment before, and on no other way: the deadline of a rollout that goes up is another one."""
    limit = PLAN.policy.timeouts.rollback
    assert not is_too_late(PLAN, back(), START + limit)
    assert is_too_late(PLAN, back(), START + limit + timedelta(seconds=1))
    for phase in set(Phase) - {Phase.ROLLING_BACK}:
        assert not is_too_late(PLAN, enter(back(), phase, START), START + 2 * limit)
