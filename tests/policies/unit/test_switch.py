"""The dead-man's switch: its name, its ARNs, its times."""

import re
from datetime import timedelta

import pytest
from pydantic import ValidationError

from policies.switch import Switch, SwitchSpec, make_switch

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/fraud-prod"
CHINA = "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/fraud-prod"


def make(rollout_id: str = "fraud-prod-1", arn: str = ARN, **fields: object) -> Switch:
    switch = make_switch(SwitchSpec.model_validate(fields), rollout_id, arn)
    assert switch is not None
    return switch


def test_a_policy_without_a_switch_makes_none() -> None:
    """Mode none leaves nothing that could be armed by mistake."""
    assert make_switch(SwitchSpec(mode="none"), "fraud-prod-1", ARN) is None


def test_the_arns_are_of_the_endpoints_own_account_and_region() -> None:
    """The switch stands beside the endpoint; the role is of the account, the universal target of no Region."""
    switch = make()
    assert switch.role == "arn:aws:iam::123456789012:role/rollway-dead-mans-switch"
    assert switch.dead_letters == "arn:aws:sqs:eu-central-1:123456789012:rollway-dead-letters"
    assert switch.target == "arn:aws:scheduler:::aws-sdk:sagemaker:updateEndpointWeightsAndCapacities"


def test_other_partitions_have_arns_of_their_own() -> None:
    """In China and GovCloud every ARN begins otherwise."""
    switch = make(arn=CHINA)
    assert switch.role == "arn:aws-cn:iam::123456789012:role/rollway-dead-mans-switch"
    assert switch.dead_letters == "arn:aws-cn:sqs:cn-north-1:123456789012:rollway-dead-letters"
    assert switch.target == "arn:aws-cn:scheduler:::aws-sdk:sagemaker:updateEndpointWeightsAndCapacities"


def test_a_role_may_have_a_path_and_the_queue_may_be_left_out() -> None:
    """Accounts with rules for paths and without a queue for dead letters are served too."""
    switch = make(role="teams/fraud/switch", dead_letters="")
    assert switch.role.endswith(":role/teams/fraud/switch")
    assert switch.dead_letters is None


def test_a_short_name_is_the_rollouts_own() -> None:
    """Whoever sees the schedule in the console knows whose it is."""
    assert make().name == "rollway-fraud-prod-1"
    assert make("fraud prod/1").name == "rollway-fraud-prod-1"


@pytest.mark.parametrize("length", [56, 57, 200])
def test_a_name_is_one_that_the_scheduler_accepts(length: int) -> None:
    """At most 64 characters of letters, digits, hyphens, underscores and dots (CreateSchedule's pattern)."""
    assert re.fullmatch(r"[0-9a-zA-Z-_.]{1,64}", make("e" * length).name)


def test_long_names_differ_where_the_rollouts_do() -> None:
    """Two rollouts never share a schedule because their names were cut."""
    stem = "e" * 80
    assert make(f"{stem}-1").name != make(f"{stem}-2").name
    assert make(f"{stem}-1").name == make(f"{stem}-1").name


@pytest.mark.parametrize("length", ["1m", "5m", "6h"])
def test_times_are_whole_minutes(length: str) -> None:
    """EventBridge Scheduler's rate() knows nothing shorter."""
    assert make(every=length).every % timedelta(minutes=1) == timedelta(0)


@pytest.mark.parametrize("field", ["every", "lasts"])
@pytest.mark.parametrize("length", ["0s", "30s", "90s", "1m1s"])
def test_broken_minutes_are_refused(field: str, length: str) -> None:
    """A rate that AWS would turn down is turned down when the policy is read, with what to write instead."""
    with pytest.raises(ValidationError, match="write for example 1m"):
        make(**{field: length})


@pytest.mark.parametrize(("field", "name"), [("role", "a role"), ("group", "a/b"), ("dead_letters", "q" * 81)])
def test_names_that_aws_does_not_know_are_refused(field: str, name: str) -> None:
    """A name that cannot exist is a mistake in the policy, not one to find out when the switch is armed."""
    with pytest.raises(ValidationError):
        make(**{field: name})
