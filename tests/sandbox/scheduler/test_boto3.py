"""The real client talks to the simulated Scheduler, in process and over HTTP."""

import json
from collections.abc import Callable, Generator
from datetime import timedelta
from functools import cache, partial
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import LostAnswer
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.server import ControlPlane
from tests.sandbox.scheduler.conftest import QUEUE, Seconds, definition, target

Client = Any  # boto3 makes its clients while it runs


@cache  # botocore reads its models once per session, and that is slow
def session() -> Any:
    return boto3.session.Session("any", "any", region_name="us-east-1")


@cache
def client(service: str, url: str | None = None, attempts: int = 1) -> Client:
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"})
    return session().client(service, endpoint_url=url, config=config)


@pytest.fixture(params=["in process", "over HTTP"])
def aws(request: pytest.FixtureRequest, cloud: Cloud, shop: str) -> Generator[Callable[..., Client]]:
    """A maker of clients, on both ways to the account with the endpoint ``shop``."""
    del shop
    if request.param == "in process":
        with in_process(cloud):
            yield client
        return
    plane = ControlPlane(cloud)
    plane.start()
    yield partial(client, url=plane.url)
    plane.stop()


@pytest.fixture
def scheduler(aws: Callable[..., Client]) -> Client:
    """A client of the Scheduler, with the group ``rollway``."""
    made = aws("scheduler")
    made.create_schedule_group(Name="rollway", Tags=[{"Key": "team", "Value": "fraud"}])
    return made


def test_everything_defined_survives_the_wire(scheduler: Client, clock: VirtualClock) -> None:
    """Times, numbers and structures arrive as they were sent, and come back so."""
    start = clock.now() + timedelta(minutes=5)
    policy = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    sent = definition(
        GroupName="rollway",
        StartDate=start,
        EndDate=start + timedelta(hours=1),
        Target=target(RetryPolicy=policy, DeadLetterConfig={"Arn": QUEUE}),
        ActionAfterCompletion="DELETE",
    )
    arn = scheduler.create_schedule(**sent)["ScheduleArn"]
    found = scheduler.get_schedule(Name="switch", GroupName="rollway")
    assert {member: found[member] for member in sent} == sent
    assert (found["Arn"], found["CreationDate"], found["State"]) == (arn, clock.now(), "ENABLED")
    assert scheduler.update_schedule(**{**sent, "StartDate": start + timedelta(minutes=1)})["ScheduleArn"] == arn
    changed = scheduler.get_schedule(Name="switch", GroupName="rollway")
    assert changed["StartDate"] == start + timedelta(minutes=1)
    scheduler.delete_schedule(Name="switch", GroupName="rollway")
    assert scheduler.list_schedules(GroupName="rollway")["Schedules"] == []


def test_groups_over_the_wire(scheduler: Client, clock: VirtualClock) -> None:
    """Groups are listed and deleted, and their tags are kept as long as they live."""
    group = scheduler.get_schedule_group(Name="rollway")
    assert (group["State"], group["CreationDate"]) == ("ACTIVE", clock.now())
    assert scheduler.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"] == [{"Key": "team", "Value": "fraud"}]
    scheduler.delete_schedule_group(Name="rollway")
    assert [each["Name"] for each in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default"]
    scheduler.create_schedule_group(Name="rollway")
    assert scheduler.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"] == []


def test_refusals_arrive_as_the_services_own_errors(scheduler: Client) -> None:
    """Callers can catch what the service's model names, with the HTTP status of each."""
    scheduler.create_schedule(**definition())
    errors = scheduler.exceptions
    cases: list[tuple[Any, int, Callable[[], object]]] = [
        (errors.ConflictException, 409, lambda: scheduler.create_schedule(**definition())),
        (errors.ResourceNotFoundException, 404, lambda: scheduler.get_schedule(Name="none")),
        (errors.ResourceNotFoundException, 404, lambda: scheduler.delete_schedule(Name="switch", GroupName="rollway")),
        (errors.ValidationException, 400, lambda: scheduler.get_schedule(Name="a b")),
        (errors.ValidationException, 400, lambda: scheduler.list_schedules(MaxResults=101)),
    ]
    for error, status, act in cases:
        with pytest.raises(error) as caught:
            act()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_paginator_reaches_the_end(scheduler: Client) -> None:
    """boto3's own paginator follows our tokens, and narrows by group."""
    for name in ("a", "b", "c"):
        scheduler.create_schedule(**definition(name, GroupName="rollway"))
    scheduler.create_schedule(**definition("d"))
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName="rollway", PaginationConfig={"PageSize": 2})
    assert [[one["Name"] for one in page["Schedules"]] for page in pages] == [["a", "b"], ["c"]]


def test_lost_answer_creates_nothing_twice(aws: Callable[..., Client], cloud: Cloud) -> None:
    """boto3 repeats a call whose answer was lost with the token of the first: it succeeds, and there is one schedule."""
    cloud.plant(LostAnswer(operation="*", times=1))
    patient = aws("scheduler", attempts=2)
    patient.create_schedule(**definition())
    cloud.plant(LostAnswer(operation="DeleteSchedule"))
    patient.delete_schedule(Name="switch")
    assert patient.list_schedules()["Schedules"] == []


def test_firing_is_seen_from_outside(
    scheduler: Client, aws: Callable[..., Client], clock: VirtualClock, pass_time: Seconds
) -> None:
    """A schedule made by the client changes the endpoint, with no request of anybody in between."""
    scheduler.create_schedule(**definition(StartDate=clock.now() + timedelta(minutes=5)))
    for seconds in (300, 10):
        pass_time(seconds)
    variants = aws("sagemaker").describe_endpoint(EndpointName="shop")["ProductionVariants"]
    assert [variant["CurrentWeight"] for variant in variants] == [100, 0]


def test_dead_letter_is_received_from_the_queue(
    scheduler: Client, aws: Callable[..., Client], cloud: Cloud, pass_time: Seconds
) -> None:
    """A failed call is a message in the very queue that the schedule names, readable by any client of SQS."""
    queue = aws("sqs").create_queue(QueueName="rollway-dead-letters")["QueueUrl"]
    scheduler.create_schedule(**definition(Target=target({"nobody": 1}, DeadLetterConfig={"Arn": QUEUE})))
    pass_time(0)
    (message,) = aws("sqs").receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"])["EndpointName"] == "shop"
    assert message["MessageAttributes"]["ERROR_CODE"] == {
        "StringValue": "ValidationException",
        "DataType": "String",
    }
    assert "nobody" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert not cloud.scheduler.undelivered


def test_queue_that_does_not_exist(scheduler: Client, cloud: Cloud, pass_time: Seconds) -> None:
    """A letter for a queue that nobody made is dropped, as in AWS; a test can still read it."""
    scheduler.create_schedule(**definition(Target=target({"nobody": 1}, DeadLetterConfig={"Arn": QUEUE})))
    pass_time(0)
    assert [letter.queue for letter in cloud.scheduler.undelivered] == [QUEUE]
