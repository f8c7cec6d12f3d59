"""Gathering what planning needs to know, in one call. Reads only."""

from collections.abc import Sequence

from policies.endpoint_config import EndpointConfig, replace_model
from policies.facts import Facts
from rollway.aws.autoscaling import read_surroundings
from rollway.aws.sagemaker import describe_config, describe_endpoint, model_exists
from rollway.aws.session import Aws


def read_facts(
    aws: Aws, endpoint: str, model: str, wanted: EndpointConfig | None = None, rivals: Sequence[str] = ()
) -> Facts:
    """Read an endpoint, its configuration, its tags and its scaling, and whether the new model exists.

    Args:
        aws: the account.
        endpoint: the endpoint's name.
        model: the model that shall take over, with everything else as it is.
        wanted: a whole configuration that shall take over instead.
        rivals: further models that compete for it.

    Raises:
        NotFound: there is no such endpoint, or its configuration was deleted.
        AwsError: AWS turned a request down.
    """
    live = describe_endpoint(aws, endpoint)
    config = describe_config(aws, live.config)
    wanted = wanted or replace_model(config, model)
    others = tuple(replace_model(config, rival) for rival in rivals)
    variants = (variant for each in (wanted, *others) for variant in each.variants)
    models = {name: None for variant in variants if (name := variant.get("ModelName"))}
    return Facts(
        endpoint=live,
        config=config,
        wanted=wanted,
        rivals=others,
        missing_models=tuple(name for name in models if not model_exists(aws, name)),
        surroundings=read_surroundings(aws, live),
    )
