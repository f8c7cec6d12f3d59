"""Gathering the facts for a plan."""

import pytest

from policies.errors import NotFound
from policies.facts import Surroundings
from rollway.aws.facts import read_facts
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud


def test_facts_of_a_live_endpoint(aws: Aws, live: str) -> None:
    """Planning gets the endpoint, the configuration that it runs on, and whether the model exists."""
    facts = read_facts(aws, live, "fraud-v7")
    assert (facts.endpoint.name, facts.config.name, facts.config.tags) == (live, "fraud-v6-config", {"team": "risk"})
    assert ([each["ModelName"] for each in facts.wanted.variants], facts.missing_models) == (["fraud-v7"], ())
    assert facts.surroundings == Surroundings()


def test_missing_model_is_a_fact(aws: Aws, live: str) -> None:
    """A model that does not exist is for preflight to report, together with everything else."""
    assert read_facts(aws, live, "fraud-v8").missing_models == ("fraud-v8",)


def test_missing_endpoint_is_an_error(aws: Aws, cloud: Cloud) -> None:
    """Without an endpoint there are no facts."""
    del cloud
    with pytest.raises(NotFound, match="fraud-prod"):
        read_facts(aws, "fraud-prod", "fraud-v7")
