"""From a wanted end to commands, and from commands to whether their end is reached."""

import pytest

from policies.commands import (
    ApplyConfig,
    CreateConfig,
    DeleteConfig,
    DisarmSwitch,
    SetCapacity,
    SetScaling,
    SetShares,
    explain,
)
from policies.endpoint_config import EndpointConfig
from policies.facts import Endpoint, LiveVariant
from policies.goal import Goal, has_shares, is_reached, next_commands
from policies.safeguards import arm
from tests.policies.building import BASELINE, CANDIDATE, START, make_endpoint, make_rollout, make_scaling

CONFIG = EndpointConfig(name="beside", fields={"ProductionVariants": []})


def endpoint(share: float = 0, candidates: int = 1, config: str = "beside", baselines: int = 4) -> Endpoint:
    counts = {BASELINE: baselines, CANDIDATE: candidates}
    return make_endpoint(config, {BASELINE: 100 - share, CANDIDATE: share}, counts)


def shares(candidate: float) -> dict[str, float]:
    return {BASELINE: 100 - candidate, CANDIDATE: candidate}


def test_steps_come_in_order() -> None:
    """First the capacity that must come first, then the configuration, then capacity, then traffic, then nothing."""
    goal = Goal(CONFIG, shares(25), instances={CANDIDATE: 2}, instances_first={BASELINE: 4})
    assert next_commands(goal, endpoint(config="old", baselines=3)) == (
        SetCapacity(endpoint="fraud-prod", variant=BASELINE, instances=4),
    )
    assert next_commands(goal, endpoint(config="old")) == (
        CreateConfig(config=CONFIG),
        ApplyConfig(endpoint="fraud-prod", config="beside", replaces="old"),
    )
    assert next_commands(goal, endpoint()) == (SetCapacity(endpoint="fraud-prod", variant=CANDIDATE, instances=2),)
    assert next_commands(goal, endpoint(candidates=2)) == (SetShares(endpoint="fraud-prod", shares=shares(25)),)
    assert next_commands(goal, endpoint(25, 2)) == ()


def test_more_instances_than_wanted_are_left_alone() -> None:
    """Capacity is a least number: what autoscaling added is never taken away."""
    assert next_commands(Goal(CONFIG, shares(5), instances={CANDIDATE: 1}), endpoint(5, 8)) == ()


def test_shares_are_equal_up_to_the_rounding_of_weights() -> None:
    """Weights come back as binary floats; that is no reason to shift again, half a percent is."""
    assert has_shares(endpoint(5.0001), shares(5))
    assert not has_shares(endpoint(5.5), shares(5))


def test_another_set_of_variants_is_never_the_wanted_split() -> None:
    """A missing or an extra variant counts as a difference even when the others match."""
    assert not has_shares(make_endpoint("c", {BASELINE: 100.0}, {}), shares(0))
    assert not has_shares(make_endpoint("c", shares(0) | {"third": 0.0}, {}), shares(0))


def test_a_shift_under_way_is_not_reached() -> None:
    """Traffic that AWS is still shifting is not where it is wanted."""
    moving = LiveVariant(name=BASELINE, share=95, wanted_share=50, instances=1, wanted_instances=1)
    other = LiveVariant(name=CANDIDATE, share=5, wanted_share=50, instances=1, wanted_instances=1)
    assert not has_shares(endpoint().model_copy(update={"variants": (moving, other)}), shares(5))


@pytest.mark.parametrize(
    ("command", "reached", "missed"),
    [
        (ApplyConfig(endpoint="e", config="beside", replaces="old"), endpoint(), endpoint(config="old")),
        (SetCapacity(endpoint="e", variant=CANDIDATE, instances=2), endpoint(candidates=3), endpoint(candidates=1)),
        (SetCapacity(endpoint="e", variant=CANDIDATE, instances=1, lowers=True), endpoint(), endpoint(candidates=2)),
        (
            SetCapacity(endpoint="e", variant=CANDIDATE, instances=1),
            endpoint(),
            make_endpoint("c", {BASELINE: 100.0}, {}),
        ),
        (SetShares(endpoint="e", shares=shares(5)), endpoint(5), endpoint(0)),
    ],
)
def test_a_command_is_reached_when_its_end_is_read_back(
    command: ApplyConfig | SetCapacity | SetShares, reached: Endpoint, missed: Endpoint
) -> None:
    """Each kind of change is judged by the endpoint itself, not by AWS's answer to the request."""
    assert is_reached(command, reached)
    assert not is_reached(command, missed)


def test_instances_that_are_only_ordered_are_not_reached() -> None:
    """Capacity comes before traffic: an instance that AWS has not given yet answers nothing."""
    given = endpoint(candidates=2)
    ordered = [each.model_copy(update={"instances": 1} if each.name == CANDIDATE else {}) for each in given.variants]
    command = SetCapacity(endpoint="e", variant=CANDIDATE, instances=2)
    assert is_reached(command, given)
    assert not is_reached(command, given.model_copy(update={"variants": tuple(ordered)}))


def test_commands_are_said_in_a_few_words() -> None:
    """A plan and a timeline say what is done in words, with numbers."""
    said = [
        explain(command)
        for command in (
            CreateConfig(config=CONFIG),
            ApplyConfig(endpoint="e", config="beside", replaces="old"),
            SetCapacity(endpoint="e", variant=CANDIDATE, instances=1),
            SetCapacity(endpoint="e", variant=CANDIDATE, instances=2),
            SetShares(endpoint="e", shares=shares(5)),
            DeleteConfig(config="beside"),
            SetScaling(endpoint="e", scaling=make_scaling("scale_in", "scheduled")),
            SetScaling(endpoint="e", scaling=make_scaling()),
            arm(make_rollout(), START),
            DisarmSwitch(switch=arm(make_rollout(), START).switch),
        )
    ]
    assert said == [
        "create config beside",
        "apply config beside",
        "scale candidate to 1 instance",
        "scale candidate to 2 instances",
        "shift traffic to AllTraffic 95 %, candidate 5 %",
        "delete config beside",
        "suspend scaling in, scheduled scaling of AllTraffic",
        "suspend no scaling of AllTraffic",
        "arm the dead-man's switch: traffic to AllTraffic 100 %, candidate 0 %",
        "disarm the dead-man's switch",
    ]
