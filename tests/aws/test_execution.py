"""Carrying out commands: AWS's answers become results that the loop and a person can use."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from botocore.stub import Stubber

from policies.commands import (
    ApplyConfig,
    ArmSwitch,
    Command,
    CreateConfig,
    DeleteConfig,
    DisarmSwitch,
    SetCapacity,
    SetScaling,
    SetShares,
)
from policies.endpoint_config import EndpointConfig, make, replace_model
from policies.errors import NotFound
from policies.facts import ScalingTarget
from rollway.aws.execution import carry_out, put_off
from rollway.aws.sagemaker import describe_config, describe_endpoint
from rollway.aws.session import ATTEMPTS, Aws
from rollway.aws.waiting import Timing
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import SystemUpdating, Throttle


@pytest.fixture
def scaled(live: str, register: Callable[..., None]) -> None:
    """Have autoscaling look after the live endpoint."""
    register(live, "AllTraffic", 20)


@pytest.fixture
def final(aws: Aws, live: str) -> EndpointConfig:
    return make(replace_model(describe_config(aws, "fraud-v6-config"), "fraud-v7"), live, "r-1")


@pytest.mark.usefixtures("scaled")
def test_every_kind_of_command_reaches_aws(
    aws: Aws, cloud: Cloud, live: str, final: EndpointConfig, switch: ArmSwitch
) -> None:
    """Each command ends in the request that it stands for."""
    spare = final.model_copy(update={"name": "spare"})
    commands: list[Command] = [
        CreateConfig(config=spare),
        DeleteConfig(config="spare"),
        CreateConfig(config=final),
        SetShares(endpoint=live, shares={"AllTraffic": 100.0}),
        SetCapacity(endpoint=live, variant="AllTraffic", instances=2),
        SetScaling(endpoint=live, scaling=ScalingTarget(variant="AllTraffic", minimum=2, maximum=9)),
        switch,
        DisarmSwitch(switch=switch.switch),
        ApplyConfig(endpoint=live, config=final.name, replaces="fraud-v6-config"),
    ]
    statuses = [carry_out(aws, command).status for command in commands]
    assert statuses == ["done", "done", "done", "done", "done", "done", "done", "done", "accepted"]
    changes = [
        entry.operation
        for entry in cloud.request_log.entries()
        if not entry.operation.startswith(("Desc", "List", "Get"))
    ]
    assert changes[-7:] == [
        "CreateEndpointConfig",
        "DeleteEndpointConfig",
        "CreateEndpointConfig",
        "RegisterScalableTarget",
        "CreateSchedule",
        "DeleteSchedule",
        "UpdateEndpoint",
    ]


def test_switch_is_put_off_only_while_it_stands(aws: Aws, switch: ArmSwitch) -> None:
    """Putting off answers as carrying out does: done while there is a switch, refused with the reason when there is none."""
    assert put_off(aws, switch).status == "refused"
    carry_out(aws, switch)
    assert put_off(aws, switch).status == "done"


def test_short_throttling_goes_unnoticed(aws: Aws, cloud: Cloud, live: str) -> None:
    """The client's own attempts outlast a throttle of a few requests."""
    cloud.faults.plant(Throttle(operation="UpdateEndpointWeightsAndCapacities", times=ATTEMPTS - 1))
    assert carry_out(aws, SetCapacity(endpoint=live, variant="AllTraffic", instances=3)).status == "accepted"


def test_lasting_throttling_is_busy(aws: Aws, cloud: Cloud, live: str) -> None:
    """A throttle that outlasts all attempts leaves the command to a later tick."""
    cloud.faults.plant(Throttle(operation="UpdateEndpointWeightsAndCapacities", times=ATTEMPTS))
    result = carry_out(aws, SetCapacity(endpoint=live, variant="AllTraffic", instances=3))
    assert result.status == "busy"
    assert "Rate exceeded" in result.message


def test_endpoint_in_change_is_busy(aws: Aws, cloud: Cloud, live: str) -> None:
    """Somebody else's change in flight leaves the command to a later tick, and says why."""
    cloud.faults.plant(SystemUpdating(duration=timedelta(minutes=5)))
    result = carry_out(aws, SetCapacity(endpoint=live, variant="AllTraffic", instances=3))
    assert result.status == "busy"
    assert "Cannot update in-progress endpoint" in result.message


@pytest.mark.parametrize(
    ("code", "words", "status"),
    [
        ("AccessDeniedException", "not authorized to perform: sagemaker:UpdateEndpoint", "refused"),
        ("ResourceLimitExceeded", "The account-level service limit is 4 Instances", "refused"),
        ("ExpiredTokenException", "The security token included in the request is expired", "busy"),
        ("InternalFailure", "We encountered an internal error", "busy"),
    ],
)
def test_refusals_of_aws(aws: Aws, live: str, code: str, words: str, status: str) -> None:
    """What will not get better by itself is refused, with AWS's words; what may is busy."""
    with Stubber(aws.sagemaker) as stub:
        stub.add_client_error("describe_endpoint", code, words)
        result = carry_out(aws, SetShares(endpoint=live, shares={"AllTraffic": 100.0}))
    assert result.status == status
    assert words in result.message


def test_missing_endpoint_is_refused(aws: Aws, cloud: Cloud) -> None:
    """A command for an endpoint that is gone will not succeed later."""
    del cloud
    assert carry_out(aws, SetShares(endpoint="gone", shares={"a": 100.0})).status == "refused"


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (ApplyConfig(endpoint="fraud-prod", config="fraud-prod-0a1b2c3d4e", replaces="fraud-v6-config"), "config"),
        (ApplyConfig(endpoint="gone", config="fraud-prod-0a1b2c3d4e", replaces="fraud-v6-config"), "endpoint"),
        (SetShares(endpoint="gone", shares={"AllTraffic": 100.0}), "endpoint"),
        (SetCapacity(endpoint="gone", variant="AllTraffic", instances=3), "endpoint"),
    ],
)
@pytest.mark.usefixtures("live")
def test_what_vanished_under_way_is_not_taken_for_a_wrong_name(
    aws: Aws, timing: Timing, command: Command, missing: str
) -> None:
    """A rollout under way has found or made what it names: where that is missing, somebody deleted it, and the name is right."""
    result = carry_out(aws, command, timing)

    assert result.status == "refused"
    assert "Check the name" not in result.message
    assert "somebody has deleted it since" in result.message
    assert ("creates the configurations that this needs again" in result.message) is (missing == "config")


@pytest.mark.usefixtures("live")
def test_a_name_that_a_person_gave_may_be_wrong(aws: Aws) -> None:
    """Outside of a rollout a missing endpoint or configuration is most often a wrong name, account or Region."""
    for read in (describe_endpoint, describe_config):
        with pytest.raises(NotFound) as caught:
            read(aws, "misspelt")
        assert caught.value.hint == "Check the name, the account and the Region."
