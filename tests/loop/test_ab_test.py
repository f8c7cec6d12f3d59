"""A/B tests on the simulated AWS: the better challenger wins, a bad one leaves, and where nobody is better the baseline stays."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from policies.errors import PreflightError
from policies.lifecycle import Outcome, Phase
from rollway.aws.session import Aws
from rollway.sandbox.fault_menu import InstanceQuota
from tests.loop.rehearsal import CONFIG, ENDPOINT, POLICY, ROLE, Rehearsal, model
from tests.loop.test_trouble import at, log

TEST: dict[str, Any] = {
    "strategy": "ab_test",
    "stages": [{"share": 30, "bake": "12m"}],
    "gates": {
        "purchases": {"metric": "Purchase", "namespace": "Shop", "better_by": "0%"},
        "sample": {"requests_at_least": 100},
    },
    "guardrails": {"failing": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 2, "of": 3}},
    "extend_at_most": "10m",
}
HELD_OUT = {"stages": [*TEST["stages"], {"share": 90, "bake": "3m"}]}
MINUTE = timedelta(minutes=1)


@dataclass
class Shop:
    """An application that buys at the rate of the model that answered, and publishes every minute what came of each request."""

    rates: dict[str, float]
    told: dict[str, int] = field(default_factory=dict)
    rng: random.Random = field(default_factory=lambda: random.Random(5))
    models: dict[str, str] | None = None
    aws: Aws | None = None

    def __call__(self, rehearsal: Rehearsal) -> None:
        """Publish once a minute, one value for each request: 1 where something was bought."""
        models = self.models or models_of(rehearsal)
        if rehearsal.clock.now().second != 50 or not models:
            return
        for variant, served in rehearsal.served.items():
            count = served - self.told.get(variant, 0)
            self.told[variant] = served
            bought = sum(self.rng.random() < self.rates[models[variant]] for _ in range(count))
            dimensions = [{"Name": "EndpointName", "Value": ENDPOINT}, {"Name": "VariantName", "Value": variant}]
            both = ((1.0, bought), (0.0, count - bought))
            values = [(value, float(times)) for value, times in both if times]
            if values:
                datum = {"MetricName": "Purchase", "Dimensions": dimensions}
                datum |= {"Values": [value for value, _ in values], "Counts": [times for _, times in values]}
                (self.aws or rehearsal.aws).cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])


def models_of(rehearsal: Rehearsal) -> dict[str, str]:
    """Model by variant, in the rollout that this process drives; nothing where there is none."""
    plan = rehearsal.rollout.plan if rehearsal.rollout else None
    return {each.variant: each.model for each in (plan.baseline, *plan.challengers)} if plan else {}


def play(rehearsal: Rehearsal, rates: dict[str, float], aws: Aws | None = None, **more: Any):
    """Play a test of fraud-v7 and fraud-v8 against fraud-v6, which sell at these rates."""
    rehearsal.models.setdefault("fraud-v8", model(11, failing=0.002))
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
    create = {"ModelName": "fraud-v8", "PrimaryContainer": container, "ExecutionRoleArn": ROLE}
    rehearsal.cloud.call("CreateModel", create)
    rehearsal.publish = Shop(rates, aws=aws)
    rehearsal.rate_per_s = 5.0
    return rehearsal.drive(rehearsal.begin(TEST | more, rivals=("fraud-v8",)))


def live_models(rehearsal: Rehearsal) -> list[str]:
    """The models that the endpoint's configuration serves."""
    config = rehearsal.config(rehearsal.endpoint()["EndpointConfigName"])
    return [each["ModelName"] for each in config["ProductionVariants"]]


def test_the_better_challenger_is_promoted_after_its_hold_out(rehearsal: Rehearsal) -> None:
    """Of three arms the one that sells most wins, serves beside a held-out baseline for a while, and takes the baseline's name."""
    shares: list[dict[str, float]] = []
    rehearsal.watch = lambda rehearsal, decision: (
        shares.append(
            {each["VariantName"]: each["CurrentWeight"] for each in rehearsal.endpoint()["ProductionVariants"]}
        )
        if decision.state.phase is Phase.BAKING
        else None
    )

    ending = play(rehearsal, {"fraud-v6": 0.1, "fraud-v7": 0.1, "fraud-v8": 0.25}, **HELD_OUT)

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert live_models(rehearsal) == ["fraud-v8"]
    assert shares[0] == {"AllTraffic": 40, "candidate": 30, "candidate-2": 30}
    assert shares[-1] == {"AllTraffic": 10, "candidate": 0, "candidate-2": 90}
    assert rehearsal.schedules() == []
    assert rehearsal.rollout is not None
    chronicle = rehearsal.rollout.journal.read()
    assert (chronicle.plan.candidate.model, chronicle.state.winner) == ("fraud-v8", "candidate-2")


def test_where_nobody_is_better_the_baseline_stays(rehearsal: Rehearsal) -> None:
    """A test that is over without a winner ends INCONCLUSIVE on the very configuration that it came from, and says how everyone stood."""
    ending = play(rehearsal, dict.fromkeys(("fraud-v6", "fraud-v7", "fraud-v8"), 0.1))

    assert ending.outcome is Outcome.INCONCLUSIVE
    assert "nobody has won" in ending.reason
    assert ending.reason.count("Purchase is 0.") == 2
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]


def test_a_failing_challenger_leaves_and_the_others_go_on(rehearsal: Rehearsal) -> None:
    """Who breaks a guardrail gives its share to the baseline by weights; the other one is still tested, and wins."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.5)

    ending = play(rehearsal, {"fraud-v6": 0.1, "fraud-v7": 0.1, "fraud-v8": 0.25})

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert live_models(rehearsal) == ["fraud-v8"]
    left = next(each for each in rehearsal.decisions if each.state.out)
    assert left.state.out.keys() == {"candidate"}
    after = next(each for each in rehearsal.decisions if each.state.out and each.state.phase is Phase.BAKING)
    assert after.state.placement.shares == {"AllTraffic": 70, "candidate": 0, "candidate-2": 30}


def test_when_every_challenger_fails_the_endpoint_goes_back(rehearsal: Rehearsal) -> None:
    """The last to fail ends the test ROLLED_BACK, and the reason names every one of them."""
    rehearsal.models |= {"fraud-v7": model(3, failing=0.5), "fraud-v8": model(4, failing=0.5)}

    ending = play(rehearsal, dict.fromkeys(("fraud-v6", "fraud-v7", "fraud-v8"), 0.1))

    assert ending.outcome is Outcome.ROLLED_BACK
    assert {"fraud-v7: failing", "fraud-v8: failing"} <= {
        part[:17] for part in ending.reason.replace("— ", "; ").split("; ")
    }
    assert live_models(rehearsal) == ["fraud-v6"]


def test_several_models_need_an_ab_test(rehearsal: Rehearsal) -> None:
    """A canary of two models, and a challenger named twice, are refused before anything is touched."""
    with pytest.raises(PreflightError, match="strategy canary is for one"):
        rehearsal.begin(POLICY, rivals=("fraud-v6",))
    with pytest.raises(PreflightError, match="named more than once"):
        rehearsal.begin(TEST, rivals=("fraud-v7",))


def test_idle_challengers_give_their_instances_back_where_the_promotion_lacks_some(rehearsal: Rehearsal) -> None:
    """A quota that the loser's idle instances fill costs the promotion one try: they are freed, and the winner is promoted."""
    stages = [{"share": 30, "bake": "12m", "instances": 3}, {"share": 90, "bake": "3m", "instances": 3}]
    rehearsal.watch = at(Phase.PROMOTING, 1, lambda each: each.cloud.plant(InstanceQuota(instances=8)))

    ending = play(rehearsal, {"fraud-v6": 0.1, "fraud-v7": 0.1, "fraud-v8": 0.25}, stages=stages)

    asked = [each for each in log(rehearsal) if each.operation.startswith("UpdateEndpoint")]
    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert live_models(rehearsal) == ["fraud-v8"]
    assert [each.outcome for each in asked[-3:]] == ["ResourceLimitExceeded", "ok", "ok"]
    assert '"VariantName": "candidate", "DesiredInstanceCount": 1' in asked[-2].parameters
