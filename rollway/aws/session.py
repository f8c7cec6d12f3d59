"""Clients for the AWS services that Rollway uses, made from one session.

Credentials, Region, endpoints and proxies are found the way botocore finds them (environment, profile, instance role,
``AWS_ENDPOINT_URL``), so the simulated AWS needs no switch here. Nothing else in Rollway makes a client.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import NoRegionError

from policies.errors import AccessDenied
from rollway import __version__
from rollway.aws.errors import SIGN_IN_HINT, translating
from rollway.aws.fencing import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, fence
from rollway.aws.limits import guard
from rollway.aws.server_time import Answers
from rollway.aws.shapes import model_loader

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

ATTEMPTS: Final = 6
"""Requests in all for one call; botocore's own three are few for SageMaker's unpublished, low request rates."""

_random_part = secrets.token_hex(4)


def _draw_anew() -> None:
    global _random_part  # noqa: PLW0603 - a fork is another process, and has to be told apart from its parent
    _random_part = secrets.token_hex(4)


os.register_at_fork(after_in_child=_draw_anew)


def process_id() -> str:
    """Return what tells this process from every other one, on this machine and elsewhere; AWS sees it in the user agent."""
    return f"{socket.gethostname()}-{os.getpid()}-{_random_part}"


def _config() -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        user_agent_extra=f"rollway/{__version__} rollway-process/{process_id()}",
    )


def _probe_config() -> Config:
    once = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=70)
    return _config().merge(once)


def _optional_config() -> Config:
    """For what Rollway can do without: a registry that cannot be reached must not hold a plan up."""
    return _config().merge(Config(retries={"mode": "standard", "total_max_attempts": 2}, read_timeout=10))


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return what makes a client when it is first asked for: boto3 makes none in several threads at once."""
    made: list[Any] = []
    lock = Lock()

    def get() -> Any:  # noqa: ANN401 - a client of botocore's making
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


@dataclass(frozen=True)
class Aws:
    """One account and Region, as a set of clients. Clients may be shared between threads.

    Attributes:
        region: the Region's name.
        sagemaker: endpoints and their configurations.
        sagemaker_runtime: requests to models, as probes; each is sent once, since a retry would hide a failure.
        cloudwatch: metrics.
        s3: the journal's objects.
        application_autoscaling: registrations of variants for scaling.
        scheduler: the dead-man's switch.
        sts: whose credentials these are.
        iam: execution roles, of which the linter reads the policies.
        service_quotas: how many instances the account may have.
        sqs: queues with events of model registries.
        secretsmanager: what senders of such events sign with.
        ecr: makes the client for container images, whose tags are looked up where that is allowed.
        answers: what AWS's answers say of its own time.
    """

    region: str
    sagemaker: SageMakerClient
    sagemaker_runtime: SageMakerRuntimeClient
    cloudwatch: CloudWatchClient
    s3: S3Client
    application_autoscaling: ApplicationAutoScalingClient
    scheduler: EventBridgeSchedulerClient
    sts: STSClient
    iam: Any
    service_quotas: Any
    sqs: SQSClient
    secretsmanager: Any
    ecr: Callable[[], Any]
    answers: Answers = field(default_factory=Answers)


@dataclass(frozen=True)
class Identity:
    """Who AWS takes us for.

    Attributes:
        account: the account's twelve digits.
        arn: the user's or role session's ARN.
    """

    account: str
    arn: str


@dataclass(frozen=True)
class Assumed:
    """A role to act in.

    Attributes:
        role: its ARN.
        external_id: the external id that it asks for; empty for none.
    """

    role: str
    external_id: str = ""


def _core() -> botocore.session.Session:
    """Return a botocore session of its own that shares the service models with all others: reading them takes half a second."""
    core = botocore.session.get_session()
    core.register_component("data_loader", model_loader())
    return core


def connect(region: str | None = None, profile: str | None = None, assumed: Assumed | None = None) -> Aws:
    """Make the clients. Sends nothing to SageMaker; ``identity`` proves the credentials.

    Those of SageMaker, CloudWatch, autoscaling and the scheduler send no request outside the limits that AWS documents, and, like the one
    for probes, no change that the permit in force does not admit.

    Args:
        region: the Region; by default the one of the environment or the profile.
        profile: a profile of the shared AWS configuration; by default the environment's.
        assumed: a role to act in. Its credentials are fetched at the first request, and again before they run out.

    Raises:
        AccessDenied: no credentials, or no such profile.
        PermanentAwsError: no Region.
    """
    with translating("Connect", "AWS"):
        core = _core()
        session = boto3.Session(profile_name=profile, botocore_session=core)
        chosen = region or session.region_name or os.environ.get("AWS_REGION")
        if not chosen:
            raise NoRegionError
        if session.get_credentials() is None:
            raise AccessDenied("no AWS credentials were found", operation="Connect", hint=SIGN_IN_HINT)
        if assumed:
            _act_as(core, assumed, chosen)
        client, answers = partial(cast("Any", session).client, region_name=chosen, config=_config()), Answers()
        return Aws(
            region=chosen,
            sagemaker=fence(answers.of(guard(client("sagemaker")))),
            sagemaker_runtime=fence(client("sagemaker-runtime", config=_probe_config())),
            cloudwatch=fence(answers.of(guard(client("cloudwatch")))),
            s3=answers.of(client("s3")),
            application_autoscaling=fence(answers.of(guard(client("application-autoscaling")))),
            scheduler=fence(answers.of(guard(client("scheduler")))),
            sts=client("sts"),
            iam=client("iam"),
            service_quotas=client("service-quotas"),
            sqs=client("sqs"),
            secretsmanager=client("secretsmanager"),
            ecr=_once(partial(client, "ecr", config=_optional_config())),
            answers=answers,
        )


def _act_as(core: botocore.session.Session, assumed: Assumed, region: str) -> None:
    """Have a session act in a role from now on; botocore renews its credentials by itself."""
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=partial(core.create_client, region_name=region),
        source_credentials=core.get_credentials(),
        role_arn=assumed.role,
        extra_args={"RoleSessionName": "rollway"}
        | ({"ExternalId": assumed.external_id} if assumed.external_id else {}),
    )
    credentials = DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")
    cast("Any", core)._credentials = credentials  # noqa: SLF001 - botocore offers no way to hand a session its credentials


def identity(aws: Aws) -> Identity:
    """Ask AWS whose credentials these are: the earliest proof that they work.

    Raises:
        AccessDenied: they are unknown.
        CredentialsExpired: they are over.
    """
    with translating("GetCallerIdentity", "the credentials"):
        answer = aws.sts.get_caller_identity()
    return Identity(account=answer["Account"], arn=answer["Arn"])
