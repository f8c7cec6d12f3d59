"""What a model registry says happened: a hint, to be read back from the registry before it is believed."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

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
        named_by: where the id comes from: ``delivery`` is the sender's own, which a retry repeats and no other event has; ``content`` is
            a digest of what was said, for senders that give no id. The same may be said again later and be another event.
        happening: what happened.
        model: the registered model: MLflow's name, a model package group, a W&B collection, a Hugging Face repository.
        version: the version it happened to, in the registry's own words; empty where the event does not tell.
        label: the alias that was set, or a tag as ``key=value``; empty for the others.
        at: when it happened, by the sender's clock.
    """

    registry: Registry
    id: Text
    named_by: Literal["delivery", "content"] = "delivery"
    happening: Happening
    model: Text
    version: str = ""
    label: str = ""
    at: datetime


class Handled(Frozen):
    """What came of an event.

    Attributes:
        started: what was started for it, by name; empty for nothing.
        why: one sentence for a person.
    """

    started: tuple[str, ...] = ()
    why: str
