"""What is said before a rollout starts, when it can be said and when not."""

from datetime import timedelta

from policies.loading import parse_policy
from rollway.aws.session import connect
from rollway.loop.forewarning import Forewarning, forewarn
from rollway.loop.starting import Request, plan_rollout
from tests.loop.rehearsal import ENDPOINT, POLICY


def ask(rehearsal, **changes):
    aws, policy = connect("us-east-1"), parse_policy(POLICY | changes)
    return forewarn(aws, plan_rollout(aws, Request(ENDPOINT, "fraud-v7", policy), rehearsal.now()), rehearsal.now())


def test_all_is_well_in_silence(rehearsal):
    """At traffic with which every gate decides in time (600 requests a minute, simulated) there is nothing to say."""
    rehearsal.pass_time(timedelta(minutes=6))

    assert ask(rehearsal, gates={"latency": {"metric": "latency", "no_worse_than": "100%"}}).lines == ()


def test_each_doubt_is_a_line_and_the_remedy_follows(rehearsal):
    """A gate that cannot decide in time is a line with its stage, and stages to paste come after."""
    rehearsal.pass_time(timedelta(minutes=6))

    said = ask(rehearsal, extend_at_most="0s")

    assert said.unknown == ""
    assert said.lines[0].startswith("may not decide in time at the present traffic: stage 1 (10 %), ")
    assert any(line.startswith("  - {share: 10, bake: ") for line in said.lines)


def test_unknown_traffic_is_said_and_nothing_else(rehearsal):
    """Without any request measured it says so, in one line."""
    said = ask(rehearsal)

    assert said == Forewarning(unknown=said.unknown)
    assert "no request of variant AllTraffic" in said.lines[0]
