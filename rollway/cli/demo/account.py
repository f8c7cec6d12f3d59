"""Setting up the demo's account through the AWS API, as a user would: a bucket, four models, one endpoint in service."""

import time
from collections.abc import Mapping
from typing import Any, Final

from policies.errors import DeadlineExceeded
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws
from rollway.sandbox.digits.training import TrainedModel

ENDPOINT: Final = "digits"
JOURNAL: Final = "s3://rollway-journal/demo"
_ROLE: Final = "arn:aws:iam::123456789012:role/digits"
_START_LIMIT_S: Final = 60
_CONFIG: Final[dict[str, Any]] = {
    "EndpointConfigName": "digits-first",
    "ProductionVariants": [
        {
            "VariantName": "AllTraffic",
            "ModelName": "digits-baseline",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 2,
            "InitialVariantWeight": 1.0,
        }
    ],
    "DataCaptureConfig": {
        "EnableCapture": True,
        "InitialSamplingPercentage": 10,
        "DestinationS3Uri": "s3://digits-captures/live",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    },
    "Tags": [{"Key": "team", "Value": "vision"}],
}


def set_up(aws: Aws, models: Mapping[str, TrainedModel]) -> None:
    """Create everything that the demo needs, and wait until the endpoint is in service.

    Raises:
        DeadlineExceeded: the endpoint did not come up.
    """
    aws.s3.create_bucket(Bucket="rollway-journal")
    for name, model in models.items():
        aws.sagemaker.create_model(
            ModelName=model_name(name),
            ExecutionRoleArn=_ROLE,
            PrimaryContainer={"Image": model.image, "Environment": model.environment},
        )
    aws.sagemaker.create_endpoint_config(**_CONFIG)
    aws.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=_CONFIG["EndpointConfigName"])
    give_up = time.monotonic() + _START_LIMIT_S
    while not describe_endpoint(aws, ENDPOINT).settled:
        if time.monotonic() > give_up:
            raise DeadlineExceeded(f"endpoint {ENDPOINT} was not in service within {_START_LIMIT_S} s")
        time.sleep(0.2)


def model_name(candidate: str) -> str:
    """Return the SageMaker model's name of a demo model."""
    return f"digits-{candidate}"
