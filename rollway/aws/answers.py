"""Reading what a shadow and its baseline answered: the files of data capture, paired and compared, as columns of the strata.

Files come minutes late and never change, so each is read once. What a look may read is limited, and what is left is read at the next: until
then its requests count as expected and not paired, so nothing passes that was not seen. Judges nothing.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import pandas as pd

from policies.answers.tallying import Count, Tally
from policies.errors import AwsError, RolloutError
from policies.observation import ARMS, AnswersRequest, Arm, Metrics, MetricsRequest
from policies.strata.names import ANSWER_COLUMNS
from rollway.aws.captured import LARGEST_FILE, NotCaptured, read_lines, unpack
from rollway.aws.errors import translating
from rollway.aws.metric_data import floor_to
from rollway.aws.objects import parse_location
from rollway.aws.session import Aws

_log = logging.getLogger(__name__)

BYTES_A_LOOK: Final = 64 * 1024 * 1024
FILES_A_LOOK: Final = 400
_REASONS_SHOWN: Final = 5
_HOUR: Final = timedelta(hours=1)
_NOTHING: Final = Count(drawn=1.0, paired=0, agreeing=0)


class _File(NamedTuple):
    """A file that is yet to be read. Sorted by time, both arms together."""

    time: str
    arm: Arm
    key: str
    size: int


@dataclass
class _Progress:
    """What was read so far.

    Attributes:
        subject: of what; what was read of another cannot be used.
        tally: the answers.
        hour: start of the first hour whose files are still looked for.
        seen: keys of the files that were read.
        settled_until: nothing more is to come of what was asked before; None while that is unknown.
    """

    subject: object
    tally: Tally
    hour: datetime
    seen: set[str] = field(default_factory=set[str])
    settled_until: datetime | None = None


class AnswersReader:
    """Reads the answers of one rollout's shadow look by look. Not for several threads at once."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._progress: _Progress | None = None

    def add_to(self, metrics: Metrics, request: MetricsRequest, now: datetime) -> Metrics:
        """Return the metrics with the answers' columns, or with the reason why there are none; unchanged where nobody asks for answers.

        Args:
            metrics: what CloudWatch says.
            request: whose answers, and how they are compared.
            now: the time of the look.
        """
        wanted = request.answers
        if wanted is None:
            return metrics
        progress = self._resume(request, wanted)
        try:
            self._read_on(progress, request, wanted, now)
        except AwsError as error:
            _log.warning("answers not read, tried again at the next look: %s", error)
            return _without(metrics, f"the shadow's answers could not be read: {error}")
        except RolloutError as error:
            return _without(metrics, f"the shadow's answers could not be read: {error}")
        columns = _columns(metrics.strata, request, progress.tally, now)
        return Metrics(metrics.strata.assign(**columns), metrics.series, metrics.settled_until)

    def _resume(self, request: MetricsRequest, wanted: AnswersRequest) -> _Progress:
        subject = (request.endpoint, dict(request.arms), request.period, wanted.destination, wanted.since, wanted.rule)
        if self._progress is None or self._progress.subject != subject:
            self._progress = _Progress(subject, Tally(wanted.rule), floor_to(_HOUR, wanted.since))
        return self._progress

    def _read_on(self, progress: _Progress, request: MetricsRequest, wanted: AnswersRequest, now: datetime) -> None:
        """Read what has come since the last look, and settle what nothing more is to come of."""
        if wanted.until is not None and progress.settled_until is not None and wanted.until <= progress.settled_until:
            return
        files = [file for file in self._list(progress, request, wanted, now) if file.key not in progress.seen]
        bucket = parse_location(wanted.destination).bucket
        left = BYTES_A_LOOK
        for file in sorted(files)[:FILES_A_LOOK]:
            left -= file.size if file.size <= LARGEST_FILE else 0
            if left < 0:
                return
            self._read_file(progress.tally, bucket, file, (request, wanted))
            progress.seen.add(file.key)
        if len(files) <= FILES_A_LOOK:
            over = now - wanted.rule.delivered_within - request.reread
            progress.tally.close(floor_to(request.period, over))
            progress.hour = max(progress.hour, floor_to(_HOUR, over))
            progress.settled_until = over

    def _list(
        self, progress: _Progress, request: MetricsRequest, wanted: AnswersRequest, now: datetime
    ) -> Iterator[_File]:
        """Yield the files of the hours that are still looked at; SageMaker names their folders by the hour of the request, in UTC."""
        bucket, prefix = parse_location(wanted.destination)
        hour, last = progress.hour, min(now, wanted.until or now)
        while hour <= last:
            for arm in ARMS:
                folder = f"{request.endpoint}/{request.arms[arm]}/{hour:%Y/%m/%d/%H}/"
                root = f"{prefix}/{folder}" if prefix else folder
                with translating("ListObjectsV2", f"s3://{bucket}/{root}"):
                    pages = self._aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=root)
                    found = [entry for page in pages for entry in page.get("Contents", [])]
                for entry in found:
                    key = entry.get("Key", "")
                    yield _File(f"{hour:%Y%m%d%H} {key.removeprefix(root)}", arm, key, entry.get("Size", 0))
            hour += _HOUR

    def _read_file(self, tally: Tally, bucket: str, file: _File, about: tuple[MetricsRequest, AnswersRequest]) -> None:
        """Take in what a file holds of the time in shadow; what is no record is told in the log, and counts as not captured."""
        request, wanted = about
        url = f"s3://{bucket}/{file.key}"
        if file.size > LARGEST_FILE:
            _log.warning("%s is left out: %d bytes are more than %d", url, file.size, LARGEST_FILE)
            return
        with translating("GetObject", url):
            content = self._aws.s3.get_object(Bucket=bucket, Key=file.key)["Body"].read()
        broken: list[NotCaptured] = []
        try:
            for line in read_lines(unpack(content), request.period):
                if isinstance(line, NotCaptured):
                    broken.append(line)
                elif wanted.since <= line[0] and (wanted.until is None or line[0] <= wanted.until):
                    tally.add(file.arm, line[1])
        except NotCaptured as reason:
            broken.append(reason)
        if broken:
            reasons = Counter(map(str, broken)).most_common(_REASONS_SHOWN)
            shown = "; ".join(f"{count} × {reason}" for reason, count in reasons)
            _log.warning("%s: %d records are left out: %s", url, len(broken), shown)


def _without(metrics: Metrics, why: str) -> Metrics:
    return Metrics(metrics.strata, metrics.series, metrics.settled_until, answers_unread=why)


def _columns(strata: pd.DataFrame, request: MetricsRequest, tally: Tally, now: datetime) -> dict[str, list[int]]:
    """Return the counts of each row: those of the candidate's minutes in shadow whose answers have been delivered, else zeros."""
    wanted, counts = request.answers, tally.count()
    columns: dict[str, list[int]] = {column: [] for column in ANSWER_COLUMNS}
    for arm, minute, requests in zip(strata["arm"], strata["minute"], strata["invocations"], strict=True):
        count = counts.get(minute.to_pydatetime(), _NOTHING)
        told = (0, 0, 0)
        if wanted is not None and arm == "candidate" and _is_delivered(minute, request, wanted, now):
            told = (round(requests * wanted.sampled * count.drawn), count.paired, count.agreeing)
        for column, value in zip(ANSWER_COLUMNS, told, strict=True):
            columns[column].append(value)
    return columns


def _is_delivered(minute: datetime, request: MetricsRequest, wanted: AnswersRequest, now: datetime) -> bool:
    end = minute + request.period
    in_shadow = wanted.since <= minute and (wanted.until is None or end <= wanted.until)
    return in_shadow and end + wanted.rule.delivered_within <= now
