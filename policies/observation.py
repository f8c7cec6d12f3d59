"""What one look at the world brings home, and what it has to look for.

Something that could not be read is ``Unavailable``, with the reason: never an empty answer, which would look like a quiet one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import pandas as pd

from policies.facts import Endpoint, Surroundings
from policies.gates.spec import Agreement
from policies.values import Frozen

Arm = Literal["baseline", "candidate"]
ARMS: Final[tuple[Arm, ...]] = ("baseline", "candidate")


@dataclass(frozen=True)
class Unavailable:
    """Something that could not be read.

    Attributes:
        why: the reason, as a sentence for a person.
        deleted: whether it does not exist any more.
    """

    why: str
    deleted: bool = False


@dataclass(frozen=True)
class SeriesRequest:
    """One CloudWatch metric and statistic, period by period.

    Attributes:
        namespace: CloudWatch namespace.
        metric: CloudWatch's metric name.
        statistic: CloudWatch's statistic.
        dimensions: the exact dimensions.
    """

    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class HistogramRequest:
    """How latency histograms are read; what they cost is proportional to bins and to how often they are read.

    Attributes:
        bins_per_query: how many of CloudWatch's bins (10 % each) one query spans; more is cheaper and coarser.
        every: time between two readings.
    """

    bins_per_query: int
    every: timedelta


@dataclass(frozen=True)
class AnswersRequest:
    """Which captured answers are compared, and how.

    Attributes:
        destination: where data capture writes, ``s3://bucket/prefix``.
        sampled: the part of the requests that is captured, 0 to 1.
        since: when the shadow began to get copies.
        until: when that ended; None while it lasts.
        rule: what is paired, and what agreeing means.
    """

    destination: str
    sampled: float
    since: datetime
    until: datetime | None
    rule: Agreement


@dataclass(frozen=True)
class MetricsRequest:
    """The metrics that the next decision needs.

    Attributes:
        endpoint: the endpoint's name.
        arms: the variant that is each arm.
        configs: the configuration that is each arm, where both are one variant; empty where they are not.
        since: start of the first period wanted.
        period: length of a period.
        settle: how old a period must be before it is given back.
        reread: how far back periods that were read before are read again.
        series: further metrics, by the name of the gate that wants them.
        histograms: how to read latency histograms; None when no gate wants them.
        answers: which captured answers to compare; None when no gate wants them.
    """

    endpoint: str
    arms: Mapping[Arm, str]
    since: datetime
    period: timedelta
    settle: timedelta
    reread: timedelta
    series: Mapping[str, SeriesRequest] = field(default_factory=dict[str, SeriesRequest])
    histograms: HistogramRequest | None = None
    configs: Mapping[Arm, str] = field(default_factory=dict[Arm, str])
    answers: AnswersRequest | None = None


@dataclass(frozen=True)
class Metrics:
    """Settled metrics.

    Attributes:
        strata: one row per (minute, arm) with the columns ``STRATA_COLUMNS``: ``minute`` is the period's start (timezone-aware UTC),
            counts are whole numbers, latencies are microseconds and NaN where no request was answered; ``latency_histogram`` holds a dict
            from bin to count, or None where there is none (yet). A period in which CloudWatch has
            no ``Invocations`` of an arm has no row of that arm: nothing was asked of it, or nothing is known. Where answers were asked
            for and could be read there are ``ANSWER_COLUMNS`` besides, which count in the candidate's rows.
        series: one value per period with data, indexed by the period's start, by the name of the gate that wants them.
        settled_until: end of the newest settled period; what comes after is not known yet.
        answers_unread: why the answers could not be read; empty when they could, or nobody asked for them.
    """

    strata: pd.DataFrame
    series: Mapping[str, pd.Series]
    settled_until: datetime
    answers_unread: str = ""


Verb = Literal["abort", "rollback", "pause", "resume", "approve", "reject", "promote_now"]
"""What can be asked of a running rollout.

``abort`` and ``rollback`` lead to the baseline. ``pause`` keeps the candidate from getting more; ``resume`` ends that, and accepts a drift
of counts, tags or scaling. ``approve`` and ``reject`` answer a stage that asks a person: it goes on, or back. ``promote_now`` skips
what has not passed yet.
"""


class Signal(Frozen):
    """What a person, or the process's own end, asks of a running rollout.

    Attributes:
        verb: what is asked.
        reason: why, in the asker's words.
        by: who asks.
        stage: index of the stage that is approved or rejected: the answer holds for no other. None: whichever asks.
        asked: since when the question had been asked that is answered; None: whatever is asked now.
        id: tells signals apart, so that each is heeded once.
    """

    verb: Verb
    reason: str
    by: str
    stage: int | None = None
    asked: datetime | None = None
    id: str = ""


class Halt(Frozen):
    """A halt of every rollout that shares a journal: no candidate gets more traffic, and no rollout starts, until it is lifted.

    Attributes:
        since: since when.
        reason: why.
        by: who, or what, called it.
        endpoints: the endpoints whose failures led to it; empty for a halt that a person called.
    """

    since: datetime
    reason: str
    by: str
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Circumstances:
    """What is known about who may have acted on the endpoint since the last look.

    Attributes:
        switch_due: since when the dead-man's switch was due because no process had extended it; None where it cannot have acted.
        unobserved_since: when the last process before this one gave its last sign of life, at the first look after a take-over; else None.
    """

    switch_due: datetime | None = None
    unobserved_since: datetime | None = None


@dataclass(frozen=True)
class Observation:
    """One look at the world.

    Attributes:
        endpoint: the endpoint as AWS describes it now.
        metrics: the settled metrics of the candidate and whom it is compared with, or why there are none. None where none were asked for.
        signals: what people have asked for so far, oldest first.
        surroundings: the endpoint's tags and scaling, or why they are not known.
        halt: the halt of all rollouts, if there is one.
        rivals: like ``metrics``, for each further challenger of an A/B test, by its variant.
        circumstances: who may have acted on the endpoint since the last look.
    """

    endpoint: Endpoint | Unavailable
    metrics: Metrics | Unavailable | None = None
    signals: tuple[Signal, ...] = ()
    surroundings: Surroundings | Unavailable = field(default_factory=Surroundings)
    halt: Halt | None = None
    rivals: Mapping[str, Metrics | Unavailable | None] = field(
        default_factory=dict[str, "Metrics | Unavailable | None"]
    )
    circumstances: Circumstances = field(default_factory=Circumstances)
