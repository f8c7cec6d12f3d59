"""Gathering what planning needs to know, in one call. Reads only."""

from collections.abc import Mapping, Sequence
from typing import Any

from policies.endpoint_config import EndpointConfig, replace_model
from policies.facts import Facts, Hosting
from rollway.aws.autoscaling import read_surroundings
from rollway.aws.guarding import read_alarm_states
from rollway.aws.sagemaker import describe_config, describe_endpoint, read_hosting
from rollway.aws.session import Aws


def read_facts(
    aws: Aws, endpoint: str, model: str, wanted: EndpointConfig | None = None, alarms: Sequence[str] = ()
) -> Facts:
    """Read an endpoint, its configuration, its tags and its scaling, and whether the new model exists.

    Args:
        aws: the account.
        endpoint: the endpoint's name.
        model: the model that shall take over, with everything else as it is.
        wanted: a whole configuration that shall take over instead.
        alarms: names of alarms whose states are wanted.

    Raises:
        NotFound: there is no such endpoint, or its configuration was deleted.
        AwsError: AWS turned a request down.
    """
    live = describe_endpoint(aws, endpoint)
    config = describe_config(aws, live.config)
    wanted = wanted or replace_model(config, model)
    variants = (*config.variants, *wanted.variants)
    found: dict[str, Hosting | None] = {
        name: read_hosting(aws, name) for name in dict.fromkeys(map(_model_of, variants)) if name
    }
    hosting: dict[str, Hosting] = {name: each for name, each in found.items() if each is not None}
    wanted_models = dict.fromkeys(map(_model_of, wanted.variants))
    return Facts(
        endpoint=live,
        config=config,
        wanted=wanted,
        missing_models=tuple(name for name in wanted_models if name and found[name] is None),
        hosting=hosting,
        surroundings=read_surroundings(aws, live),
        alarms=read_alarm_states(aws, alarms),
    )


def _model_of(variant: Mapping[str, Any]) -> str:
    return str(variant.get("ModelName", ""))
