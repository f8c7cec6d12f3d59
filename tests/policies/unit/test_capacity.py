"""How many instances the candidate gets: by its share, by the measured load, by the policy's word."""

import pytest

from policies.errors import PolicyError
from policies.facts import Load, Surroundings
from policies.plan import Plan, make_plan
from tests.policies.building import START, make_facts, make_policy, make_scaling

LADDER = [{"share": 5, "bake": "5m"}, {"share": 25, "bake": "5m"}, {"share": 95, "bake": "5m"}]
BUSY = Load(peak=4800, per_instance=600)
MEASURED = {"requests_per_instance": "measured"}


def plan(load: Load | str | None, baseline: int = 4, scaled_to: int | None = None, **fields: object) -> Plan:
    """A rollout of an endpoint with that many instances that had that load."""
    scaling = (make_scaling(maximum=scaled_to),) if scaled_to else ()
    facts = make_facts(baseline, load=load, surroundings=Surroundings(scaling=scaling))
    return make_plan(make_policy(**({"stages": LADDER} | fields)), facts, "r", START)


def counts(of: Plan) -> list[int]:
    return [stage.instances for stage in of.stages]


@pytest.mark.parametrize(
    ("capacity", "expected", "alone"),
    [
        ({}, [1, 1, 4], 4),
        (MEASURED, [1, 3, 10], 8),  # 4800 x 1.2 x 25 % / 600 = 2.4; 95 %: 9.12; alone: 4800 / 600
        (MEASURED | {"headroom": "0%"}, [1, 2, 8], 8),
        ({"requests_per_instance": "8/s"}, [1, 3, 12], 12),  # 480 a minute
        ({"requests_per_instance": "480/min", "max_instances": 6}, [1, 3, 6], 6),
        ({"requests_per_instance": "480/min", "max_instances": 2}, [1, 2, 4], 4),
        ({"requests_per_instance": "100000/min"}, [1, 1, 4], 4),
    ],
)
def test_counts_follow_the_measured_peak(capacity, expected, alone):
    """The peak's share, with headroom, over what one instance bears; never less than the share of the baseline; capped on demand."""
    made = plan(BUSY, capacity=capacity)

    assert (counts(made), made.full_capacity) == (expected, alone)


def test_unknown_load_is_said_and_changes_nothing():
    """Without metrics the share alone decides, and every count says why."""
    made = plan("CloudWatch has no request of the last 1d", capacity=MEASURED)

    assert (counts(made), made.full_capacity) == ([1, 1, 4], 4)
    assert all("the load is not known: CloudWatch has no request" in stage.why for stage in made.stages)


def test_what_a_stage_says_counts():
    """The policy's own number is not raised by what was measured, and no later stage has fewer."""
    ladder = [{"share": 5, "bake": "5m", "instances": 11}, {"share": 50, "bake": "5m"}]
    made = plan(BUSY, stages=ladder, capacity=MEASURED)

    assert [(stage.instances, stage.why) for stage in made.stages] == [
        (11, "as the policy says"),
        (11, "no fewer than at the stage before"),
    ]


def test_every_count_says_what_it_rests_on():
    """A person can check the arithmetic from the sentence alone."""
    made = plan(BUSY, capacity={"requests_per_instance": "480/min", "max_instances": 6})

    assert made.stages[0].why == "5 % of the baseline's 4"
    assert made.stages[1].why == (
        "25 % of 4,800/min, the peak of the last 1d, and 20% more; one instance bears 480/min, as the policy says"
    )
    assert made.stages[2].why.endswith("that would be 12, and max_instances is 6")


def test_serving_alone_stays_within_the_bounds_of_autoscaling():
    """No more instances are ordered for the promotion than the baseline's autoscaling may have."""
    made = plan(BUSY, scaled_to=6, capacity=MEASURED)

    assert made.full_capacity == 6
    assert made.alone is not None
    assert made.alone.why.endswith("no more than 6, the maximum of its autoscaling")


@pytest.mark.parametrize(("most", "expected"), [(11, 11), (12, 12), (13, 12)])
def test_the_cap_of_the_policy_is_the_highest_count_that_it_allows(most, expected):
    """The peak calls for twelve: a cap of twelve takes nothing away, and is not what the count rests on."""
    made = plan(BUSY, capacity={"requests_per_instance": "480/min", "max_instances": most})

    assert (counts(made)[-1], made.full_capacity) == (expected, expected)
    assert ("max_instances" in made.stages[-1].why) is (most < 12)


@pytest.mark.parametrize(("most", "expected"), [(7, 7), (8, 8), (9, 8), (2, 4)])
def test_autoscaling_caps_what_serves_alone_but_never_below_the_baseline(most, expected):
    """The peak calls for eight of four; a fleet that already is larger than its autoscaling's maximum keeps its size."""
    made = plan(BUSY, scaled_to=most, capacity=MEASURED)

    assert made.full_capacity == expected
    assert made.alone is not None
    assert ("autoscaling" in made.alone.why) is (most < 8)


def test_a_fleet_beyond_its_autoscaling_is_not_said_to_be_capped():
    """Twenty instances carry the peak, and twenty is what the candidate gets: nothing was taken away."""
    made = plan(BUSY, baseline=20, scaled_to=6, capacity=MEASURED)

    assert made.full_capacity == 20
    assert made.alone is None or "autoscaling" not in made.alone.why


def test_blue_green_has_the_whole_capacity_from_the_first():
    """Blue/green sizes for all traffic before it gets any."""
    made = plan(BUSY, strategy="blue_green", stages=[{"share": 95, "bake": "5m"}], capacity=MEASURED)

    assert counts(made) == [10]


def test_a_large_fleet_of_the_baseline_is_never_undercut():
    """A baseline that is larger than its load calls for hands its size on."""
    made = plan(BUSY, baseline=20, capacity=MEASURED)

    assert (counts(made), made.full_capacity) == ([1, 5, 19], 20)


@pytest.mark.parametrize(
    ("capacity", "where"),
    [
        ({"requests_per_instance": 600}, "capacity.requests_per_instance"),
        ({"requests_per_instance": "0/min"}, "capacity.requests_per_instance"),
        ({"headroom": 20}, "capacity.headroom"),
        ({"looks_back": "30d"}, "capacity.looks_back"),
        ({"max_instances": 5}, "capacity.max_instances"),
        (MEASURED | {"max_instances": 3}, "stages[0].instances"),
    ],
)
def test_mistakes_are_told_by_field(capacity, where):
    """A rate without a unit, an unreachable past, a cap without a measure or below a stage's own number: each names its field."""
    ladder = [{"share": 5, "bake": "5m", "instances": 4}]
    with pytest.raises(PolicyError) as refused:
        make_policy(stages=ladder, capacity=capacity)
    assert any(problem.where.startswith(where) for problem in refused.value.problems), refused.value.problems
