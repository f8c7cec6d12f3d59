"""What a user fills in to start a rollout: the form in Prefect's UI, checked before the flow's body runs."""

from pydantic import BaseModel, ConfigDict, Field

_NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"


class RolloutRequest(BaseModel):
    """Roll a model out on a live endpoint."""

    model_config = ConfigDict(extra="forbid")

    endpoint: str = Field(
        title="Endpoint",
        description="Name of the SageMaker endpoint. It must be InService, with one production variant.",
        pattern=_NAME,
        examples=["fraud-prod"],
    )
    model: str = Field(
        title="New model",
        description="Name of the SageMaker model that shall take over. It must exist already.",
        pattern=_NAME,
        examples=["fraud-v7"],
    )
    policy: str = Field(
        default="canary",
        title="Policy",
        description="Name of a policy that ships with Rollway, or path of a policy file on the worker.",
        min_length=1,
    )
    journal: str | None = Field(
        default=None,
        title="Journal",
        description="Where the rollout is recorded: s3://bucket/prefix. Empty: ROLLWAY_JOURNAL of the worker.",
        pattern=r"^s3://.+",
    )
    region: str | None = Field(
        default=None,
        title="Region",
        description="AWS Region of the endpoint. Empty: the worker's own.",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
    )
