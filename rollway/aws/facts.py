"""Gathering what planning needs to know, in one call. Reads only."""

from collections.abc import Iterable, Sequence

from policies.endpoint_config import EndpointConfig, replace_model
from policies.facts import Facts, Hosting
from rollway.aws.autoscaling import read_surroundings
from rollway.aws.guarding import read_alarm_states
from rollway.aws.sagemaker import describe_config, describe_endpoint, read_hosting
from rollway.aws.session import Aws


def read_facts(
    aws: Aws, endpoint: str, wanted: EndpointConfig | str, rivals: Sequence[str] = (), alarms: Sequence[str] = ()
) -> Facts:
    """Read an endpoint, its configuration, its tags and its scaling, and whether the new model exists.

    Args:
        aws: the account.
        endpoint: the endpoint's name.
        wanted: the model that shall take over, with everything else as it is; or a whole configuration.
        rivals: further models that compete for it.
        alarms: names of alarms whose states are wanted.

    Raises:
        NotFound: there is no such endpoint, or its configuration was deleted.
        AwsError: AWS turned a request down.
    """
    live = describe_endpoint(aws, endpoint)
    config = describe_config(aws, live.config)
    final = replace_model(config, wanted) if isinstance(wanted, str) else wanted
    others = tuple(replace_model(config, rival) for rival in rivals)
    models = _models_of((final, *others))
    found: dict[str, Hosting | None] = {name: read_hosting(aws, name) for name in _models_of((config, final, *others))}
    hosting: dict[str, Hosting] = {name: each for name, each in found.items() if each is not None}
    return Facts(
        endpoint=live,
        config=config,
        wanted=final,
        rivals=others,
        missing_models=tuple(name for name in models if found[name] is None),
        hosting=hosting,
        surroundings=read_surroundings(aws, live),
        alarms=read_alarm_states(aws, alarms),
    )


def _models_of(configs: Iterable[EndpointConfig]) -> tuple[str, ...]:
    """Return the names of the models in some configurations, each once."""
    variants = (variant for config in configs for variant in config.variants)
    return tuple(dict.fromkeys(str(variant["ModelName"]) for variant in variants if variant.get("ModelName")))
