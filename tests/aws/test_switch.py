"""The dead-man's switch: what is sent to EventBridge Scheduler, what counts as armed, and what a person is told."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.commands import ArmSwitch
from policies.errors import PermanentAwsError
from policies.switch import SwitchSpec
from rollway.aws.execution import carry_out
from rollway.aws.session import Aws
from rollway.aws.switch import SETUP_PAGE, arm_switch, disarm_switch, put_off
from rollway.sandbox.cloud import Cloud

ROOT = Path(__file__).parents[2]
MINUTE = timedelta(minutes=1)
ARN = "arn:aws:scheduler:us-east-1:123456789012:any"
NO_GROUP = ("ResourceNotFoundException", "Schedule group rollway does not exist.")


def later(command: ArmSwitch, by: timedelta = 5 * MINUTE) -> ArmSwitch:
    return command.model_copy(update={"fires_at": command.fires_at + by})


def schedule(aws: Aws, command: ArmSwitch) -> dict[str, Any]:
    return dict(aws.scheduler.get_schedule(Name=command.switch.name, GroupName=command.switch.group))


def changes(cloud: Cloud) -> list[str]:
    entries = cloud.request_log.entries()
    return [entry.operation for entry in entries if entry.service == "scheduler" and "Get" not in entry.operation]


def test_armed_switch_gives_all_traffic_to_the_baseline(aws: Aws, switch: ArmSwitch) -> None:
    """The schedule makes the one call that brings the traffic back, from its time on, every minute, for its time."""
    result = arm_switch(aws, switch)
    assert result.status == "done"
    assert "from 12:05:10 UTC on" in result.message
    found = schedule(aws, switch)
    assert found["ScheduleExpression"] == "rate(1 minute)"
    assert (found["StartDate"], found["EndDate"]) == (switch.fires_at, switch.fires_at + switch.switch.lasts)
    assert (found["State"], found["FlexibleTimeWindow"]) == ("ENABLED", {"Mode": "OFF"})
    target = found["Target"]
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:updateEndpointWeightsAndCapacities"
    assert target["RoleArn"] == "arn:aws:iam::123456789012:role/rollway-dead-mans-switch"
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert target["DeadLetterConfig"] == {"Arn": "arn:aws:sqs:us-east-1:123456789012:rollway-dead-letters"}
    assert json.loads(target["Input"]) == {
        "EndpointName": "fraud-prod",
        "DesiredWeightsAndCapacities": [
            {"VariantName": "AllTraffic", "DesiredWeight": 100.0},
            {"VariantName": "candidate", "DesiredWeight": 0.0},
        ],
    }


def test_input_is_a_request_that_sagemaker_understands(aws: Aws, switch: ArmSwitch, live: str) -> None:
    """What the schedule sends is checked by SageMaker's own model: nobody sees a mistake in it before it is needed."""
    arm_switch(aws, switch)
    request = json.loads(schedule(aws, switch)["Target"]["Input"])
    request["DesiredWeightsAndCapacities"].pop()  # the live endpoint has no candidate yet
    aws.sagemaker.update_endpoint_weights_and_capacities(**request)
    assert aws.sagemaker.describe_endpoint(EndpointName=live)["EndpointStatus"] == "Updating"


@pytest.mark.parametrize(("minutes", "rate"), [(1, "rate(1 minute)"), (5, "rate(5 minutes)")])
def test_rate_is_spelled_as_scheduler_wants_it(aws: Aws, switch: ArmSwitch, minutes: int, rate: str) -> None:
    """Scheduler turns down "1 minutes" and "5 minute"."""
    slower = switch.switch.model_copy(update={"every": minutes * MINUTE})
    command = switch.model_copy(update={"switch": slower})
    arm_switch(aws, command)
    assert schedule(aws, command)["ScheduleExpression"] == rate


def test_switch_without_a_queue(aws: Aws, switch: ArmSwitch) -> None:
    """A policy that wants no dead letters gets a switch that names no queue."""
    arm_switch(aws, switch)
    plain = switch.model_copy(update={"switch": switch.switch.model_copy(update={"dead_letters": None})})
    assert arm_switch(aws, plain).status == "done"
    assert "DeadLetterConfig" not in schedule(aws, plain)["Target"]


def test_arming_twice_changes_nothing(aws: Aws, cloud: Cloud, switch: ArmSwitch) -> None:
    """A switch that stands as wanted is left alone."""
    assert [arm_switch(aws, switch).status for _ in range(2)] == ["done", "done"]
    assert changes(cloud).count("CreateSchedule") == 1
    assert "UpdateSchedule" not in changes(cloud)


def test_switch_that_differs_is_replaced_whole(aws: Aws, switch: ArmSwitch) -> None:
    """Putting off loses nothing: AWS resets whatever an update leaves out."""
    arm_switch(aws, switch)
    before = schedule(aws, switch)
    assert arm_switch(aws, later(switch)).status == "done"
    after = schedule(aws, switch)
    changed = {member for member in before if before[member] != after.get(member)}
    assert {"StartDate", "EndDate"} <= changed <= {"StartDate", "EndDate", "LastModificationDate", "ResponseMetadata"}


def test_missing_group_is_created(aws: Aws, switch: ArmSwitch) -> None:
    """The first switch of an account makes the group that it belongs to."""
    with Stubber(aws.scheduler) as stub:
        for method in ("get_schedule", "create_schedule"):
            stub.add_client_error(method, *NO_GROUP)
        stub.add_response("create_schedule_group", {"ScheduleGroupArn": ARN}, {"Name": "default"})
        stub.add_response("create_schedule", {"ScheduleArn": ARN})
        stub.add_response("get_schedule", {"Name": switch.switch.name})
        arm_switch(aws, switch)
        stub.assert_no_pending_responses()


def test_group_that_is_not_seen_yet_is_busy(aws: Aws, switch: ArmSwitch) -> None:
    """A group made in this moment, by us or by another rollout, may be unknown to the next request: that passes."""
    with Stubber(aws.scheduler) as stub:
        for method in ("get_schedule", "create_schedule"):
            stub.add_client_error(method, *NO_GROUP)
        stub.add_client_error("create_schedule_group", "ConflictException", "exists already")
        for method in ("create_schedule", "get_schedule"):
            stub.add_client_error(method, *NO_GROUP)
        assert carry_out(aws, switch).status == "busy"
        stub.assert_no_pending_responses()


def test_switch_that_is_not_read_back_is_busy(aws: Aws, switch: ArmSwitch) -> None:
    """What AWS accepted and does not give back as wanted protects nobody: it is not taken for armed."""
    arm_switch(aws, switch)
    old = schedule(aws, switch)
    with Stubber(aws.scheduler) as stub:
        stub.add_response("get_schedule", old)
        stub.add_response("update_schedule", {"ScheduleArn": ARN})
        stub.add_response("get_schedule", old)
        result = arm_switch(aws, later(switch))
    assert result.status == "busy"
    assert "does not give it back as wanted" in result.message


@pytest.mark.parametrize(
    "difference",
    [
        {"State": "DISABLED"},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}},
        {"ScheduleExpression": "rate(1 hour)"},
    ],
)
def test_tampered_switch_is_put_right(aws: Aws, switch: ArmSwitch, difference: dict[str, Any]) -> None:
    """A switch that somebody disabled or slowed down is not taken for armed."""
    arm_switch(aws, switch)
    members = ("Name", "GroupName", "ScheduleExpression", "StartDate", "EndDate", "FlexibleTimeWindow", "Target")
    whole = schedule(aws, switch)
    aws.scheduler.update_schedule(**({member: whole[member] for member in members} | difference))
    assert arm_switch(aws, switch).status == "done"
    assert schedule(aws, switch)["State"] == "ENABLED"
    assert all(schedule(aws, switch)[member] == whole[member] for member in difference)


def test_putting_off_a_switch(aws: Aws, switch: ArmSwitch) -> None:
    """A switch that stands acts later."""
    arm_switch(aws, switch)
    assert put_off(aws, later(switch)).status == "done"
    assert schedule(aws, switch)["StartDate"] == later(switch).fires_at


def test_putting_off_never_brings_a_switch_back(aws: Aws, switch: ArmSwitch) -> None:
    """A process that lost its rollout does not bring back the switch that its successor removed."""
    arm_switch(aws, switch)
    disarm_switch(aws, switch.switch)
    result = put_off(aws, later(switch))
    assert result.status == "refused"
    assert "disarmed it" in result.message
    with pytest.raises(aws.scheduler.exceptions.ResourceNotFoundException):
        schedule(aws, switch)


def test_disarming_is_idempotent(aws: Aws, switch: ArmSwitch) -> None:
    """No switch is left, and having none was all that was wanted."""
    arm_switch(aws, switch)
    assert [disarm_switch(aws, switch.switch).status for _ in range(2)] == ["done", "done"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
@pytest.mark.parametrize("act", [arm_switch, put_off])
def test_what_is_missing_is_named(
    aws: Aws, switch: ArmSwitch, act: Callable[[Aws, ArmSwitch], object], code: str
) -> None:
    """Somebody without the role, the queue or the permission reads their names, and where it is told how to set them up."""
    with Stubber(aws.scheduler) as stub:
        if act is arm_switch:
            stub.add_response("get_schedule", {"Name": switch.switch.name})
        stub.add_client_error("update_schedule", code, "as the test says")
        with pytest.raises(PermanentAwsError) as caught:
            act(aws, switch)
    assert "the role rollway-dead-mans-switch and the queue rollway-dead-letters" in caught.value.hint
    assert SETUP_PAGE in caught.value.hint
    assert (ROOT / SETUP_PAGE).exists()


def test_documented_role_is_the_one_that_policies_name() -> None:
    """The role in the docs fits the defaults: its name, who may assume it, the call it may make, the queue it may fill."""
    role, spec = json.loads((ROOT / "docs" / "switch-role.json").read_text("utf-8")), SwitchSpec()
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    call, letter = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert role["RoleName"] == spec.role
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"]["aws:SourceArn"].endswith(f":schedule-group/{spec.group}")
    assert call["Action"] == ["sagemaker:UpdateEndpointWeightsAndCapacities"]
    assert (letter["Action"], letter["Resource"].rpartition(":")[2]) == (["sqs:SendMessage"], spec.dead_letters)
