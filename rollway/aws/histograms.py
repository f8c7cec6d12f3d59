"""Reading latency histograms: seldom, since every bin of every arm is a query that costs, and remembered in between.

A histogram that cannot be read is a missing one, never an error: the other metrics of the look are there and must reach the guardrails.
Judges nothing.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

import pandas as pd

from policies.errors import AwsError, PermanentAwsError
from policies.observation import Arm, MetricsRequest
from rollway.aws.latency_bins import Histogram, group_statistics, rebuild_histogram
from rollway.aws.metric_data import Window, fetch
from rollway.aws.session import Aws
from rollway.aws.strata import Histograms, histogram_queries

_log = logging.getLogger(__name__)

_REFUSALS: Final = frozenset(
    {
        "Forbidden",
        "InvalidParameterCombination",
        "InvalidParameterValue",
        "ValidationError",
        "ValidationException",
    }
)
"""What AWS says to a question that it will never answer; expired credentials, throttles and outages are not among it."""


@dataclass(frozen=True)
class _Subject:
    """Whose histograms are read and how: those of another subject cannot be used."""

    endpoint: str
    arms: Mapping[Arm, str]
    start: datetime
    period: timedelta
    bins_per_query: int


@dataclass(frozen=True)
class _Reading:
    """What was read so far.

    Attributes:
        subject: whose.
        at: when, by the caller's clock; None for not at all.
        end: end of the last period that was read.
        histograms: what was read.
    """

    subject: _Subject
    at: datetime | None
    end: datetime
    histograms: Histograms

    def is_due(self, now: datetime, every: timedelta) -> bool:
        """Whether it is time to read anew; a clock that was set back does not put it off."""
        return self.at is None or not timedelta(0) <= now - self.at < every

    def continued(self, fresh: Histograms, news: Window, now: datetime) -> Self:
        """Return this reading with the periods of a window replaced by what was read anew."""
        kept = {key: histogram for key, histogram in self.histograms.items() if key[1] < news.start}
        return replace(self, at=now, end=news.end, histograms=kept | dict(fresh))


class HistogramReader:
    """Reads the latency histograms of one rollout, and remembers them between readings.

    Once AWS has refused to answer, it is not asked again. Not for several threads at once.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._reading: _Reading | None = None
        self._refused = False

    def read(self, request: MetricsRequest, wanted: Window, strata: pd.DataFrame, now: datetime) -> Histograms:
        """Return the histograms read so far; asks CloudWatch when ``request.histograms.every`` has passed.

        Args:
            request: whose histograms, and how; there are none where ``request.histograms`` is None.
            wanted: the settled periods.
            strata: the other columns of all settled periods.
            now: the time of the look.
        """
        how = request.histograms
        if how is None or self._refused:
            return {}
        reading = self._reading_of(
            _Subject(request.endpoint, request.arms, wanted.start, wanted.period, how.bins_per_query)
        )
        if reading.is_due(now, how.every):
            news = wanted.since(min(reading.end, wanted.end), request.reread)
            try:
                fresh = _read(self._aws, request, how.bins_per_query, news, strata)
            except AwsError as error:
                return self._do_without(error, reading)
            if fresh is not None:
                reading = self._reading = reading.continued(fresh, news, now)
        return reading.histograms

    def _reading_of(self, subject: _Subject) -> _Reading:
        reading = self._reading
        if reading is None or reading.subject != subject:
            return _Reading(subject, at=None, end=subject.start, histograms={})
        return reading

    def _do_without(self, error: AwsError, reading: _Reading) -> Histograms:
        """Note a failure: after a refusal there are no histograms at all, after anything else those read before."""
        details = {"operation": error.operation, "aws_code": error.aws_code, "request_id": error.request_id}
        if isinstance(error, PermanentAwsError) and error.aws_code in _REFUSALS:
            self._refused = True
            _log.warning("no latency histograms, CloudWatch refuses percentile ranks: %s", error, extra=details)
            return {}
        _log.warning("latency histograms not read, tried again at the next look: %s", error, extra=details)
        return reading.histograms


def _read(
    aws: Aws, request: MetricsRequest, bins_per_query: int, news: Window, strata: pd.DataFrame
) -> Histograms | None:
    """Read the histograms of a window, those that account for every request; None when there is nothing to ask."""
    lowest_us, highest_us = strata["latency_min_us"].min(), strata["latency_max_us"].max()
    rows = strata[strata["minute"].between(news.start, news.end, inclusive="left")]
    if rows.empty or math.isnan(highest_us):
        return None
    statistics = group_statistics(lowest_us, highest_us, bins_per_query)
    answers = fetch(aws, histogram_queries(request, statistics), news)
    histograms: dict[tuple[str, datetime], Histogram] = {}
    for arm, minute, requests in zip(rows["arm"], rows["minute"], rows["latency_count"], strict=True):
        shares = {group: answers[arm, str(group)].get(minute, 0.0) for group in statistics}
        histogram = rebuild_histogram(shares, requests, bins_per_query)
        if histogram is not None:
            histograms[arm, minute] = histogram
    return histograms
