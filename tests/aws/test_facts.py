"""Gathering the facts for a plan."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from policies.errors import NotFound
from policies.facts import Surroundings
from rollway.aws.facts import read_facts
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud
from tests.aws.conftest import VARIANT

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When the virtual clock of these tests begins."""


def test_facts_of_a_live_endpoint(aws: Aws, live: str) -> None:
    """Planning gets the endpoint, the configuration that it runs on, and whether the model exists."""
    facts = read_facts(aws, live, "fraud-v7")
    assert (facts.endpoint.name, facts.config.name, facts.config.tags) == (live, "fraud-v6-config", {"team": "risk"})
    assert ([each["ModelName"] for each in facts.wanted.variants], facts.missing_models) == (["fraud-v7"], ())
    assert facts.surroundings == Surroundings()


def test_missing_model_is_a_fact(aws: Aws, live: str) -> None:
    """A model that does not exist is for preflight to report, together with everything else."""
    assert read_facts(aws, live, "fraud-v8").missing_models == ("fraud-v8",)


def test_models_of_pools_and_of_the_baseline_are_looked_for_too(
    aws: Aws, cloud: Cloud, settle: Callable[[], None]
) -> None:
    """A model that an instance pool names, or that serves now, is as needed as the candidate: it is found missing and read alike."""
    pool = {"InstanceType": "ml.m5.large", "Priority": 1, "ModelNameOverride": "fraud-v7"}
    variant = {name: value for name, value in VARIANT.items() if name != "InstanceType"} | {"InstancePools": [pool]}
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "pools", "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": "pooled", "EndpointConfigName": "pools"})
    settle()
    assert set(read_facts(aws, "pooled", "fraud-v8").models) == {"fraud-v6", "fraud-v7"}

    for name in ("fraud-v6", "fraud-v7"):
        cloud.call("DeleteModel", {"ModelName": name})

    assert set(read_facts(aws, "pooled", "fraud-v8").missing_models) == {"fraud-v6", "fraud-v7", "fraud-v8"}


def test_what_was_deployed_and_when(aws: Aws, live: str) -> None:
    """Planning gets the images that serve, with their digests and moments, and when models, configuration and endpoint were made."""
    facts = read_facts(aws, live, "fraud-v7")

    (variant,) = facts.endpoint.variants
    (image,) = variant.images
    made = {"endpoint": facts.endpoint.created, "config": facts.config_created} | {
        name: model.created for name, model in facts.models.items()
    }
    assert set(made.values()) == {START}
    assert image.specified == facts.models["fraud-v6"].images[0]
    assert (image.by_tag, image.digest[:7], image.resolved_at) == (True, "sha256:", START)
    assert facts.endpoint.modified == START + timedelta(seconds=10)


def test_missing_endpoint_is_an_error(aws: Aws, cloud: Cloud) -> None:
    """Without an endpoint there are no facts."""
    del cloud
    with pytest.raises(NotFound, match="fraud-prod"):
        read_facts(aws, "fraud-prod", "fraud-v7")
