"""Where a fleet's endpoints are: the role that is assumed for each place, and the journal that each place has."""

import json
from collections.abc import Callable

import pytest

from policies.errors import AwsError
from policies.fleet.spec import Target
from rollway.aws.sagemaker import describe_endpoint
from rollway.sandbox.fault_menu import Outage
from tests.fleet.scene import Scene

ROLE = "arn:aws:iam::111122223333:role/rollway"


@pytest.fixture
def scene(make_scene: Callable[[int], Scene]) -> Scene:
    """An account with one endpoint."""
    return make_scene(1)


def target(**fields: str) -> Target:
    return Target.model_validate({"endpoint": "fraud-00", **fields})


def assumptions(scene: Scene) -> int:
    """How often a role was assumed."""
    return sum(1 for entry in scene.cloud.request_log.entries() if entry.operation == "AssumeRole")


def test_a_place_is_reached_in_its_role(scene: Scene):
    """The role is assumed when it is first needed, once for all endpoints of its place, in a session that says who it is."""
    aws = scene.places.aws_of(target(role=ROLE, external_id="fraud"))
    assert assumptions(scene) == 0
    assert describe_endpoint(aws, "fraud-00").status == "InService"

    assert scene.places.aws_of(target(role=ROLE, external_id="fraud", model="v7")) is aws
    assert assumptions(scene) == 1
    (asked,) = [entry for entry in scene.cloud.request_log.entries() if entry.operation == "AssumeRole"]
    told = json.loads(asked.parameters)
    assert (told["RoleArn"], told["RoleSessionName"], told["ExternalId"]) == (ROLE, "rollway", "fraud")


def test_without_a_place_the_clients_are_our_own(scene: Scene):
    """An endpoint that names neither role nor Region is where the fleet runs."""
    assert scene.places.aws_of(target()) is scene.aws
    assert scene.places.journal_of(target()) is scene.journal
    assert scene.places.aws_of(target(region="eu-west-1")).region == "eu-west-1"


def test_each_place_has_a_journal_of_its_own(scene: Scene):
    """Endpoints of one name in several places share no journal; it is kept with our own credentials."""
    away = target(role=ROLE, region="eu-west-1")
    assert scene.places.location_of(target()) == "s3://journal/r"
    assert scene.places.location_of(away) == "s3://journal/r/111122223333/eu-west-1"
    assert scene.places.journal_of(away).aws is scene.aws


def test_a_place_that_is_away_is_an_error(scene: Scene):
    """When AWS does not answer in a place, that is told as what it is."""
    scene.cloud.plant(Outage(service="*", duration="1h"))
    with pytest.raises(AwsError):
        describe_endpoint(scene.places.aws_of(target(region="eu-west-1")), "fraud-00")
