"""Clients for the AWS services that Rollway uses, made from one session.

Credentials, Region, endpoints and proxies are found the way botocore finds them (environment, profile, instance role,
``AWS_ENDPOINT_URL``), so the simulated AWS needs no switch here. Nothing else in Rollway makes a client.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

from policies.errors import AccessDenied
from rollway import __version__
from rollway.aws.errors import SIGN_IN_HINT, translating

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sts import STSClient

ATTEMPTS: Final = 6
"""Requests in all for one call; botocore's own three are few for SageMaker's unpublished, low request rates."""

_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    connect_timeout=5,
    read_timeout=30,
    user_agent_extra=f"rollway/{__version__}",
)


@dataclass(frozen=True)
class Aws:
    """One account and Region, as a set of clients. Clients may be shared between threads.

    Attributes:
        region: the Region's name.
        sagemaker: endpoints and their configurations.
        cloudwatch: metrics.
        s3: the journal's objects.
        application_autoscaling: registrations of variants for scaling.
        sts: whose credentials these are.
    """

    region: str
    sagemaker: SageMakerClient
    cloudwatch: CloudWatchClient
    s3: S3Client
    application_autoscaling: ApplicationAutoScalingClient
    sts: STSClient


@dataclass(frozen=True)
class Identity:
    """Who AWS takes us for.

    Attributes:
        account: the account's twelve digits.
        arn: the user's or role session's ARN.
    """

    account: str
    arn: str


def connect(region: str | None = None, profile: str | None = None) -> Aws:
    """Make the clients. Sends nothing to SageMaker; ``identity`` proves the credentials.

    Args:
        region: the Region; by default the one of the environment or the profile.
        profile: a profile of the shared AWS configuration; by default the environment's.

    Raises:
        AccessDenied: no credentials, or no such profile.
        PermanentAwsError: no Region.
    """
    with translating("Connect", "AWS"):
        session = boto3.Session(profile_name=profile)
        chosen = region or session.region_name or os.environ.get("AWS_REGION")
        if not chosen:
            raise NoRegionError
        if session.get_credentials() is None:
            raise AccessDenied("no AWS credentials were found", operation="Connect", hint=SIGN_IN_HINT)
        client = partial(cast("Any", session).client, region_name=chosen, config=_CONFIG)
        return Aws(
            region=chosen,
            sagemaker=client("sagemaker"),
            cloudwatch=client("cloudwatch"),
            s3=client("s3"),
            application_autoscaling=client("application-autoscaling"),
            sts=client("sts"),
        )


def identity(aws: Aws) -> Identity:
    """Ask AWS whose credentials these are: the earliest proof that they work.

    Raises:
        AccessDenied: they are unknown or expired.
    """
    with translating("GetCallerIdentity", "the credentials"):
        answer = aws.sts.get_caller_identity()
    return Identity(account=answer["Account"], arn=answer["Arn"])
