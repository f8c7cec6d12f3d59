"""What shall take over: a model in the live configuration, or a whole configuration from a blueprint."""

from collections.abc import Sequence

from policies.blueprint.loading import BlueprintError, load_blueprint
from policies.blueprint.model import Blueprint
from policies.endpoint_config import EndpointConfig, name_config
from policies.errors import PreflightError, Problem
from policies.spec import Policy
from rollway.aws.shapes import blueprint_shapes
from rollway.loop.starting import Request


def make_request(endpoint: str, policy: Policy, models: Sequence[str] = (), config: str | None = None) -> Request:
    """Return the request for a rollout of a model, or of the configuration in a blueprint's file; in an A/B test of several models.

    Raises:
        PreflightError: both were given, or neither.
        BlueprintError: the file has mistakes, or is about another endpoint.
    """
    if bool(models) == bool(config):
        what = (
            "both a model and a configuration are given" if models else "neither a model nor a configuration is given"
        )
        remedy = "name the model that shall take over, or the file of a whole configuration"
        raise PreflightError([Problem("what shall take over", what, remedy)])
    blueprint = read_blueprint(config, endpoint) if config else None
    wanted = declared_config(blueprint) if blueprint else None
    return Request(endpoint, models[0] if models else "", policy, wanted, tuple(models[1:]), blueprint)


def declared_config(blueprint: Blueprint) -> EndpointConfig:
    """Return the configuration that a blueprint declares, named by its content."""
    name = name_config(blueprint.endpoint, blueprint.config)
    return EndpointConfig(name=name, fields=blueprint.config, tags=blueprint.tags)


def read_blueprint(path: str, endpoint: str) -> Blueprint:
    """Read the blueprint of an endpoint.

    Raises:
        BlueprintError: the file has mistakes, or is about another endpoint.
    """
    blueprint = load_blueprint(path, blueprint_shapes())
    if blueprint.endpoint != endpoint:
        what = f"is {blueprint.endpoint!r}, and the rollout is for {endpoint!r}"
        raise BlueprintError(path, [Problem("endpoint", what, "name the same endpoint in both")])
    return blueprint
