"""Measuring the traffic that an endpoint has now, for a forecast: the last hour of its one variant. Reads only."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

import pandas as pd

from policies.errors import RolloutError
from policies.forecasting.traffic import DEFAULT_P50_MS, DEFAULT_P99_MS, Latency, Traffic, from_histogram, lognormal
from policies.gates.spec import LatencyComparison
from policies.gates.weighing import compared_gates
from policies.observation import HistogramRequest, MetricsRequest
from policies.spec import Policy
from policies.strata.columns import ERROR_COLUMNS
from policies.strata.names import HISTOGRAM_COLUMN
from rollway.aws.cloudwatch import MetricsReader
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws

LOOKS_BACK: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


class NoTraffic(RolloutError):
    """The endpoint's traffic cannot be told."""

    code = "no_traffic"


def measure_traffic(aws: Aws, endpoint: str, policy: Policy, now: datetime) -> Traffic:
    """Return what came in during the last hour, or since the first request in it.

    Args:
        aws: the account.
        endpoint: the endpoint's name; it must have one production variant.
        policy: says by which period the metrics are read, and whether it takes latency histograms.
        now: the present.

    Raises:
        NotFound: there is no such endpoint.
        NoTraffic: it has several variants, or had no request.
        AwsError: AWS turned a request down.
    """
    variants = [variant.name for variant in describe_endpoint(aws, endpoint).variants]
    if len(variants) != 1:
        told = f"endpoint {endpoint} has {len(variants)} production variants ({', '.join(variants)}), not one"
        raise NoTraffic(told, hint="Give its traffic instead: --requests-per-minute NUMBER.")
    metrics = MetricsReader(aws).read(_request(endpoint, variants[0], policy, now), now)
    if metrics.strata["invocations"].sum() == 0:
        told = f"CloudWatch has no request of variant {variants[0]} of endpoint {endpoint} in the last hour"
        raise NoTraffic(told, hint="Give the traffic instead: --requests-per-minute NUMBER.")
    return summarise_traffic(metrics.strata, metrics.settled_until)


def summarise_traffic(strata: pd.DataFrame, until: datetime) -> Traffic:
    """Return the traffic of a table of one arm's strata, of which there must be some, from its first period until a moment."""
    requests = float(strata["invocations"].sum())
    seen = until - cast("pd.Timestamp", strata["minute"].min())
    return Traffic(
        requests_per_minute=requests / (seen / _MINUTE),
        error_rates={metric: min(0.999, float(strata[metric].sum()) / requests) for metric in ERROR_COLUMNS},
        latency=_latency(strata),
    )


def _request(endpoint: str, variant: str, policy: Policy, now: datetime) -> MetricsRequest:
    metrics = policy.metrics
    takes_histograms = any(isinstance(gate, LatencyComparison) for gate in compared_gates(policy).values())
    how = HistogramRequest(bins_per_query=metrics.histograms.bins_per_query, every=metrics.histograms.every)
    return MetricsRequest(
        endpoint=endpoint,
        arms={"baseline": variant},
        since=now - metrics.settle - LOOKS_BACK,
        period=metrics.period,
        settle=metrics.settle,
        reread=metrics.reread,
        histograms=how if takes_histograms else None,
    )


def _latency(strata: pd.DataFrame) -> Latency:
    """Return the distribution by the histograms; without any, one of the default's spread with the mean that was measured."""
    counts: dict[int, float] = {}
    for histogram in cast("Sequence[Mapping[int, int] | None]", strata[HISTOGRAM_COLUMN].to_numpy(object)):
        for number, count in (histogram or {}).items():
            counts[number] = counts.get(number, 0.0) + count
    if counts:
        return from_histogram(counts)
    answered = float(strata["latency_count"].sum())
    default = lognormal(DEFAULT_P50_MS, DEFAULT_P99_MS)
    if not answered:
        return default
    times = float(strata["latency_sum_us"].sum()) / answered / default.mean_us
    return lognormal(times * DEFAULT_P50_MS, times * DEFAULT_P99_MS)
