"""The seeded menu of faults that the simulated AWS can be told to have, as values with names. Nothing here does anything."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from rollway.sandbox.durations import Duration

Percent = Annotated[float, Field(ge=0, le=100)]
Bounds = Annotated[Mapping[Literal["min", "max"], NonNegativeInt], Field(min_length=1)]


class FaultBase(BaseModel):
    """What all faults share: ``after`` is how long after being planted the fault begins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Duration = timedelta(0)


class Throttle(FaultBase):
    """The next ``times`` calls of an operation (``*``: of any) are refused with "Rate exceeded"."""

    fault: Literal["throttle"] = "throttle"
    operation: str
    times: PositiveInt = 1


class CapacityRefused(FaultBase):
    """AWS finds no instances for the variant, the next ``times`` that new ones are asked for."""

    fault: Literal["capacity_refused"] = "capacity_refused"
    variant: str
    times: PositiveInt = 1


class UpdateRollsBack(FaultBase):
    """The next ``times`` UpdateEndpoint calls end InService on the OLD config; ``silent``: without a FailureReason."""

    fault: Literal["update_rolls_back"] = "update_rolls_back"
    times: PositiveInt = 1
    silent: bool = True


class UpdateRollbackFails(FaultBase):
    """The next ``times`` UpdateEndpoint calls end UpdateRollbackFailed: a mix of the old and the new config serves."""

    fault: Literal["update_rollback_fails"] = "update_rollback_fails"
    times: PositiveInt = 1


class ChangeRollsBack(FaultBase):
    """The next ``times`` changes of weights or instance counts are accepted and end on the old ones, without a FailureReason."""

    fault: Literal["change_rolls_back"] = "change_rolls_back"
    times: PositiveInt = 1


class Stuck(FaultBase):
    """The next ``times`` changes of an endpoint by an operation (``*``: by any) are accepted and take longer by ``by``."""

    fault: Literal["stuck"] = "stuck"
    operation: Literal["UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "*"] = "*"
    by: Duration = timedelta(days=30)
    times: PositiveInt = 1


class InstanceQuota(FaultBase):
    """No endpoint may have more than ``instances`` in all, a new fleet beside the old one counted; for ``duration``, or for good."""

    fault: Literal["instance_quota"] = "instance_quota"
    instances: PositiveInt
    duration: Duration | None = None


class GuardrailsIgnored(FaultBase):
    """The next ``times`` UpdateEndpoint calls with a DeploymentConfig are done all at once, as AWS does with what it excludes, silently."""

    fault: Literal["guardrails_ignored"] = "guardrails_ignored"
    times: PositiveInt = 1


class SystemUpdating(FaultBase):
    """AWS maintains the endpoint (None: every endpoint) for a while; it cannot be changed meanwhile."""

    fault: Literal["system_updating"] = "system_updating"
    duration: Duration
    endpoint: str | None = None


class OutsideChange(FaultBase):
    """Somebody else changes one thing of the endpoint: what AWS refuses on a busy endpoint, as soon as it is at rest.

    Attributes:
        endpoint: the endpoint's name.
        weights: new weights by variant.
        config: the configuration that it is updated to.
        instances: new instance counts by variant.
        tags: tags that it gets.
        scaling: by variant, the bounds with which it is registered (again) for autoscaling.
        delete_config: the endpoint configuration that is deleted, in use or not.
        delete_endpoint: true where the endpoint itself is deleted.
        deregister: the variant that is deregistered from autoscaling.
    """

    fault: Literal["outside_change"] = "outside_change"
    endpoint: str
    weights: Mapping[str, float] | None = None
    config: str | None = None
    instances: Mapping[str, NonNegativeInt] | None = None
    tags: Annotated[Mapping[str, str], Field(min_length=1)] | None = None
    scaling: Annotated[Mapping[str, Bounds], Field(min_length=1)] | None = None
    delete_config: str | None = None
    delete_endpoint: Literal[True] | None = None
    deregister: str | None = None

    @property
    def deploys(self) -> bool:
        """Whether the change starts a deployment of the endpoint, which a busy one refuses."""
        return any(wanted is not None for wanted in (self.weights, self.config, self.instances, self.delete_endpoint))

    @model_validator(mode="after")
    def _names_one_change(self) -> Self:
        changes = OutsideChange.model_fields.keys() - FaultBase.model_fields.keys() - {"fault", "endpoint"}
        named = sorted(change for change in changes if getattr(self, change) is not None)
        if len(named) != 1:
            choice = " or ".join(repr(name) for name in OutsideChange.model_fields if name in changes)
            raise ValueError(f"an outside change names either {choice}, and no two of them; this one names {named}")
        return self


class ScalingActivity(FaultBase):
    """Autoscaling sets the variant's instance count, as soon as the endpoint is at rest.

    It does so once, whatever is registered or suspended: it was decided on earlier.
    """

    fault: Literal["scaling_activity"] = "scaling_activity"
    endpoint: str
    variant: str
    instances: PositiveInt


class ScheduleFires(FaultBase):
    """The next ``times`` invocations by EventBridge schedules come later by ``late``, and, with ``twice``, a second time soon after."""

    fault: Literal["schedule_fires"] = "schedule_fires"
    times: PositiveInt = 1
    twice: bool = False
    late: Duration = timedelta(0)


class Slow(FaultBase):
    """A share (percent) of the variant's requests takes longer by ``by``; for ``duration``, or for ever."""

    fault: Literal["slow"] = "slow"
    variant: str
    share: Percent = 100.0
    by: Duration
    duration: Duration | None = None


class ModelErrors(FaultBase):
    """The variant answers a share (percent) of its requests with an error, whatever they ask."""

    fault: Literal["model_error"] = "model_error"
    variant: str
    share: Percent = 100.0
    status: Annotated[int, Field(ge=400, le=599)] = 500
    duration: Duration | None = None


class MetricDelay(FaultBase):
    """Metrics become visible later by ``by``, on top of the ordinary delay."""

    fault: Literal["metric_delay"] = "metric_delay"
    by: Duration
    duration: Duration | None = None


class MetricGap(FaultBase):
    """Metrics of the variant (None: of everything) are lost for a while."""

    fault: Literal["metric_gap"] = "metric_gap"
    duration: Duration
    variant: str | None = None


class Outage(FaultBase):
    """A service (``*``: every one) answers every request with ``status`` for a while.

    With ``prefix``, only requests about S3 buckets whose name begins so, which may be a whole name, fail. Invocations go on:
    they are no part of the control plane.
    """

    fault: Literal["outage"] = "outage"
    service: Literal["s3", "cloudwatch", "sagemaker", "scheduler", "application-autoscaling", "*"]
    duration: Duration
    status: Literal[500, 503] = 503
    prefix: str = ""

    @model_validator(mode="after")
    def _names_buckets_of_s3_only(self) -> Self:
        if self.prefix and self.service != "s3":
            raise ValueError(f"'prefix' names S3 buckets, so it goes with service: s3, not with {self.service}")
        return self

    def covers(self, service: str, bucket: str) -> bool:
        """Whether a request to a service, about an S3 bucket or none, fails."""
        return self.service in (service, "*") and bucket.startswith(self.prefix)


class ExpiredCredentials(FaultBase):
    """Every request to the control plane is refused for a while, because the caller's token is over."""

    fault: Literal["expired_credentials"] = "expired_credentials"
    duration: Duration


class Denied(FaultBase):
    """Callers may not use an operation (``*``: any); for ``duration``, or for good. What AWS does by itself goes on."""

    fault: Literal["denied"] = "denied"
    operation: str
    duration: Duration | None = None


class LostAnswer(FaultBase):
    """The next ``times`` calls of an operation (``*``: of any) are carried out, and then answered with status 500."""

    fault: Literal["lost_answer"] = "lost_answer"
    operation: str
    times: PositiveInt = 1


Fault = Annotated[
    Throttle
    | CapacityRefused
    | UpdateRollsBack
    | UpdateRollbackFails
    | ChangeRollsBack
    | Stuck
    | InstanceQuota
    | GuardrailsIgnored
    | SystemUpdating
    | OutsideChange
    | ScalingActivity
    | ScheduleFires
    | Slow
    | ModelErrors
    | MetricDelay
    | MetricGap
    | Outage
    | ExpiredCredentials
    | Denied
    | LostAnswer,
    Field(discriminator="fault"),
]
"""Any fault; ``fault:`` tells which."""
