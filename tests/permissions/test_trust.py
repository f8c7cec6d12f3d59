"""Who may act in the documented roles: the Scheduler for its own group, a fleet's home with the external id, and nobody else."""

import pytest
from botocore.exceptions import ClientError

from rollway.aws.session import connect
from rollway.sandbox.errors import Refusal
from rollway.sandbox.iam.documents import read_principal
from tests.loop.rehearsal import Rehearsal
from tests.permissions.documents import FAR_ROLE, SWITCH_ROLE, admit_fleet, documented


def test_the_switch_does_what_its_role_allows_and_nothing_else(rehearsal: Rehearsal):
    """A schedule that would delete an endpoint, or that another group holds, is turned down when it acts: the role lacks the permission."""
    access, request = rehearsal.cloud.access, ("DeleteEndpoint", {"EndpointName": "churn-prod"})
    access.admit(read_principal(SWITCH_ROLE, documented("switch-role.json")))
    group = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/rollway"
    weights = ("UpdateEndpointWeightsAndCapacities", {"EndpointName": "fraud-prod"})

    access.check_schedule(SWITCH_ROLE, group, "sagemaker", weights)

    for where, asked in ((group, request), (group.replace("rollway", "default"), weights)):
        with pytest.raises(Refusal):
            access.check_schedule(SWITCH_ROLE, where, "sagemaker", asked)


@pytest.mark.parametrize(
    ("home", "external_id", "session"),
    [
        ("fleets", "", "rollway"),
        ("fleets", "other", "rollway"),
        ("fleets", "fraud", "me"),
        ("strangers", "fraud", "rollway"),
    ],
)
def test_a_role_of_another_account_lets_only_the_fleet_in(rehearsal, monkeypatch, home, external_id, session):
    """Without the external id, with another one, under another session's name or from another role, AWS says no."""
    admit_fleet(rehearsal.cloud, home)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", home)
    request = {"RoleArn": FAR_ROLE, "RoleSessionName": session} | ({"ExternalId": external_id} if external_id else {})
    with pytest.raises(ClientError, match="AccessDenied"):
        connect("us-east-1").sts.assume_role(**request)
