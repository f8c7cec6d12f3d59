"""Schedules and groups are created, replaced, listed and deleted as the real Scheduler does it, and refused as it would."""

import json
from datetime import timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.settings import SandboxSettings
from tests.sandbox.scheduler.conftest import QUEUE, ROLE, TARGET, UNIVERSAL, Ask, Seconds, definition, target

MINUTE = timedelta(minutes=1)


def refusal(ask: Ask, operation: str, **members: object) -> Refusal:
    """Make a request that must be refused, and return how."""
    with pytest.raises(Refusal) as caught:
        ask(operation, **members)
    return caught.value


def test_get_gives_back_what_was_created(ask: Ask, clock: VirtualClock) -> None:
    """Everything defined comes back, with AWS's defaults for the rest and names and dates of its own."""
    start = clock.now() + 5 * MINUTE
    sent = definition(
        StartDate=start, Description="brings the traffic back", Target=target(DeadLetterConfig={"Arn": QUEUE})
    )
    arn = ask("CreateSchedule", **sent, ClientToken="t")["ScheduleArn"]
    assert arn == "arn:aws:scheduler:us-east-1:123456789012:schedule/default/switch"
    expected_target = {
        **sent["Target"],
        "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
    }
    assert ask("GetSchedule", Name="switch") == {
        **sent,
        "Arn": arn,
        "GroupName": "default",
        "State": "ENABLED",
        "ScheduleExpressionTimezone": "UTC",
        "ActionAfterCompletion": "NONE",
        "Target": expected_target,
        "CreationDate": clock.now(),
        "LastModificationDate": clock.now(),
    }


def test_update_replaces_everything(ask: Ask, clock: VirtualClock, pass_time: Seconds) -> None:
    """What an update leaves out has its default again: a heartbeat that forgets the end date loses it."""
    end, policy = clock.now() + 9 * MINUTE, {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    more = {"Description": "d", "State": "DISABLED", "EndDate": end, "ActionAfterCompletion": "DELETE"}
    ask("CreateSchedule", **definition(Target=target(RetryPolicy=policy), **more))
    created = clock.now()
    pass_time(30)
    ask("UpdateSchedule", **definition())
    found = ask("GetSchedule", Name="switch")
    assert not {"Description", "EndDate"} & found.keys()
    assert (found["State"], found["ActionAfterCompletion"]) == ("ENABLED", "NONE")
    assert found["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 185
    assert (found["CreationDate"], found["LastModificationDate"]) == (created, clock.now())


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"Name": "a b"}, "at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern"),
        ({"Name": "x" * 65}, "length less than or equal to 64"),
        ({"FlexibleTimeWindow": None}, "Value null at 'flexibleTimeWindow'"),
        ({"FlexibleTimeWindow": {"Mode": "SOMETIMES"}}, "enum value set: [OFF, FLEXIBLE]"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 3}}, "MaximumWindowInMinutes"),
        ({"State": "on"}, "enum value set: [ENABLED, DISABLED]"),
        ({"Target": target(RetryPolicy={"MaximumRetryAttempts": 186})}, "less than or equal to 185"),
        ({"Target": target(RetryPolicy={"MaximumEventAgeInSeconds": 59})}, "greater than or equal to 60"),
        ({"Target": target(DeadLetterConfig={"Arn": QUEUE + ".fifo"})}, "deadLetterConfig.arn"),
        ({"ScheduleExpression": "every minute"}, '"every minute" is no schedule'),
        ({"ScheduleExpression": "rate(0 minutes)"}, "is no schedule"),
        ({"ScheduleExpression": "at(2026-02-30T12:00:00)"}, "a moment that does not exist"),
        ({"ScheduleExpression": "cron(0 12 * * ? *)"}, "Not part of the simulated AWS: cron"),
        ({"ScheduleExpression": "at(2026-07-01T12:00:00)", "ScheduleExpressionTimezone": "Mars"}, 'no time zone "Mars"'),
        ({"Target": target(RoleArn="arn:aws:iam::999999999999:role/other")}, "must allow AWS EventBridge Scheduler"),
        ({"Target": target(RoleArn="arn:aws-cn:iam::123456789012:role/other")}, "must allow AWS EventBridge Scheduler"),
        ({"Target": target(Arn="arn:aws:sqs:us-east-1:123456789012:q")}, "Not part of the simulated AWS: a schedule"),
        ({"Target": target(Arn=TARGET.replace("aws:", "aws-cn:", 1))}, "Not part of the simulated AWS: a schedule"),
        ({"Target": target(Arn=f"{UNIVERSAL}:describeEndpoint")}, "Not part of the simulated AWS: a schedule"),
        ({"Target": target(Arn=f"{UNIVERSAL}:startPipelineExecution")}, "Not part of the simulated AWS: a schedule"),
        ({"Target": target(Input="EndpointName=shop")}, "Input is no JSON"),
        ({"Target": target(Input="[]")}, "must be a JSON object"),
    ],
)  # fmt: skip
def test_what_aws_refuses(ask: Ask, members: dict[str, Any], told: str) -> None:
    """A definition that is out of its limits, or that could never work, is refused with status 400 and the reason."""
    refused = refusal(ask, "CreateSchedule", **{**definition(), **members})
    assert (refused.code, refused.status) == ("ValidationException", 400)
    assert told in refused.message
    assert ask("ListSchedules") == {"Schedules": []}


def test_start_dates_of_the_past(ask: Ask, clock: VirtualClock) -> None:
    """AWS takes a start date of five minutes ago and none before; one-time schedules may have any."""
    ask("CreateSchedule", **definition(StartDate=clock.now() - 5 * MINUTE))
    for operation in ("CreateSchedule", "UpdateSchedule"):
        early = definition("switch" if operation == "UpdateSchedule" else "other", StartDate=clock.now() - 6 * MINUTE)
        refused = refusal(ask, operation, **early)
        assert refused.message == "The StartDate you specify cannot be earlier than 5 minutes ago."
        ask(operation, **{**early, "ScheduleExpression": "at(2026-07-01T12:00:00)"})
    swapped = {"StartDate": clock.now() + MINUTE, "EndDate": clock.now() + MINUTE}
    assert "must be later" in refusal(ask, "UpdateSchedule", **definition(**swapped)).message


def test_refused_update_changes_nothing(ask: Ask) -> None:
    """A schedule whose replacement is refused stands as it was."""
    ask("CreateSchedule", **definition())
    before = ask("GetSchedule", Name="switch")
    refusal(ask, "UpdateSchedule", **definition(ScheduleExpression="rate(1 fortnight)"))
    assert ask("GetSchedule", Name="switch") == before


def test_names_that_are_taken_or_unknown(ask: Ask) -> None:
    """A taken name is a conflict (409), an unknown one is not found (404), in its own group only."""
    ask("CreateScheduleGroup", Name="rollway")
    ask("CreateSchedule", **definition(), GroupName="rollway")
    found = [
        refusal(ask, "CreateSchedule", **definition(), GroupName="rollway"),
        refusal(ask, "CreateScheduleGroup", Name="rollway"),
        refusal(ask, "GetSchedule", Name="switch"),
        refusal(ask, "DeleteSchedule", Name="switch", GroupName="default"),
        refusal(ask, "UpdateSchedule", **definition(), GroupName="none"),
        refusal(ask, "CreateSchedule", **definition(), GroupName="none"),
        refusal(ask, "ListSchedules", GroupName="none"),
        refusal(ask, "GetScheduleGroup", Name="none"),
        refusal(ask, "DeleteScheduleGroup", Name="none"),
    ]
    assert [(one.code, one.status) for one in found] == [
        *[("ConflictException", 409)] * 2,
        *[("ResourceNotFoundException", 404)] * 7,
    ]


def test_repeated_change_with_its_token_is_the_same_change(ask: Ask) -> None:
    """A client that lost an answer sends its token again, and is answered again; nothing happens twice."""
    for operation in ("CreateSchedule", "UpdateSchedule"):
        assert ask(operation, **definition(), ClientToken="one") == ask(operation, **definition(), ClientToken="one")
    created = [ask("CreateScheduleGroup", Name="g", ClientToken="one") for _ in range(2)]
    assert created[0] == created[1]
    assert [ask("DeleteSchedule", Name="switch", ClientToken="two") for _ in range(2)] == [{}, {}]
    assert refusal(ask, "DeleteSchedule", Name="switch", ClientToken="three").status == 404
    ask("CreateSchedule", **definition(), ClientToken="one")
    assert refusal(ask, "CreateSchedule", **definition(), ClientToken="other").status == 409
    assert len(ask("ListSchedules")["Schedules"]) == 1


def test_lists_are_narrowed_and_paged(ask: Ask) -> None:
    """Lists can be narrowed by group, prefix and state, and their pages together are everything, once."""
    ask("CreateScheduleGroup", Name="rollway")
    for group, name, state in (("default", "a", "ENABLED"), ("rollway", "a", "DISABLED"), ("rollway", "b", "ENABLED")):
        ask("CreateSchedule", **definition(name, GroupName=group, State=state))

    def listed(**members: object) -> list[tuple[str, str]]:
        return [(one["GroupName"], one["Name"]) for one in ask("ListSchedules", **members)["Schedules"]]

    assert listed(GroupName="rollway") == [("rollway", "a"), ("rollway", "b")]
    assert listed(NamePrefix="a", State="DISABLED") == [("rollway", "a")]
    first = ask("ListSchedules", MaxResults=2)
    rest = ask("ListSchedules", MaxResults=2, NextToken=first["NextToken"])
    assert [one["Arn"].rpartition("/")[2] for one in first["Schedules"] + rest["Schedules"]] == ["a", "a", "b"]
    assert "NextToken" not in rest
    assert first["Schedules"][0]["Target"] == {"Arn": TARGET}
    groups = ask("ListScheduleGroups", NamePrefix="r")["ScheduleGroups"]
    assert [(group["Name"], group["State"]) for group in groups] == [("rollway", "ACTIVE")]


def test_deleting_a_group_deletes_its_schedules(ask: Ask) -> None:
    """A group takes its schedules with it, and leaves those of others; the default group stays."""
    ask("CreateScheduleGroup", Name="rollway")
    ask("CreateSchedule", **definition(GroupName="rollway"))
    ask("CreateSchedule", **definition())
    ask("DeleteScheduleGroup", Name="rollway")
    assert [one["GroupName"] for one in ask("ListSchedules")["Schedules"]] == ["default"]
    assert "default" in refusal(ask, "DeleteScheduleGroup", Name="default").message


def test_other_parts_of_the_world(clock: VirtualClock) -> None:
    """An account in China has roles, targets and schedules of its own partition."""
    cloud = Cloud(clock, SandboxSettings(region="cn-north-1"))
    china = json.loads(json.dumps(definition()).replace("arn:aws:", "arn:aws-cn:"))
    arn = cloud.scheduler.answer("CreateSchedule", china)["ScheduleArn"]
    assert arn == "arn:aws-cn:scheduler:cn-north-1:123456789012:schedule/default/switch"
    with pytest.raises(Refusal, match="must allow"):
        cloud.scheduler.answer("CreateSchedule", definition("other", Target=target(RoleArn=ROLE)))
