"""Which actions on which resources each request needs, where AWS documents it. An operation that is not here is refused.

Most operations need the action of the same name on the resource that they name. The rest is from AWS's service authorization reference
and the services' own pages. Not verified against AWS: that ``UpdateEndpoint`` needs ``kms:CreateGrant`` as ``CreateEndpoint`` does, and
which of the permissions on targets and alarms Application Auto Scaling looks for with which request (its page names them for all).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rollway.sandbox.iam import needs_of_s3, needs_of_sagemaker
from rollway.sandbox.iam.request import Asked, Need

Find = Callable[[Asked], Iterator[Need]]

_ACTION_PREFIX: Final = {"service-quotas": "servicequotas", "sagemaker-runtime": "sagemaker"}
"""How IAM calls a service, where boto3 has another name for it."""
_NO_PERMISSION: Final = frozenset({("sts", "GetCallerIdentity")})
"""Operations that every caller may use."""


class UnknownOperation(Exception):
    """The permissions that an operation needs are not simulated."""


def needs_of(asked: Asked) -> tuple[Need, ...]:
    """Return every action that a request needs; all of them have to be allowed.

    Raises:
        UnknownOperation: which it needs is not simulated.
    """
    of = (asked.service, asked.operation)
    if of in _NO_PERMISSION:
        return ()
    if of not in _FINDERS:
        raise UnknownOperation(f"{asked.service}:{asked.operation}")
    return tuple(_FINDERS[of](asked))


def pass_role(role: str, to: str) -> Need:
    """Return what handing a role to a service needs."""
    return Need("iam:PassRole", role, {"iam:PassedToService": (to,)})


def _plain(resource: Callable[[Asked], str]) -> Find:
    """Return what needs the action of the operation's own name on one resource."""

    def find(asked: Asked) -> Iterator[Need]:
        yield Need(_action(asked), resource(asked))

    return find


def _action(asked: Asked) -> str:
    return f"{_ACTION_PREFIX.get(asked.service, asked.service)}:{asked.operation}"


def _everything(_: Asked) -> str:
    return "*"


def _alarm(asked: Asked) -> str:
    return asked.around.arn("cloudwatch", f"alarm:{asked.text('AlarmName')}")


def _delete_alarms(asked: Asked) -> Iterator[Need]:
    for name in asked.parameters.get("AlarmNames") or ():
        yield Need(_action(asked), asked.around.arn("cloudwatch", f"alarm:{name}"))


def _put_metric_data(asked: Asked) -> Iterator[Need]:
    yield Need(_action(asked), context={"cloudwatch:namespace": (asked.text("Namespace"),)})


def _scaling(asked: Asked) -> Iterator[Need]:
    """A change of a registration. AWS gives the ARN of a target a part that it makes up, so nobody can name it before.

    Application Auto Scaling also asks whether the caller could do themselves what it will do for them.
    """
    keys = {
        "application-autoscaling:service-namespace": (asked.text("ServiceNamespace"),),
        "application-autoscaling:scalable-dimension": (asked.text("ScalableDimension"),),
    }
    yield Need(_action(asked), asked.around.arn("application-autoscaling", "scalable-target/0123456789abcdef"), keys)
    endpoint = asked.text("ResourceId").split("/")[1:2]
    if asked.operation == "RegisterScalableTarget":
        arn = asked.sagemaker("endpoint", "".join(endpoint))
        yield asked.tagged("sagemaker:DescribeEndpoint", arn)
        yield asked.tagged("sagemaker:UpdateEndpointWeightsAndCapacities", arn)
    alarms = asked.around.arn("cloudwatch", f"alarm:TargetTracking-{asked.text('ResourceId')}-AlarmHigh-0123")
    if asked.operation == "PutScalingPolicy":
        yield Need("cloudwatch:PutMetricAlarm", alarms)
        yield Need("cloudwatch:DescribeAlarms")
    if asked.operation in {"PutScalingPolicy", "DeleteScalingPolicy"}:
        yield Need("cloudwatch:DeleteAlarms", alarms)


def _schedule(asked: Asked) -> Iterator[Need]:
    group = asked.text("GroupName") or "default"
    yield Need(_action(asked), asked.around.arn("scheduler", f"schedule/{group}/{asked.text('Name')}"))
    target: Mapping[str, Any] = asked.parameters.get("Target") or {}
    if role := target.get("RoleArn"):
        yield pass_role(role, "scheduler.amazonaws.com")


def _schedule_group(asked: Asked) -> str:
    return asked.around.arn("scheduler", f"schedule-group/{asked.text('Name')}")


def _role(asked: Asked) -> str:
    return asked.around.global_arn("iam", f"role/{asked.text('RoleName')}")


def _assume_role(asked: Asked) -> Iterator[Need]:
    keys = {"sts:RoleSessionName": (asked.text("RoleSessionName"),)}
    external = {"sts:ExternalId": (asked.text("ExternalId"),)} if asked.text("ExternalId") else {}
    yield Need("sts:AssumeRole", asked.text("RoleArn"), keys | external)


def _queue(asked: Asked) -> str:
    return asked.around.arn("sqs", asked.text("QueueUrl").rsplit("/", 1)[-1])


def _secret(asked: Asked) -> Iterator[Need]:
    stage = asked.text("VersionStage") or "AWSCURRENT"
    yield Need(_action(asked), asked.text("SecretId"), {"secretsmanager:VersionStage": (stage,)})


def _repository(asked: Asked) -> str:
    account = asked.text("registryId") or asked.around.account_id
    return f"arn:{asked.around.partition}:ecr:{asked.around.region}:{account}:repository/{asked.text('repositoryName')}"


def _policy(asked: Asked) -> str:
    return asked.text("PolicyArn")


def _of(service: str, finders: Mapping[str, Find]) -> dict[tuple[str, str], Find]:
    return {(service, operation): find for operation, find in finders.items()}


_FINDERS: Final[dict[tuple[str, str], Find]] = {
    **_of("sagemaker", needs_of_sagemaker.FINDERS),
    **_of("sagemaker-runtime", needs_of_sagemaker.RUNTIME_FINDERS),
    **_of("s3", needs_of_s3.FINDERS),
    **_of(
        "cloudwatch",
        {
            "GetMetricData": _plain(_everything),
            "DescribeAlarms": _plain(
                _everything
            ),  # composite alarms are described to nobody whose permission is narrower
            "PutMetricAlarm": _plain(_alarm),
            "DeleteAlarms": _delete_alarms,
            "SetAlarmState": _plain(_alarm),
            "PutMetricData": _put_metric_data,
        },
    ),
    **_of(
        "application-autoscaling",
        {
            "DescribeScalableTargets": _plain(_everything),
            "DescribeScalingPolicies": _plain(_everything),
            "DescribeScheduledActions": _plain(_everything),
            "RegisterScalableTarget": _scaling,
            "DeregisterScalableTarget": _scaling,
            "PutScalingPolicy": _scaling,
            "DeleteScalingPolicy": _scaling,
            "PutScheduledAction": _scaling,
            "DeleteScheduledAction": _scaling,
        },
    ),
    **_of(
        "scheduler",
        {
            "GetSchedule": _schedule,
            "CreateSchedule": _schedule,
            "UpdateSchedule": _schedule,
            "DeleteSchedule": _schedule,
            "CreateScheduleGroup": _plain(_schedule_group),
        },
    ),
    **_of(
        "iam",
        {
            "GetRole": _plain(_role),
            "ListAttachedRolePolicies": _plain(_role),
            "ListRolePolicies": _plain(_role),
            "GetRolePolicy": _plain(_role),
            "GetPolicy": _plain(_policy),
            "GetPolicyVersion": _plain(_policy),
        },
    ),
    **_of("sts", {"AssumeRole": _assume_role}),
    **_of("service-quotas", {"ListServiceQuotas": _plain(_everything)}),
    **_of(
        "sqs",
        {"ReceiveMessage": _plain(_queue), "DeleteMessage": _plain(_queue), "SendMessage": _plain(_queue)},
    ),
    **_of("secretsmanager", {"GetSecretValue": _secret}),
    **_of("ecr", {"DescribeImages": _plain(_repository)}),
}
