"""The canary strategy: from a ladder of shares to stages with capacity."""

import pytest

from policies.strategies import plan_stages
from tests.policies.building import make_policy, make_rollout

LADDER = [{"share": share, "bake": "1m"} for share in (5, 25, 50, 95)]


@pytest.mark.parametrize(
    ("baseline", "counts"), [(1, [1, 1, 1, 1]), (4, [1, 1, 2, 4]), (7, [1, 2, 4, 7]), (20, [1, 5, 10, 19])]
)
def test_capacity_follows_the_share(baseline: int, counts: list[int]) -> None:
    """The candidate gets as many of the baseline's instances as its share calls for, rounded up (worked by hand)."""
    stages = plan_stages(make_policy(stages=LADDER), baseline)
    assert [stage.instances for stage in stages] == counts


def test_capacity_never_falls_on_the_way_up() -> None:
    """A number of instances given for an early stage also holds for the later ones."""
    ladder = [LADDER[0] | {"instances": 9}, LADDER[1], LADDER[2] | {"instances": 2}]
    assert [stage.instances for stage in plan_stages(make_policy(stages=ladder), 4)] == [9, 9, 9]


def test_all_gates_count_unless_a_stage_names_its_own() -> None:
    """Leaving ``gates`` out asks for every gate; naming some leaves sample and split in force, or no data could pass."""
    slo = {"metric": "ModelLatency", "at_most": 1e6}
    ladder = [LADDER[0], LADDER[1] | {"gates": []}]
    first, second = plan_stages(make_policy(stages=ladder, gates={"slo": slo}), 4)
    assert set(first.gates) == {"slo", "sample", "split"}
    assert set(second.gates) == {"sample", "split"}


def test_a_plan_is_complete_before_anything_is_touched() -> None:
    """All three configurations, both contenders and the ladder are known beforehand, and the same facts give the same plan."""
    plan = make_rollout(instances=7)
    assert plan == make_rollout(instances=7)
    assert (plan.baseline.model, plan.baseline.instances) == ("fraud-v6", 7)
    assert (plan.candidate.model, plan.candidate.instances) == ("fraud-v7", 1)
    assert len({plan.original.name, plan.side_by_side.name, plan.promoted.name}) == 3
    assert plan.split(5) == {"AllTraffic": 95, "candidate": 5}


def test_a_plan_survives_json() -> None:
    """A rollout resumed from its journal follows the very same plan."""
    plan = make_rollout()
    assert type(plan).model_validate_json(plan.model_dump_json()) == plan
