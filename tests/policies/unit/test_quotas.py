"""What a rollout needs of an account's quotas, by type, and what is said where it is too much."""

import copy

import pytest

from policies.errors import Problem
from policies.facts import Facts
from policies.plan import Plan, make_plan
from policies.quotas import Quota, QuotaReading, find_shortages, needed_instances
from tests.policies.building import START, make_facts, make_policy

KIND, OTHER = "ml.m5.xlarge", "ml.m5.2xlarge"


def plan(instances: int = 4, wanted: str = KIND, **policy: object) -> Plan:
    """The plan of a rollout from ``instances`` of one type to another type."""
    facts = make_facts(instances)
    fields = copy.deepcopy(facts.wanted.fields)
    fields["ProductionVariants"][0]["InstanceType"] = wanted
    moved: Facts = facts.model_copy(update={"wanted": facts.wanted.model_copy(update={"fields": fields})})
    return make_plan(make_policy(**policy), moved, "fraud-prod-1", START)


def test_a_second_fleet_stands_beside_the_first_at_every_move() -> None:
    """A candidate grown to 2 instances beside a baseline of 4: the way from these 6 to the promoted 4 takes 10 at a time."""
    canary = plan()
    assert [stage.instances for stage in canary.stages] == [1, 2]
    assert needed_instances(canary) == {KIND: 6}


def test_each_type_is_counted_for_itself() -> None:
    """Of the old type the baseline stands twice on the way to side by side; of the new, at most the candidate and the promoted fleet."""
    assert needed_instances(plan(wanted=OTHER)) == {KIND: 4, OTHER: 6}


def test_guardrails_bring_up_one_fleet_more() -> None:
    """SageMaker's blue/green deployment needs the whole fleet once more, and no candidate beside it."""
    stages = [{"share": 50, "bake": "10m"}, {"share": 100, "bake": "10m"}]
    assert needed_instances(plan(strategy="guardrail", stages=stages)) == {KIND: 4}


def test_a_shadow_counts_as_the_instances_that_it_is() -> None:
    """The copies of requests are answered by instances too."""
    stages = [{"share": 100, "bake": "10m", "shadow": True}]
    shadow = plan(strategy="shadow", stages=stages)
    assert needed_instances(shadow)[KIND] >= 4 + shadow.stages[0].instances


@pytest.mark.parametrize(("value", "in_use", "short"), [(18, 12, False), (17, 12, True), (12, 4, False)])
def test_a_quota_is_too_small_only_where_it_surely_is(value: int, in_use: int, short: bool) -> None:  # noqa: FBT001 - a case
    """What is in use and what comes on top may reach the quota, and not exceed it."""
    reading = QuotaReading(quotas={KIND: Quota(name=f"{KIND} for endpoint usage", value=value, in_use=in_use)})
    told = "is 17 in this account and Region, of which 12 are in use; the rollout needs 6 more for a time"
    remedy = "ask for at least 18 in Service Quotas, or free instances of that type"
    wanted = [Problem(f"quota {KIND} for endpoint usage", told, remedy)] if short else []
    assert list(find_shortages(plan(), reading)) == wanted


def test_without_a_quota_nothing_is_said_against_a_rollout() -> None:
    """What could not be read is no shortage."""
    assert list(find_shortages(plan(), QuotaReading(unchecked="denied"))) == []
