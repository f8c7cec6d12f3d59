"""The CloudWatch metrics that SageMaker publishes for every invocation of a variant.

Each goes out twice, as AWS does it: by endpoint and variant, and by endpoint, variant and endpoint configuration.
Errors are published as 0 or 1 per request, so their average is the error rate. Latencies are in microseconds.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rollway.sandbox.metrics.store import MetricStore
from rollway.sandbox.sagemaker.serving import ServingVariant

NAMESPACE = "AWS/SageMaker"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Batch:
    """What became of several invocations of one variant at one moment.

    Attributes:
        variant: the variant.
        latencies_s: of each, in the order of their coming.
        statuses: how many ended with which HTTP status.
    """

    variant: ServingVariant
    latencies_s: list[float] = field(default_factory=list[float])
    statuses: Counter[int] = field(default_factory=Counter[int])


class Accounting:
    """Records what became of invocations. Counts of equal requests can be recorded in one go."""

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics
        self._dimensions: dict[tuple[str, str, str], tuple[Mapping[str, str], Mapping[str, str]]] = {}

    def record_status(
        self, endpoint: str, variant: ServingVariant, status: int, at: datetime, *, count: int = 1
    ) -> None:
        """Record ``count`` invocations that ended with the model server's HTTP ``status`` (0: no answer).

        A request without an answer counts as a model error and not as 5XX: its original status is 0. Whether AWS
        counts it under 5XX too is not documented.
        """
        values = {
            "Invocations": 1.0,
            "InvocationsPerInstance": 1 / max(variant.instances, 1),
            "Invocation4XXErrors": float(400 <= status < 500),  # noqa: PLR2004 - HTTP's classes of status
            "Invocation5XXErrors": float(500 <= status < 600),  # noqa: PLR2004
            "InvocationModelErrors": float(not 200 <= status < 300),  # noqa: PLR2004
        }
        for dimensions in self._dimensions_of(endpoint, variant):
            for metric, value in values.items():
                self._metrics.record(NAMESPACE, metric, dimensions, value, at=at, count=count)

    def record_latency(self, endpoint: str, variant: ServingVariant, latency_s: float, at: datetime) -> None:
        """Record how long the model server took to answer one invocation."""
        self._record(endpoint, variant, ("ModelLatency", latency_s * _MICROSECONDS), at)

    def record_overhead(
        self, endpoint: str, variant: ServingVariant, overhead_s: float, at: datetime, *, count: int = 1
    ) -> None:
        """Record how much longer ``count`` invocations took than their model server."""
        self._record(endpoint, variant, ("OverheadLatency", overhead_s * _MICROSECONDS), at, count=count)

    def record_batch(self, endpoint: str, batch: Batch, overhead_s: float, at: datetime) -> None:
        """Record several invocations, each with the same overhead: as each by itself, and far faster."""
        latencies = [latency * _MICROSECONDS for latency in batch.latencies_s]
        for dimensions in self._dimensions_of(endpoint, batch.variant):
            self._metrics.record_each(NAMESPACE, "ModelLatency", dimensions, latencies, at)
        for status, count in batch.statuses.items():
            self.record_status(endpoint, batch.variant, status, at, count=count)
            self.record_overhead(endpoint, batch.variant, overhead_s, at, count=count)

    def _record(
        self, endpoint: str, variant: ServingVariant, value: tuple[str, float], at: datetime, *, count: int = 1
    ) -> None:
        for dimensions in self._dimensions_of(endpoint, variant):
            self._metrics.record(NAMESPACE, value[0], dimensions, value[1], at=at, count=count)

    def _dimensions_of(self, endpoint: str, variant: ServingVariant) -> tuple[Mapping[str, str], Mapping[str, str]]:
        key = (endpoint, variant.name, variant.config_name)
        found = self._dimensions.get(key)
        if found is None:
            plain = {"EndpointName": endpoint, "VariantName": variant.name}
            found = self._dimensions[key] = (plain, {**plain, "EndpointConfigName": variant.config_name})
        return found
