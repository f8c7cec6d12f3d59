"""What the simulated IAM is asked: one request, and each action on a resource that it needs. Values only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rollway.sandbox.iam.conditions import Context
from rollway.sandbox.iam.patterns import EVERY


@dataclass(frozen=True)
class Surroundings:
    """What of the account decides which permissions a request needs.

    Attributes:
        partition, region, account_id: where the account is.
        tags_of: returns the tags of the resource with an ARN.
        key_of_config: returns the KMS key of the endpoint configuration with a name; empty where it has none or does not exist.
    """

    partition: str
    region: str
    account_id: str
    tags_of: Callable[[str], Mapping[str, str]]
    key_of_config: Callable[[str], str]

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the account's Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the account that lies in no Region."""
        return f"arn:{self.partition}:{service}::{self.account_id}:{resource}"


@dataclass(frozen=True)
class Need:
    """One action that a request needs.

    Attributes:
        action: IAM's name of the action, for example ``sagemaker:UpdateEndpoint``.
        resource: the resource's ARN; ``*`` for an action that names none.
        context: the request's values by condition key.
    """

    action: str
    resource: str = EVERY
    context: Context = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        service: boto3's name of the service.
        operation: the API operation.
        parameters: its parameters, named as AWS names them.
        around: the account.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    around: Surroundings

    def text(self, name: str) -> str:
        """Return a parameter as a text; empty where it is missing: the service refuses that itself."""
        return str(self.parameters.get(name) or "")

    def sagemaker(self, kind: str, name: str) -> str:
        """Return the ARN of a resource of SageMaker."""
        return self.around.arn("sagemaker", f"{kind}/{name}")

    def tagged(self, action: str, arn: str, context: Context | None = None) -> Need:
        """Return an action on a resource whose tags are among the condition keys."""
        tags = self.around.tags_of(arn).items()
        return Need(action, arn, {f"aws:ResourceTag/{key}": (value,) for key, value in tags} | dict(context or {}))

    def request_tags(self) -> Mapping[str, Sequence[str]]:
        """Return the tags in the request, as condition keys."""
        return {f"aws:RequestTag/{each['Key']}": (str(each["Value"]),) for each in self.parameters.get("Tags") or ()}
