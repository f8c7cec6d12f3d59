"""The seeded menu of faults that the simulated AWS can be told to have, as values with names. Nothing here does anything."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from rollway.sandbox.durations import Duration

Percent = Annotated[float, Field(ge=0, le=100)]


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


class SystemUpdating(FaultBase):
    """AWS maintains the endpoint (None: every endpoint) for a while; it cannot be changed meanwhile."""

    fault: Literal["system_updating"] = "system_updating"
    duration: Duration
    endpoint: str | None = None


class OutsideChange(FaultBase):
    """Somebody else changes the endpoint's weights, or its config, as soon as nothing else changes it."""

    fault: Literal["outside_change"] = "outside_change"
    endpoint: str
    weights: Mapping[str, float] | None = None
    config: str | None = None

    @model_validator(mode="after")
    def _names_one_change(self) -> Self:
        if (self.weights is None) == (self.config is None):
            raise ValueError("an outside change names either 'weights' or 'config'")
        return self


class Slow(FaultBase):
    """A share (percent) of the variant's requests takes longer by ``by``; for ``duration``, or for ever."""

    fault: Literal["slow"] = "slow"
    variant: str
    share: Percent = 100.0
    by: Duration
    duration: Duration | None = None


class ModelErrors(FaultBase):
    """The variant answers a share (percent) of all INPUTS with an error: the same input always fares the same."""

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


Fault = Annotated[
    Throttle
    | CapacityRefused
    | UpdateRollsBack
    | UpdateRollbackFails
    | SystemUpdating
    | OutsideChange
    | Slow
    | ModelErrors
    | MetricDelay
    | MetricGap,
    Field(discriminator="fault"),
]
"""Any fault; ``fault:`` tells which."""
