"""Reading CloudWatch: both arms minute by minute, and the series that gates ask for.

A period without data stays absent: nothing here invents a zero for a minute in which nothing was reported. Periods that
may still change are not given back, and those read lately are read again, because late data changes them. Judges
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policies.observation import Metrics, MetricsRequest, SeriesRequest
from rollway.aws.answers import AnswersReader
from rollway.aws.histograms import HistogramReader
from rollway.aws.metric_data import QueryKey, Values, Window, fetch, floor_to
from rollway.aws.session import Aws
from rollway.aws.strata import attach_histograms, build_series, build_strata, strata_queries

_SERIES: Final = "series"


@dataclass(frozen=True)
class _Memory:
    """What was read so far.

    Attributes:
        queries: what was asked for.
        window: the periods that were asked for.
        values: the answers.
    """

    queries: Mapping[QueryKey, SeriesRequest]
    window: Window
    values: Mapping[QueryKey, Values]

    def serves(self, queries: Mapping[QueryKey, SeriesRequest], wanted: Window) -> bool:
        """Whether this is a beginning of what is wanted now."""
        return (
            self.queries == queries
            and (self.window.start, self.window.period) == (wanted.start, wanted.period)
            and self.window.end <= wanted.end
        )


class MetricsReader:
    """Reads the metrics of one rollout look by look, and remembers settled periods between looks.

    Not for several threads at once: each rollout has its own.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._memory: _Memory | None = None
        self._histograms = HistogramReader(aws)
        self._answers = AnswersReader(aws)

    def read(self, request: MetricsRequest, now: datetime) -> Metrics:
        """Return all settled periods since ``request.since``; a moment within a period counts as the start of the next.

        Asks CloudWatch only for what is new and the last ``request.reread`` before it; for everything when the metrics,
        the start or the period differ from the request before. Latency histograms follow their own, slower pace, and
        those that cannot be read are left out, with a line in the log. Answers that cannot be read are left out with the reason.

        Raises:
            AccessDenied: AWS withholds one of the metrics.
            TransientAwsError: an answer was incomplete or impossible.
            AwsError: AWS turned the request down.
        """
        queries = strata_queries(request) | {(_SERIES, name): series for name, series in request.series.items()}
        period = request.period
        wanted = Window(_ceil_to(period, request.since), floor_to(period, now - request.settle), period)
        values = self._read_values(queries, wanted, request.reread)
        strata = build_strata(values)
        metrics = Metrics(
            strata=attach_histograms(strata, self._histograms.read(request, wanted, strata, now)),
            series={name: build_series(name, values[_SERIES, name]) for name in request.series},
            settled_until=wanted.end,
        )
        return self._answers.add_to(metrics, request, now)

    def _read_values(
        self,
        queries: Mapping[QueryKey, SeriesRequest],
        wanted: Window,
        reread: timedelta,
    ) -> Mapping[QueryKey, Values]:
        """Bring the memory up to the wanted window; a failure leaves it as it was."""
        memory = self._memory
        if memory is None or not memory.serves(queries, wanted):
            nothing = Window(wanted.start, wanted.start, wanted.period)
            memory = _Memory(queries, nothing, {key: {} for key in queries})
        news = wanted.since(memory.window.end, reread)
        if news.start < news.end:
            fresh = fetch(self._aws, queries, news)
            values = {key: _before(news.start, memory.values[key]) | fresh[key] for key in queries}
            memory = self._memory = _Memory(queries, wanted, values)
        return memory.values


class MetricsReaders:
    """Reads the metrics of one rollout, and remembers each pair of arms by itself: an A/B test compares several pairs at every look."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._readers: dict[tuple[tuple[str, str], ...], MetricsReader] = {}

    def read(self, request: MetricsRequest, now: datetime) -> Metrics:
        """Return all settled periods since ``request.since``, as ``MetricsReader.read`` does.

        Raises:
            AwsError: they could not be read.
        """
        arms = tuple(sorted(request.arms.items()))
        reader = self._readers.setdefault(arms, MetricsReader(self._aws))
        return reader.read(request, now)


def _before(moment: datetime, values: Values) -> Values:
    return {start: value for start, value in values.items() if start < moment}


def _ceil_to(period: timedelta, moment: datetime) -> datetime:
    return floor_to(period, moment + period - timedelta.resolution)
