"""What a user fills in to start or to steer a rollout: the forms in Prefect's UI, checked before the flow's body runs."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from policies.loading import LIBRARY

_NAME: Final = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"
_SHIPPED: Final = ", ".join(sorted(policy.stem for policy in LIBRARY.glob("*.yaml")))


class RolloutRequest(BaseModel):
    """What shall take over which endpoint, and how."""

    model_config = ConfigDict(extra="forbid")

    endpoint: str = Field(
        title="Endpoint",
        description="The SageMaker endpoint, for example fraud-prod. It must be InService, with one production variant.",
        pattern=_NAME,
        examples=["fraud-prod"],
    )
    model: str = Field(
        default="",
        title="New model",
        description="The SageMaker model that shall take over, for example fraud-v7. It must exist already. "
        "Left empty: the configuration below.",
        pattern=f"{_NAME}|^$",
        examples=["fraud-v7"],
    )
    config: str = Field(
        default="",
        title="New configuration",
        description="Instead of a model: the path of a blueprint below the worker's folder (ROLLWAY_FILES), whose whole "
        "configuration shall take over, with the models and the scaling that it declares.",
    )
    policy: str = Field(
        default="canary",
        title="Policy",
        description=f"A policy that ships with Rollway ({_SHIPPED}), the path of a policy file below the worker's folder "
        "(ROLLWAY_FILES), or a whole policy in YAML, of several lines.",
        min_length=1,
    )
    automatic: bool = Field(
        default=False,
        title="Started by a machine",
        description="Yes for schedules and webhooks: then a model that was taken back is not tried again, and endpoints get a rest.",
    )
    # Empty means not given: an optional field would be shown as a switch between "str" and "None".
    journal: str = Field(
        default="",
        title="Journal",
        description="Where the rollout is recorded, as s3://bucket/prefix. Left empty: the worker's ROLLWAY_JOURNAL.",
        pattern=r"^(s3://.+)?$",
    )
    region: str = Field(
        default="",
        title="Region",
        description="The endpoint's AWS Region, for example eu-central-1. Left empty: the worker's own.",
        pattern=r"^([a-z]{2}(-[a-z]+)+-\d)?$",
    )

    origin: str = Field(
        default="",
        title="Origin",
        description="Filled in by Rollway: the registered version that this rollout is for.",
    )

    @field_validator("model", "config", "journal", "region", "origin", mode="before")
    @classmethod
    def _none_is_not_given(cls, value: object) -> object:
        return "" if value is None else value

    @property
    def models(self) -> list[str]:
        """The models that may take over; none where a whole configuration shall."""
        return [self.model] if self.model else []


class AbTestRequest(RolloutRequest):
    """Which models shall compete for which endpoint, and how."""

    challengers: list[Annotated[str, Field(pattern=_NAME)]] = Field(
        default=[],
        title="Further challengers",
        description="Further models that compete with the new one, for example fraud-v8.",
        max_length=8,
        examples=[["fraud-v8"]],
    )

    @property
    def models(self) -> list[str]:
        """The models that may take over."""
        return [*super().models, *self.challengers]


class FleetRequest(BaseModel):
    """Which fleet shall get its model."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field(
        title="Fleet file",
        description="Path of the fleet file below the worker's folder (ROLLWAY_FILES). "
        "The same file is the same fleet: run again, it goes on where it stood.",
        min_length=1,
        examples=["fleets/fraud-v7.yaml"],
    )
    model: str = Field(
        default="",
        title="New model",
        description="The SageMaker model that shall take over instead of the file's. Left empty: the file's.",
        pattern=f"{_NAME}|^$",
    )
    journal: str = Field(
        default="",
        title="Journal",
        description="As s3://bucket/prefix. Left empty: the worker's ROLLWAY_JOURNAL.",
        pattern=r"^(s3://.+)?$",
    )
    region: str = Field(
        default="",
        title="Region",
        description="For endpoints that name none. Left empty: the worker's own.",
        pattern=r"^([a-z]{2}(-[a-z]+)+-\d)?$",
    )


class Wish(BaseModel):
    """What a person wants of a rollout. Nothing is asked for unless it is chosen here."""

    model_config = ConfigDict(extra="forbid")

    endpoint: str = Field(title="Endpoint", description="The endpoint whose rollout is under way.", min_length=1)
    verb: Literal["approve", "reject", "pause", "resume", "promote_now", "abort", "rollback"] = Field(
        title="What to do",
        description="approve, reject: answer a stage that asks. "
        "pause: no more traffic for now. promote_now: skip what has not passed. abort, rollback: back to the baseline.",
    )
    reason: str = Field(title="Why", description="It goes on record and into the outcome.", min_length=1)
    by: str = Field(title="Who asks", description="Your name: Prefect does not tell.", min_length=1)
    journal: str = Field(
        default="",
        title="Journal",
        description="As s3://bucket/prefix. Left empty: the worker's ROLLWAY_JOURNAL.",
        pattern=r"^(s3://.+)?$",
    )
    region: str = Field(default="", title="Region", description="Left empty: the worker's own.")
