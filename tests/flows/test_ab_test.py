"""The flow of A/B tests under a real Prefect server: the better of two challengers promoted, a failing one taken back.

A minute of waiting, so only with ``ROLLWAY_CHAOS=full``; ``tests/loop/test_ab_test.py`` has the same endings on virtual time.
"""

import os
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from flows.ab_test import ab_test
from policies.decision import Decision
from policies.lifecycle import Outcome
from policies.plan import Plan
from rollway.aws.session import Aws
from tests.flows.account import ENDPOINT
from tests.flows.playing import POLICY, ask_for, play

pytestmark = pytest.mark.skipif(
    os.environ.get("ROLLWAY_CHAOS") != "full", reason="a minute: only with ROLLWAY_CHAOS=full"
)
_SECOND = timedelta(seconds=1)
RATES = {"fraud-v6": 0.2, "fraud-v7": 0.6, "broken-v7": 0.2}
GATES = {
    "purchases": {"metric": "Purchase", "namespace": "Shop", "better_by": "0%", "looks": "once"},
    "sample": {"requests_at_least": 50},
    "split": {"share_within": "50%"},
}
LIMIT = {"failing": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 2, "of": 3}}


TEST = {"strategy": "ab_test", "stages": [{"share": 30, "bake": "20s"}], "gates": GATES, "guardrails": LIMIT}
"""A policy for an A/B test in seconds, as a person types it into the form."""


class Shop:
    """The application that counts purchases: for every second that has passed, in proportion to the shares, at each model's rate."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.told_until: datetime | None = None

    def publish(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Tell CloudWatch of all seconds since the last look, however long ago on a busy machine that was."""
        models = {each.variant: each.model for each in (plan.baseline, *plan.challengers)}
        latest = now.replace(microsecond=0)
        since = self.told_until or latest - _SECOND
        seconds = [since + _SECOND * number for number in range(1, (latest - since) // _SECOND + 1)]
        for variant, share in decision.state.placement.shares.items():
            if seconds and share:
                data = [make_datum(variant, RATES[models[variant]], 5 * share, second) for second in seconds]
                self.aws.cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
        self.told_until = latest


def make_datum(variant: str, rate: float, count: float, second: datetime) -> Any:
    """What one variant's users did in a second: so many ones and zeroes that their mean is about the rate."""
    names = {"EndpointName": ENDPOINT, "VariantName": variant}
    return {
        "MetricName": "Purchase",
        "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
        "Timestamp": second,
        "Values": [1.0, 0.0],
        "Counts": [round(count * (rate + 0.01 * (second.second % 3))), round(count * (1 - rate))],
        "StorageResolution": 1,
    }


@pytest.mark.parametrize(
    ("models", "outcome"),
    [(("broken-v7", "fraud-v7"), Outcome.PROMOTED), (("broken-v7",), Outcome.ROLLED_BACK)],
)
def test_the_run_ends_as_its_challengers_deserve(account, models, outcome):
    """A broken challenger leaves and the better one is promoted; alone, the broken one is taken back."""
    account.restore()

    typed = yaml.safe_dump(yaml.safe_load(POLICY) | TEST)
    run = play(ask_for(models[0], typed, challengers=list(models[1:])), Shop(account.owner).publish, ab_test)

    assert run.state.name == str(outcome).replace("_", " ").capitalize(), run.state.message
    assert run.result.outcome is outcome
    assert account.is_on_baseline() is (outcome is Outcome.ROLLED_BACK)
    (live,) = account.live()["ProductionVariants"]
    assert live["VariantName"] == "AllTraffic"
