"""An invocation that comes to nothing becomes a message for the schedule's queue, and says why."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rollway.sandbox.cloud import Cloud
from tests.sandbox.scheduler.conftest import QUEUE, TARGET, Ask, Seconds, target

DEAD = {"DeadLetterConfig": {"Arn": QUEUE}}


def test_letter_about_a_refused_call(cloud: Cloud, create: Ask, shop: str, pass_time: Seconds) -> None:
    """What SageMaker said is in the letter's attributes, named as AWS names them, and the request in its body."""
    gone = target({"nobody": 1}, **DEAD)
    arn = create(Target=gone)["ScheduleArn"]
    pass_time(0)
    (letter,) = cloud.scheduler.undelivered
    attributes = dict(letter.attributes)
    assert (letter.queue, letter.body) == (QUEUE, gone["Input"])
    assert len(attributes.pop("EXECUTION_ID")) == 36
    assert "nobody" in attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "ERROR_CODE": "ValidationException",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": "2026-06-01T12:01:00Z",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": TARGET,
    }
    assert cloud.endpoints.is_settled(shop)


@pytest.mark.usefixtures("shop")
def test_letters_about_calls_that_are_too_old(cloud: Cloud, create: Ask, pass_time: Seconds) -> None:
    """Calls that a pause made older than the schedule allows are not made; their letters name the limit."""
    policy = {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    create(Target=target(RetryPolicy=policy, **DEAD))
    pass_time(660)
    letters = [letter.attributes for letter in cloud.scheduler.undelivered]
    assert [letter["SCHEDULED_TIME"][11:16] for letter in letters] == ["12:01", "12:06"]
    assert {letter["EXHAUSTED_RETRY_CONDITION"] for letter in letters} == {"MaximumEventAgeInSeconds"}
    assert "the limit is 0:01:00" in letters[0]["ERROR_MESSAGE"]


@pytest.mark.usefixtures("shop")
def test_no_queue_no_letter(cloud: Cloud, create: Ask, firings: Callable[[], list[float]], pass_time: Seconds) -> None:
    """A schedule that names no queue fails in silence, but for the request log."""
    create(Target=target({"nobody": 1}))
    pass_time(0)
    assert (len(firings()), list(cloud.scheduler.undelivered)) == (1, [])


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"EndpointName": 5, "DesiredWeightsAndCapacities": []}, "Invalid type for parameter EndpointName"),
        ({"endpointName": "shop", "DesiredWeightsAndCapacities": []}, 'Unknown parameter in input: "endpointName"'),
        ({}, 'Missing required parameter in input: "EndpointName"'),
    ],
)
def test_input_that_sagemaker_does_not_understand(
    cloud: Cloud, create: Ask, pass_time: Seconds, payload: dict[str, Any], told: str
) -> None:
    """A misspelled or wrongly typed input is accepted, as in AWS, and comes to nothing when it is needed."""
    create(Target=target(Input=json.dumps(payload), **DEAD))
    pass_time(0)
    (letter,) = cloud.scheduler.undelivered
    assert letter.attributes["ERROR_CODE"] == "ValidationException"
    assert told in letter.attributes["ERROR_MESSAGE"]


def test_context_attributes(cloud: Cloud, create: Ask, pass_time: Seconds) -> None:
    """The input may name its invocation's own facts; AWS puts them in."""
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    text = " ".join(f"<aws.scheduler.{name}>" for name in names)
    arn = create(Target=target(Input=json.dumps({"EndpointName": text}), **DEAD))["ScheduleArn"]
    pass_time(0)
    (letter,) = cloud.scheduler.undelivered
    execution = letter.attributes["EXECUTION_ID"]
    assert json.loads(letter.body) == {"EndpointName": f"{arn} 2026-06-01T12:00:00Z {execution} 1"}
