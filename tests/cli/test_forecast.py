"""``rollway forecast``, and the warnings of ``plan`` and ``run``: what is said of simulated traffic before anything starts."""

from datetime import timedelta

import pytest
import yaml

from policies.loading import LIBRARY, parse_policy
from tests.cli.playing import JOURNAL, QUICK
from tests.loop.rehearsal import ENDPOINT

STRICT = {
    "errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.2, "or_absolute": "0.5%"}},
    "latency": {"metric": "latency", "no_worse_than": "10%"},
}


def test_it_reads_well(player):
    """The headline has the traffic, every gate a line, and the remedy is YAML to paste."""
    said = player.play("forecast", "canary", "--requests-per-minute", "200")

    assert said.code == 0
    assert said.out.startswith("canary@")
    assert "200 requests a minute, 1% errors, latency p50" in said.out
    assert "finds at" in said.out
    stages = yaml.safe_load(said.out[said.out.index("stages:\n") :])["stages"]
    assert [stage["share"] for stage in stages] == [5, 25, 50, 95]


def test_its_document(player):
    """The document holds times in seconds, the sentences, and a ladder that a policy file takes as it is."""
    said = player.play("forecast", "canary", "--requests-per-minute", "200", "--output", "json")

    document = said.document
    assert set(document) == {"policy", "traffic", "stages", "in_time", "doubts", "advice", "changed"}
    assert document["traffic"]["requests_per_minute"] == 200
    assert (document["in_time"], document["changed"]) == (False, False)
    shipped = yaml.safe_load((LIBRARY / "canary.yaml").read_text("utf-8"))
    assert parse_policy(shipped | {"stages": document["advice"]["stages"]}).stages


def test_errors_and_latencies_change_it(player):
    """What the service is like is taken from the options."""
    options = ("--errors", "0.1%", "--latency-p50", "80ms", "--latency-p99", "1.5s", "--output", "json")

    traffic = player.play("forecast", "canary", "--requests-per-minute", "500", *options).document["traffic"]

    assert traffic["error_rates"]["errors_5xx"] == 0.001
    assert traffic["latency_p50_ms"] == pytest.approx(80, rel=0.05)
    assert traffic["latency_p99_ms"] == pytest.approx(1500, rel=0.05)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "either --endpoint NAME or --requests-per-minute"),
        (("--requests-per-minute", "500", "--endpoint", "x"), "either --endpoint NAME or --requests-per-minute"),
        (("--requests-per-minute", "0"), "0 requests a minute"),
        (("--requests-per-minute", "500", "--errors", "1"), "no percentage"),
        (("--requests-per-minute", "500", "--latency-p50", "50"), "no latency"),
        (("--requests-per-minute", "500", "--latency-p50", "1s"), "p99 above p50"),
    ],
)
def test_impossible_questions_are_refused(player, options, told):
    """A wrong option exits 2 and says what is wrong with it."""
    said = player.play("forecast", "canary", *options)

    assert said.code == 2
    assert told in said.err


def test_the_live_endpoint_is_measured(player, policy_file):
    """The simulated endpoint's 60 requests a minute, none failed, and its latencies are what is forecast for; nothing changes."""
    player.rehearsal.pass_time(timedelta(minutes=15))
    changes, policy = player.changes(), policy_file(gates=QUICK["gates"] | STRICT)

    said = player.play("forecast", policy, "--endpoint", ENDPOINT, "--output", "json")

    assert said.code == 0
    traffic = said.document["traffic"]
    assert traffic["requests_per_minute"] == pytest.approx(60, rel=0.1)
    assert set(traffic["error_rates"].values()) == {0.0}
    assert traffic["latency_p50_ms"] == pytest.approx(50, rel=0.15)
    assert player.changes() == changes


def test_an_endpoint_without_traffic_is_refused(player, policy_file):
    """Without a request there is nothing to forecast for; the hint says how to give the traffic instead."""
    said = player.play("forecast", policy_file(), "--endpoint", ENDPOINT)

    assert said.code == 2
    assert "no request" in said.err
    assert "--requests-per-minute" in said.err


def test_plan_warns(player, policy_file):
    """A plan whose gates cannot decide at the present traffic says so with a remedy, in words and in its document."""
    player.rehearsal.pass_time(timedelta(minutes=15))
    policy = policy_file(gates=QUICK["gates"] | STRICT, extend_at_most="5m")
    plan = ("plan", ENDPOINT, "--model", "fraud-v7", "--policy", policy)

    said, document = player.play(*plan), player.play(*plan, "--output", "json").document

    assert said.code == 0
    assert "may not decide in time at the present traffic: stage 1 (50 %), latency: needs" in said.out
    assert document["forecast"]["doubts"]
    assert document["forecast"]["remedy"]


def test_run_says_that_the_traffic_is_unknown_and_goes_on(player, policy_file):
    """A run on an endpoint without a request in the last hour says in a line that nothing is known, and starts."""
    said = player.play("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL)

    assert said.code == 0
    assert "whether the gates can decide in time is not known: CloudWatch has no request" in said.err


def test_run_warns_and_goes_on(player, policy_file):
    """A run whose gates cannot decide in time is warned of, and starts all the same."""
    player.rehearsal.pass_time(timedelta(minutes=10))
    policy = policy_file(
        gates=QUICK["gates"] | STRICT, extend_at_most="5m", inconclusive={"otherwise": "roll_back"}, deadline="30m"
    )

    said = player.play("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy, "--journal", JOURNAL)

    assert said.code == 5
    assert "may not decide in time at the present traffic: stage 1 (50 %)" in said.err
    assert said.out.startswith("INCONCLUSIVE")
