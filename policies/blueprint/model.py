"""The blueprint as a value: an endpoint's wanted configuration. Where it comes from, a file or the live endpoint, is not known here."""

from typing import Any, Final, Literal

from policies.endpoint_config import models_named
from policies.values import Frozen

Document = dict[str, Any]
"""Members of a request, in the service's own words."""

Dimension = Literal["instances", "provisioned concurrency"]
"""What autoscaling changes: the count of a variant's instances or, without instances, its provisioned concurrency."""

POLICY_TYPES: Final = {
    "TargetTrackingScalingPolicyConfiguration": "TargetTrackingScaling",
    "StepScalingPolicyConfiguration": "StepScaling",
    "PredictiveScalingPolicyConfiguration": "PredictiveScaling",
}
"""The type of a scaling policy by the member that configures it."""


class VariantScaling(Frozen):
    """How autoscaling looks after one variant.

    Attributes:
        min: least capacity.
        max: greatest capacity.
        policies: members of ``PutScalingPolicy`` by the policy's name, except what identifies it.
        scheduled: members of ``PutScheduledAction`` by the action's name, except what identifies it.
    """

    min: int
    max: int
    policies: dict[str, Document] = {}
    scheduled: dict[str, Document] = {}


class Blueprint(Frozen):
    """An endpoint's wanted configuration, complete except for models that are there anyway.

    Attributes:
        endpoint: the endpoint's name.
        models: models that shall exist: members of ``CreateModel`` by the model's name.
        config: members of ``CreateEndpointConfig``, except its name and tags.
        tags: tag keys and values, of the endpoint and of its configuration.
        scaling: how autoscaling looks after the variants, by the variant's name.
    """

    endpoint: str
    models: dict[str, Document] = {}
    config: Document
    tags: dict[str, str] = {}
    scaling: dict[str, VariantScaling] = {}

    @property
    def variants(self) -> list[Document]:
        """The production variants."""
        return self.config["ProductionVariants"]

    @property
    def used_models(self) -> tuple[str, ...]:
        """The models that the configuration names, each once, in the order of their variants."""
        return models_named(self.config)

    def dimension(self, variant: str) -> Dimension:
        """Return what autoscaling changes of a variant."""
        serverless = any(each["VariantName"] == variant and "ServerlessConfig" in each for each in self.variants)
        return "provisioned concurrency" if serverless else "instances"


def type_policy(policy: Document) -> Document:
    """Return the members of a scaling policy with its type written out, which the member that configures it tells."""
    told = next((POLICY_TYPES[member] for member in POLICY_TYPES if member in policy), None)
    return policy if told is None else {"PolicyType": told} | policy
