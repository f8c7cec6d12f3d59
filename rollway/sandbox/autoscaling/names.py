"""What Application Auto Scaling calls things: the resource that is scaled, and the ARNs around it. Spelling only."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from rollway.sandbox.errors import Refusal, invalid
from rollway.sandbox.sagemaker.constraints import Request
from rollway.sandbox.sagemaker.names import Arns

SERVICE: Final = "application-autoscaling"
NAMESPACE: Final = "sagemaker"
DIMENSION: Final = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY: Final = "sagemaker:variant:DesiredProvisionedConcurrency"
_WORDS: Final = {DIMENSION: "instance count", CONCURRENCY: "provisioned concurrency"}
_RESOURCE: Final = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")


@dataclass(frozen=True, order=True)
class ScaledVariant:
    """The production variant that is scaled, by its instances or its provisioned concurrency: what the API identifies by three members."""

    endpoint: str
    variant: str
    dimension: str = DIMENSION

    @property
    def capacity(self) -> str:
        """What is scaled of it, in words."""
        return _WORDS[self.dimension]

    @property
    def resource_id(self) -> str:
        """The variant as a ``ResourceId``."""
        return f"endpoint/{self.endpoint}/variant/{self.variant}"

    @property
    def identity(self) -> dict[str, str]:
        """The three members by which requests and answers identify it."""
        return {"ServiceNamespace": NAMESPACE, "ResourceId": self.resource_id, "ScalableDimension": self.dimension}


def scaled_variant(request: Request) -> ScaledVariant:
    """Return what a request's ``ResourceId`` names.

    Raises:
        Refusal: ``ValidationException`` for anything that is not an endpoint's variant.
    """
    refuse_other_services(request)
    return _parsed(request["ResourceId"], request["ScalableDimension"])


def described_variants(request: Request) -> frozenset[ScaledVariant] | None:
    """Return the variants that a Describe request asks about, in either dimension if it names none, or None when it asks about all.

    Raises:
        Refusal: ``ValidationException`` for anything that is not an endpoint's variant, or a dimension of no resource.
    """
    refuse_other_services(request)
    one = request.get("ResourceId")
    named = [one] if one else request.get("ResourceIds") or []
    if not named and request.get("ScalableDimension"):
        raise invalid("A request with a ScalableDimension must also say which resource it is about.")
    one_dimension = request.get("ScalableDimension")
    dimensions = [one_dimension] if one_dimension else _WORDS
    return frozenset(_parsed(resource, dimension) for resource in named for dimension in dimensions) or None


def refuse_other_services(request: Request) -> None:
    """Refuse what real autoscaling also scales and the simulated one does not.

    Raises:
        Refusal: ``ValidationException``, saying what is simulated.
    """
    for member, simulated in (("ServiceNamespace", [NAMESPACE]), ("ScalableDimension", [*_WORDS])):
        if request.get(member) not in (None, *simulated):
            known = " and ".join(f'"{each}"' for each in simulated)
            raise invalid(f'The simulated autoscaling knows only {member} {known}, not "{request[member]}".')


def not_found(what: str, of: ScaledVariant) -> Refusal:
    """Return the refusal for an object that does not exist. AWS publishes the code, not the wording."""
    return Refusal(
        "ObjectNotFoundException",
        f"No {what} found for service namespace: {NAMESPACE}, resource ID: {of.resource_id}, "
        f"scalable dimension: {of.dimension}",
    )


def _parsed(resource_id: str, dimension: str) -> ScaledVariant:
    found = _RESOURCE.fullmatch(resource_id)
    if found is None:
        raise invalid(
            'The simulated autoscaling scales only resources named "endpoint/<endpoint>/variant/<variant>", '
            f'not "{resource_id}".'
        )
    return ScaledVariant(found[1], found[2], dimension)


class ScalingArns:
    """The ARNs of one account's scaling. What is random in AWS is made of the names here, so a rehearsal repeats itself."""

    def __init__(self, arns: Arns) -> None:
        self._arns = arns

    @property
    def service_role(self) -> str:
        """The service-linked role under which AWS scales endpoints."""
        return (
            f"arn:{self._arns.partition}:iam::{self._arns.account_id}:role/aws-service-role/"
            "sagemaker.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        )

    def target(self, of: ScaledVariant) -> str:
        """Return a scalable target's ARN."""
        return self._arn(SERVICE, f"scalable-target/{_made_up(of.resource_id)}")

    def policy(self, of: ScaledVariant, name: str) -> str:
        """Return a scaling policy's ARN."""
        return self._of_resource("scalingPolicy", of, f"policyName/{name}")

    def scheduled_action(self, of: ScaledVariant, name: str) -> str:
        """Return a scheduled action's ARN."""
        return self._of_resource("scheduledAction", of, f"scheduledActionName/{name}")

    def alarms(self, of: ScaledVariant, policy: str) -> list[dict[str, str]]:
        """Return the two alarms of a target tracking policy, as answers list them."""
        names = [
            f"TargetTracking-{of.resource_id}-{which}-{_made_up(of.resource_id, policy, which)}"
            for which in ("AlarmHigh", "AlarmLow")
        ]
        return [{"AlarmName": name, "AlarmARN": self._arn("cloudwatch", f"alarm:{name}")} for name in names]

    def _of_resource(self, kind: str, of: ScaledVariant, named: str) -> str:
        made_up = _made_up(of.resource_id, named)
        return self._arn("autoscaling", f"{kind}:{made_up}:resource/{NAMESPACE}/{of.resource_id}:{named}")

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._arns.partition}:{service}:{self._arns.region}:{self._arns.account_id}:{resource}"


def _made_up(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(names)))
