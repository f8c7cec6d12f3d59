"""A/B tests on the command line: what is planned, where each arm stands, whom users are assigned to, and what is not understood."""

import asyncio
import shlex
from datetime import timedelta
from typing import Any

import pytest
import yaml

from policies.lifecycle import Phase
from rollway.assignment import assign
from tests.cli.playing import JOURNAL, current_lease
from tests.loop import test_ab_test as contest
from tests.loop.rehearsal import ENDPOINT, ROLE, model

TEST: dict[str, Any] = {
    "strategy": "ab_test",
    "stages": [{"share": 30, "bake": "2h"}],
    "gates": {
        "purchases": {"metric": "Purchase", "namespace": "Shop", "better_by": "1%"},
        "sample": {"requests_at_least": 10},
        "split": {"share_within": "90%"},
    },
    "guardrails": {"failing": {"metric": "Invocation5XXErrors", "at_most": 0.5, "breaches": 1, "of": 1}},
    "metrics": {"look_every": "1m"},
    "deadline": "6h",
}
MODELS = ("--model", "fraud-v7", "--model", "fraud-bad")


@pytest.fixture
def file(policy_file):
    """A policy file for an A/B test."""
    return policy_file(**TEST)


def publish(rehearsal, hours: int) -> None:
    """Publish a baseline's values, a tenth of which are purchases, for the last hours."""
    names = {"EndpointName": ENDPOINT, "VariantName": "AllTraffic"}
    for hour in range(1, hours + 1):
        datum = {
            "MetricName": "Purchase",
            "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
            "Timestamp": rehearsal.now() - timedelta(hours=hour),
            "Values": [1.0, 0.0],
            "Counts": [600.0 + 20 * (hour % 3), 5400.0],
        }
        rehearsal.aws.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[datum])


def look_until(rehearsal, done) -> None:
    """Let the process that drives the test look until something is so."""
    while not done(rehearsal.rollout.state):
        decision = asyncio.run(rehearsal.rollout.tick(rehearsal.now()))
        rehearsal.pass_time(decision.next_look)


def test_the_plan_names_every_arm_and_the_effect_that_can_be_shown(player, rehearsal, file):
    """Challengers, shares, what happens if nobody wins, and from the baseline's values how small an effect the test can show."""
    publish(rehearsal, 48)

    said = player.play("plan", ENDPOINT, *MODELS, "--policy", file)

    assert said.code == 0, said.err
    text = " ".join(said.out.split())
    for part in (
        "fraud-v7 or fraud-bad",
        "AllTraffic 40 %, candidate 30 %, candidate-2 30 %",
        "nobody is shown to be better within 3h: fraud-v6 stays",
        "Purchase is 0.10",
        "within 2h, or by ",
    ):
        assert part in text
    document = player.play("plan", ENDPOINT, *MODELS, "--policy", file, "--output", "json").document
    assert [rival["model"] for rival in document["rivals"]] == ["fraud-bad"]


def test_a_metric_that_nobody_publishes_is_said_before(player, file):
    """Without the baseline's values the plan says which dimensions they are expected under."""
    said = player.play("plan", ENDPOINT, *MODELS, "--policy", file)

    assert "hardly a value in the last week" in " ".join(said.out.split())
    assert "'VariantName': 'AllTraffic'" in " ".join(said.out.split())


def test_status_tells_the_arms_and_the_assignment(player, rehearsal):
    """Each arm with its share, who has left and why, and the arguments by which an application assigns its users."""
    rehearsal.begin(TEST, rivals=("fraud-bad",))
    look_until(rehearsal, lambda state: bool(state.out) and state.phase is Phase.BAKING)

    rollout = player.play("status", ENDPOINT, "--journal", JOURNAL, "--output", "json").document["rollout"]

    stands = {arm["model"]: (arm["share"], arm["stands"].split(":")[0]) for arm in rollout["arms"]}
    assert stands == {
        "fraud-v6": (70, "baseline"),
        "fraud-v7": (30, "in the test"),
        "fraud-bad": (0, "left the test"),
    }
    assert {assign(f"user-{number}", **rollout["assignment"]) for number in range(50)} == {"AllTraffic", "candidate"}
    text = player.play("status", ENDPOINT, "--journal", JOURNAL).out
    assert "candidate-2 · fraud-bad · 0 % · left the test: failing" in " ".join(text.split())


def test_promote_now_has_to_mean_somebody(player, rehearsal):
    """While several compete, promoting at once is refused, and so is heeding a signal that comes all the same."""
    rehearsal.begin(TEST, rivals=("fraud-bad",))
    rehearsal.models["fraud-bad"] = rehearsal.models["fraud-v7"]
    look_until(rehearsal, lambda state: state.phase is Phase.BAKING)

    said = player.play("promote-now", ENDPOINT, "--reason", "now", "--journal", JOURNAL)
    rehearsal.signal("promote_now")
    asyncio.run(rehearsal.rollout.tick(rehearsal.now()))

    assert said.code == 2
    assert "still compete" in said.err
    assert rehearsal.rollout.state.phase is Phase.BAKING


def test_the_documented_test_is_planned_and_run(player, rehearsal, tmp_path, monkeypatch):
    """The commands of the how-to: a plan by the policy that ships, then a short test in which, without any values, nobody wins."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROLLWAY_JOURNAL", JOURNAL)
    rehearsal.models["fraud-v8"] = model(10)
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
    create = {"ModelName": "fraud-v8", "PrimaryContainer": container, "ExecutionRoleArn": ROLE}
    rehearsal.cloud.call("CreateModel", create)
    quick = TEST | {"stages": [{"share": 30, "bake": "3m"}], "extend_at_most": "1m"}
    (tmp_path / "checkout.yaml").write_text(yaml.safe_dump(quick), "utf-8")

    def play(command: str):
        return player.play(*shlex.split(command)[1:])

    plan = play("rollway plan fraud-prod --model fraud-v7 --model fraud-v8 --policy ab_test")
    run = play("rollway run fraud-prod --model fraud-v7 --model fraud-v8 --policy checkout.yaml")
    status = play("rollway status fraud-prod --output json")

    assert (plan.code, run.code) == (0, 5), run.err
    assert "5 %, candidate 95 %, candidate-2 0 %" in " ".join(plan.out.split())
    assert "nobody has won" in run.out
    assert (status.document["rollout"]["outcome"], status.document["rollout"]["assignment"]) == ("INCONCLUSIVE", None)


@pytest.fixture
def contested(player, rehearsal, policy_file):
    """A test played by ``rollway run``: its first challenger fails and is removed, its second sells best and is promoted."""
    rehearsal.models["fraud-v8"] = model(10)
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
    create = {"ModelName": "fraud-v8", "PrimaryContainer": container, "ExecutionRoleArn": ROLE}
    rehearsal.cloud.call("CreateModel", create)
    arms = {"AllTraffic": "fraud-v6", "candidate": "fraud-bad", "candidate-2": "fraud-v8"}
    rehearsal.publish = contest.Shop({"fraud-v6": 0.1, "fraud-bad": 0.1, "fraud-v8": 0.25}, models=arms)
    rehearsal.rate_per_s = 5.0
    models = ("--model", "fraud-bad", "--model", "fraud-v8")
    where = ("--policy", policy_file(**contest.TEST), "--journal", JOURNAL)
    return lambda *more: player.play("run", ENDPOINT, *models, *where, *more)


def test_the_model_that_serves_is_named_and_not_the_first(player, rehearsal, contested):
    """The final line, ``status`` and the lease name the challenger that was promoted, not the first one, which was removed."""
    said = contested()

    line = " ".join(said.out.split())
    (past,) = current_lease(rehearsal).history
    text = " ".join(player.play("status", ENDPOINT, "--journal", JOURNAL).out.split())
    overview = " ".join(player.play("status", "--journal", JOURNAL).out.split())
    assert said.code == 0, said.err
    assert line.startswith("PROMOTED")
    assert f"fraud-v8 serves all traffic of {ENDPOINT}" in line
    assert past.model == "fraud-v8"
    assert "fraud-v6 → fraud-v8" in text
    assert "arm candidate-2 · fraud-v8 · 100 % · winner" in text
    assert "arm AllTraffic · fraud-v6 · 0 % · baseline" in text
    assert f"{ENDPOINT} fraud-v8 started" in overview
    assert "PROMOTED · fraud-v8 serves all traffic" in overview


def test_a_model_that_was_removed_is_not_tried_again_by_itself(player, contested, policy_file):
    """The brake knows the challenger that was removed, whichever model the test promoted."""
    assert contested().code == 0

    again = player.play(
        "run", ENDPOINT, "--model", "fraud-bad", "--policy", policy_file(), "--journal", JOURNAL, "--automatic"
    )

    assert again.code != 0
    assert "fraud-bad was removed from its last A/B test" in " ".join(again.err.split())
