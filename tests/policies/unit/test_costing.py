"""What a rollout costs: instance-hours of those beside the baseline, counted by hand here."""

from datetime import timedelta

import pytest

from policies.commands import ApplyConfig, SetCapacity, SetShares
from policies.costing import Prices, Usage, forecast_usage, measure_usage
from tests.policies.building import START, make_policy, make_rollout

HOUR = timedelta(hours=1)
STAGES = [{"share": 25, "bake": "58m"}, {"share": 50, "bake": "1h58m"}]
TIMES = {"deadline": "12h", "metrics": {"settle": "2m"}}


def policy(strategy: str = "canary", **fields):
    """Two stages of one and two hours, with the time until their metrics are in."""
    return make_policy(strategy=strategy, stages=STAGES, **TIMES, **fields)


@pytest.mark.parametrize(
    ("strategy", "hours"),
    [
        ("canary", 1 * 1 + 2 * 2),  # of 4 instances a quarter for an hour, then half for two
        ("blue_green", 1 * 4 + 2 * 4),
        ("control_twin", 2 * (1 * 1 + 2 * 2)),
    ],
)
def test_the_forecast_counts_everybody_beside_the_baseline(strategy, hours):
    """Instances times hours, by stage; a twin counts as well, the baseline does not."""
    assert forecast_usage(make_rollout(policy(strategy), 4)).hours == pytest.approx(hours)


def test_a_watch_after_the_promotion_costs_nothing_more():
    """The candidate serves alone by then, on the baseline's instances."""
    slo = {"slo": {"metric": "ModelLatency", "at_most": 1e6}}
    watched = policy(watch="5h", guardrails=slo)
    assert forecast_usage(make_rollout(watched)).hours == forecast_usage(make_rollout(policy())).hours


def test_what_was_used_is_counted_from_the_accepted_commands():
    """One instance for an hour, three for two, none after the next deployment."""
    plan = make_rollout(policy(), 4)
    accepted = [
        (START, ApplyConfig(endpoint="e", config=plan.side_by_side.name, replaces=plan.original.name)),
        (START + HOUR, SetCapacity(endpoint="e", variant="candidate", instances=3)),
        (START + HOUR, SetShares(endpoint="e", shares=plan.split(50))),
        (START + HOUR, SetCapacity(endpoint="e", variant="AllTraffic", instances=9)),
        (START + 3 * HOUR, ApplyConfig(endpoint="e", config=plan.original.name, replaces=plan.side_by_side.name)),
    ]
    assert measure_usage(plan, accepted, START + 9 * HOUR).hours == pytest.approx(1 * 1 + 3 * 2)


def test_nothing_used_costs_nothing():
    """A rollout that ended before its first deployment."""
    assert measure_usage(make_rollout(), [], START + HOUR).hours == 0


def test_prices_are_the_users():
    """A price is told only for a type that the user's table has, and as theirs."""
    prices = Prices(currency="EUR", per_hour={"ml.m5.xlarge": 0.5})
    assert (
        Usage(instance_type="ml.m5.xlarge", hours=3).tell(prices)
        == "3 instance-hours of ml.m5.xlarge, 1.50 EUR by your prices"
    )
    assert Usage(instance_type="ml.g5.xlarge", hours=3).tell(prices) == "3 instance-hours of ml.g5.xlarge"
    assert Usage(instance_type="", hours=3).tell() == "3 instance-hours"
