"""What a model registry says happened: a hint, to be read back from the registry before it is believed."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from policies.values import Frozen

Text = Annotated[str, Field(min_length=1, max_length=1024)]


class Registry(StrEnum):
    """Where models are registered."""

    MLFLOW = "mlflow"
    SAGEMAKER = "sagemaker"
    WANDB = "wandb"
    HUGGING_FACE = "hugging_face"
    GENERIC = "generic"


class Happening(StrEnum):
    """What can happen to a registered model that somebody may want to roll out for."""

    VERSION_CREATED = "version_created"
    ALIAS_SET = "alias_set"
    TAG_SET = "tag_set"
    APPROVED = "approved"


class RegistryEvent(Frozen):
    """Something that a registry says happened to a registered model.

    Attributes:
        registry: who says so.
        id: what makes another delivery the same event, unique within the registry.
        happening: what happened.
        model: the registered model: MLflow's name, a model package group, a W&B collection, a Hugging Face repository.
        version: the version it happened to, in the registry's own words; empty where the event does not tell.
        label: the alias that was set, or a tag as ``key=value``; empty for the others.
        at: when it happened, by the sender's clock.
    """

    registry: Registry
    id: Text
    happening: Happening
    model: Text
    version: str = ""
    label: str = ""
    at: datetime
