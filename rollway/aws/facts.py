"""Gathering what planning needs to know, in one call. Reads only."""

from policies.facts import Facts
from rollway.aws.autoscaling import read_surroundings
from rollway.aws.sagemaker import describe_config, describe_endpoint, model_exists
from rollway.aws.session import Aws


def read_facts(aws: Aws, endpoint: str, model: str) -> Facts:
    """Read an endpoint, its configuration, its tags and its scaling, and whether the new model exists.

    Raises:
        NotFound: there is no such endpoint, or its configuration was deleted.
        AwsError: AWS turned a request down.
    """
    live = describe_endpoint(aws, endpoint)
    return Facts(
        endpoint=live,
        config=describe_config(aws, live.config),
        model=model,
        model_exists=model_exists(aws, model),
        surroundings=read_surroundings(aws, live),
    )
