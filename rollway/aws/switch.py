"""The dead-man's switch in EventBridge Scheduler: arming it, putting it off, disarming it. Decides nothing about when.

Putting off never creates: a process that lost its lease must not bring back a switch that somebody removed.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, timedelta
from typing import Any, Final

from policies.commands import ArmSwitch, CommandResult, explain
from policies.errors import NotFound, PermanentAwsError, TransientAwsError
from policies.switch import Switch
from rollway.aws.errors import translating
from rollway.aws.session import Aws

SETUP_PAGE: Final = "docs/how-to/protect-with-a-switch.md"

_MINUTE: Final = timedelta(minutes=1)
_ONLY_THE_NEXT: Final = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
"""No retries of one call: the next of the schedule is a minute away, and a late call is worth less than none."""
_COMPARED: Final = ("ScheduleExpression", "StartDate", "EndDate", "State", "FlexibleTimeWindow")
_TARGET_COMPARED: Final = ("Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig")
"""What makes a schedule the wanted one. Members that AWS adds by itself must not keep a switch from ever being armed."""


def arm_switch(aws: Aws, command: ArmSwitch) -> CommandResult:
    """See to it that the switch stands and acts for the first time when the command says. Verified by reading it back.

    Returns:
        ``done``, or ``busy`` when AWS accepted the schedule and does not give it back as wanted yet.

    Raises:
        AwsError: AWS turned a request down.
    """
    wanted, switch = _definition(command), command.switch
    with _explaining_setup(switch):
        found = _find(aws, switch)
        if _is_as(wanted, found):
            return CommandResult(status="done", message=f"{explain(command)}: already so")
        with suppress(NotFound):  # removed since, or in a group too new to be known: reading back tells
            (_update if found else _create)(aws, wanted)
        return _read_back(aws, command, wanted)


def put_off(aws: Aws, command: ArmSwitch) -> CommandResult:
    """Have a switch that stands act later. One that is gone stays gone.

    Returns:
        ``done``; ``busy`` as in ``arm_switch``; or ``refused`` when there is no such schedule any more.

    Raises:
        AwsError: AWS turned a request down.
    """
    wanted, name = _definition(command), command.switch.name
    with _explaining_setup(command.switch):
        try:
            _update(aws, wanted)
        except NotFound:
            gone = f"there is no schedule {name} any more: somebody, or another process of this rollout, disarmed it"
            return CommandResult(status="refused", message=gone)
        return _read_back(aws, command, wanted)


def disarm_switch(aws: Aws, switch: Switch) -> CommandResult:
    """See to it that there is no such schedule.

    Raises:
        AwsError: AWS turned the request down.
    """
    with _explaining_setup(switch), suppress(NotFound), translating("DeleteSchedule", f"schedule {switch.name}"):
        aws.scheduler.delete_schedule(Name=switch.name, GroupName=switch.group)
    return CommandResult(status="done", message=f"there is no schedule {switch.name}")


def _definition(command: ArmSwitch) -> dict[str, Any]:
    """Return the whole schedule: UpdateSchedule resets whatever is left out.

    It stays when it is over (ActionAfterCompletion NONE): one that deleted itself after acting would look like one that
    somebody disarmed, and nobody could tell from it any more what it did and when.
    """
    switch, starts = command.switch, command.fires_at.astimezone(UTC).replace(microsecond=0)
    minutes = switch.every // _MINUTE
    return {
        "Name": switch.name,
        "GroupName": switch.group,
        "Description": f"Rollway: traffic of {command.endpoint} back to its baseline when nobody drives its rollout any more.",
        "ScheduleExpression": f"rate({minutes} {'minute' if minutes == 1 else 'minutes'})",
        "StartDate": starts,
        "EndDate": starts + switch.lasts,
        "State": "ENABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "NONE",
        "Target": _target(command),
    }


def _target(command: ArmSwitch) -> dict[str, Any]:
    """Return what the schedule calls, with what request and in what role."""
    switch = command.switch
    weights = [{"VariantName": name, "DesiredWeight": share} for name, share in command.shares.items()]
    target: dict[str, Any] = {
        "Arn": switch.target,
        "RoleArn": switch.role,
        "Input": json.dumps({"EndpointName": command.endpoint, "DesiredWeightsAndCapacities": weights}),
        "RetryPolicy": _ONLY_THE_NEXT,
    }
    if switch.dead_letters:
        target["DeadLetterConfig"] = {"Arn": switch.dead_letters}
    return target


def _find(aws: Aws, switch: Switch) -> Mapping[str, Any]:
    """Return the schedule as AWS gives it back; nothing when there is none."""
    try:
        with translating("GetSchedule", f"schedule {switch.name}"):
            return dict(aws.scheduler.get_schedule(Name=switch.name, GroupName=switch.group))
    except NotFound:
        return {}


def _is_as(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a schedule does what is wanted, when it is wanted."""
    target, wanted_target = found.get("Target", {}), wanted["Target"]
    return all(found.get(member) == wanted[member] for member in _COMPARED) and all(
        target.get(member) == wanted_target.get(member) for member in _TARGET_COMPARED
    )


def _update(aws: Aws, wanted: Mapping[str, Any]) -> None:
    with translating("UpdateSchedule", f"schedule {wanted['Name']}"):
        aws.scheduler.update_schedule(**wanted)


def _create(aws: Aws, wanted: Mapping[str, Any]) -> None:
    """Create the schedule, and its group where that is missing."""
    try:
        _create_schedule(aws, wanted)
    except NotFound:
        _create_group(aws, wanted["GroupName"])
        _create_schedule(aws, wanted)


def _create_schedule(aws: Aws, wanted: Mapping[str, Any]) -> None:
    """Send CreateSchedule. botocore adds a ClientToken, so its own further attempts create nothing twice."""
    with translating("CreateSchedule", f"schedule {wanted['Name']}"):
        aws.scheduler.create_schedule(**wanted)


def _create_group(aws: Aws, group: str) -> None:
    """Create a schedule group; another rollout that did so in the same moment (a conflict) is as good."""
    with suppress(TransientAwsError), translating("CreateScheduleGroup", f"schedule group {group}"):
        aws.scheduler.create_schedule_group(Name=group)


def _read_back(aws: Aws, command: ArmSwitch, wanted: Mapping[str, Any]) -> CommandResult:
    if _is_as(wanted, _find(aws, command.switch)):
        return CommandResult(status="done", message=f"{explain(command)}, from {wanted['StartDate']:%H:%M:%S} UTC on")
    return CommandResult(status="busy", message=f"{explain(command)}: AWS does not give it back as wanted yet")


@contextmanager
def _explaining_setup(switch: Switch) -> Generator[None]:
    """Add to what AWS refuses for good what the switch needs: most often its role, queue or permissions are missing."""
    try:
        yield
    except PermanentAwsError as error:
        role = switch.role.partition(":role/")[2]
        queue = f" and the queue {switch.dead_letters.rpartition(':')[2]}" if switch.dead_letters else ""
        needs = (
            f"The dead-man's switch needs the role {role}{queue}, and whoever runs rollouts permissions: {SETUP_PAGE}."
        )
        error.hint = f"{error.hint} {needs}".strip()
        raise
