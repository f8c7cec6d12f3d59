"""Reading data capture's files: SageMaker's own record format, both arms paired, late files, limits, and what cannot be read."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from policies.gates.spec import Agreement
from policies.observation import AnswersRequest, Metrics, MetricsRequest
from policies.strata.names import ANSWER_COLUMNS
from rollway.aws import answers, captured
from rollway.aws.answers import AnswersReader
from rollway.aws.captured import NotCaptured, read_lines
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Outage

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = Agreement.model_validate({"agree_at_least": "99%"})
REQUEST = MetricsRequest(
    endpoint="fraud-prod",
    arms={"baseline": "AllTraffic", "candidate": "candidate"},
    since=NOON,
    period=MINUTE,
    settle=2 * MINUTE,
    reread=5 * MINUTE,
    answers=AnswersRequest("s3://captures/fraud", sampled=1.0, since=NOON, until=None, rule=RULE),
)
DOCUMENTED = (
    '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"132,25,113.2,96,269.9",'
    '"encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT",'
    '"data":"0.01076381653547287","encoding":"CSV"}},"eventMetadata":{"eventId":"feca1ab1-8025-47e3-8f6a-99e3fdd7b8d9",'
    '"inferenceTime":"2026-01-05T12:00:49Z"},"eventVersion":"0"}'
)
"""A record as SageMaker's guide shows it, but for the day."""


@pytest.fixture(autouse=True)
def _bucket(cloud: Cloud, aws: Aws) -> None:
    del cloud
    aws.s3.create_bucket(Bucket="captures")


def record(number: int, answer: object = 1, second: int = 5, **metadata: str) -> str:
    """A captured request and answer in JSON, asked in the first minute unless a later second is given."""
    at = NOON + timedelta(seconds=second)
    data: dict[str, Any] = {"endpointInput": {"mode": "INPUT", "data": f'{{"x": {number}}}', "encoding": "JSON"}}
    if answer is not None:
        data["endpointOutput"] = {"mode": "OUTPUT", "data": json.dumps(answer), "encoding": "JSON"}
    about = {"eventId": f"{number}-{id(data)}", "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"} | metadata
    return json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"})


def put(aws: Aws, variant: str, *lines: str, name: str = "00-30-1-a.jsonl", hour: str = "12") -> None:
    """Write a file of one variant, as data capture does."""
    key = f"fraud/fraud-prod/{variant}/2026/01/05/{hour}/{name}"
    body = "\n".join([*lines, ""]).encode()
    aws.s3.put_object(Bucket="captures", Key=key, Body=gzip.compress(body) if name.endswith("gz") else body)


def look(
    reader: AnswersReader, at: float = 10, requests: tuple[int, ...] = (10,), request: MetricsRequest = REQUEST
) -> Metrics:
    """What a look so many minutes after noon finds, where the candidate got so many requests minute by minute."""
    rows = [
        (pd.Timestamp(NOON + number * MINUTE), arm, count)
        for number, count in enumerate(requests)
        for arm in ("baseline", "candidate")
    ]
    strata = pd.DataFrame(rows, columns=["minute", "arm", "invocations"])
    return reader.add_to(Metrics(strata, {}, NOON + at * MINUTE), request, NOON + at * MINUTE)


def counts(metrics: Metrics, minute: int = 0) -> tuple[int, ...]:
    """Expected, paired and agreeing of the candidate's row."""
    assert metrics.answers_unread == ""
    row = metrics.strata[(metrics.strata["arm"] == "candidate") & (metrics.strata["minute"] == NOON + minute * MINUTE)]
    return tuple(int(row[column].iloc[0]) for column in ANSWER_COLUMNS)


def test_pairs_are_counted_in_the_candidates_rows(aws: Aws) -> None:
    """Requests of CloudWatch are what is expected; pairs and those that agree come from the files of both variants."""
    put(aws, "AllTraffic", *(record(number) for number in range(10)))
    put(aws, "candidate", *(record(number, answer=1 if number else 2) for number in range(9)))
    found = look(AnswersReader(aws))

    assert counts(found) == (10, 9, 8)
    baseline = found.strata[found.strata["arm"] == "baseline"]
    assert not baseline[[*ANSWER_COLUMNS]].to_numpy().any()


def test_the_documented_record_is_read(aws: Aws) -> None:
    """A line as SageMaker's guide shows it pairs with one that differs in its number alone."""
    put(aws, "AllTraffic", DOCUMENTED)
    put(aws, "candidate", DOCUMENTED.replace("feca", "beef").replace("0.0107638165", "0.0107638166"))
    assert counts(look(AnswersReader(aws), requests=(1,))) == (1, 1, 1)


def test_packed_files_are_read(aws: Aws) -> None:
    """A file in gzip holds the same lines."""
    put(aws, "AllTraffic", record(1), name="a.jsonl.gz")
    put(aws, "candidate", record(1))
    assert counts(look(AnswersReader(aws))) == (10, 1, 1)


def test_what_is_not_delivered_yet_is_not_expected(aws: Aws) -> None:
    """A minute counts once its files have had their time; until then nothing is known of it, good or bad."""
    put(aws, "AllTraffic", record(1), record(2, second=65))
    put(aws, "candidate", record(1), record(2, second=65))
    reader = AnswersReader(aws)

    assert counts(look(reader, at=5.9)) == (0, 0, 0)
    early = look(reader, at=6, requests=(10, 10))
    assert (counts(early), counts(early, 1)) == ((10, 1, 1), (0, 0, 0))
    assert counts(look(reader, at=7, requests=(10, 10)), 1) == (10, 1, 1)


def test_late_files_still_count_and_none_is_read_twice(aws: Aws) -> None:
    """What comes after its minute was delivered completes its pairs, until the minute is settled."""
    read: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        read.append(params["Key"].rsplit("/", 1)[-1])

    put(aws, "AllTraffic", record(1), record(2), record(3))
    put(aws, "candidate", record(1))
    reader = AnswersReader(aws)
    aws.s3.meta.events.register("provide-client-params.s3.GetObject", note)
    try:
        assert counts(look(reader, at=6))[1] == 1
        put(aws, "candidate", record(2), name="07-00-1-b.jsonl")
        assert counts(look(reader, at=8))[1] == 2
        look(reader, at=12)
        put(aws, "candidate", record(3), name="12-00-1-c.jsonl")
        assert counts(look(reader, at=13))[1] == 2
    finally:
        aws.s3.meta.events.unregister("provide-client-params.s3.GetObject", note)
    assert read == ["00-30-1-a.jsonl", "00-30-1-a.jsonl", "07-00-1-b.jsonl", "12-00-1-c.jsonl"]


def test_only_the_time_in_shadow_counts(aws: Aws) -> None:
    """Requests before the shadow got copies, and after, are no copies; their files may be the same ones."""
    over = AnswersRequest("s3://captures/fraud", 1.0, NOON + MINUTE, NOON + 2 * MINUTE, RULE)
    for variant in ("AllTraffic", "candidate"):
        put(aws, variant, *(record(minute, second=60 * minute + 5) for minute in range(3)))
    found = look(AnswersReader(aws), at=20, requests=(10, 10, 10), request=replace(REQUEST, answers=over))
    assert [counts(found, minute) for minute in range(3)] == [(0, 0, 0), (10, 1, 1), (0, 0, 0)]


def test_the_hours_folders_are_all_looked_into(aws: Aws) -> None:
    """A shadow that runs past the hour is captured in two folders."""
    for variant in ("AllTraffic", "candidate"):
        put(aws, variant, record(1))
        put(aws, variant, record(2, second=3605), hour="13")
    found = look(AnswersReader(aws), at=70, requests=(10,) * 61)
    assert (counts(found), counts(found, 60)) == ((10, 1, 1), (10, 1, 1))


def test_what_is_captured_of_a_sample_is_expected_of_a_sample(aws: Aws) -> None:
    """With capture at 20 % a fifth of the requests should be there."""
    request = replace(REQUEST, answers=AnswersRequest("s3://captures/fraud", 0.2, NOON, None, RULE))
    assert counts(look(AnswersReader(aws), requests=(50,), request=request)) == (10, 0, 0)


def test_a_look_reads_so_much_and_the_next_goes_on(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left over is expected and not paired, so nobody passes on the part that was read; in the end all of it is."""
    monkeypatch.setattr(answers, "FILES_A_LOOK", 2)
    for number in range(3):
        put(aws, "AllTraffic", record(number), name=f"0{number}-a.jsonl")
        put(aws, "candidate", record(number), name=f"0{number}-b.jsonl")
    reader = AnswersReader(aws)
    assert [counts(look(reader, requests=(3,)))[:2] for _ in range(3)] == [(3, 1), (3, 2), (3, 3)]


def test_a_look_reads_so_many_bytes(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that would make a look too long wait for the next one."""
    monkeypatch.setattr(answers, "BYTES_A_LOOK", 2 * len(record(1)) + 10)
    for number in range(2):
        put(aws, "AllTraffic", record(number), name=f"0{number}-a.jsonl")
        put(aws, "candidate", record(number), name=f"0{number}-b.jsonl")
    reader = AnswersReader(aws)
    assert [counts(look(reader, requests=(2,)))[1] for _ in range(2)] == [1, 2]


def test_what_is_no_record_is_left_out_and_told(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    """A broken line, a failed request, a file that is too large: none stops the reading, and none of them is a pair."""
    nameless = '{"captureData": {}, "eventMetadata": {}}'
    put(aws, "AllTraffic", "no json", nameless, "[]", record(1), record(2), record(3))
    put(aws, "candidate", record(1), record(2, answer=None))
    put(aws, "candidate", record(3), name="broken.jsonl.gz")
    aws.s3.put_object(
        Bucket="captures", Key="fraud/fraud-prod/candidate/2026/01/05/12/x.gz", Body=b"\x1f\x8b no gzip at all"
    )
    assert counts(look(AnswersReader(aws))) == (10, 2, 2)
    assert (
        "3 records are left out: 2 × has no eventMetadata.inferenceTime that is a time; 1 × is not JSON" in caplog.text
    )
    assert "is broken gzip" in caplog.text


def test_a_file_that_unpacks_to_too_much_is_left_out(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A few kilobytes that would fill the memory do not."""
    monkeypatch.setattr(captured, "LARGEST_FILE", 1000)
    put(aws, "AllTraffic", *[record(1)] * 100, name="a.jsonl.gz")
    assert counts(look(AnswersReader(aws)))[1] == 0
    assert "larger than 1,000 bytes when unpacked" in caplog.text


@pytest.mark.parametrize(
    ("destination", "why"),
    [("s3://elsewhere/fraud", "bucket does not exist"), ("https://captures", "is no S3 location")],
)
def test_what_cannot_be_read_is_an_error_with_its_reason(aws: Aws, destination: str, why: str) -> None:
    """Other metrics of the look are there all the same; the answers are unknown, and the reason is told."""
    request = replace(REQUEST, answers=AnswersRequest(destination, 1.0, NOON, None, RULE))
    found = look(AnswersReader(aws), request=request)
    assert found.answers_unread.startswith("the shadow's answers could not be read: ")
    assert why in found.answers_unread
    assert not {*ANSWER_COLUMNS} & {*found.strata.columns}


def test_a_look_that_failed_is_made_up_for(aws: Aws, cloud: Cloud) -> None:
    """An outage of S3 costs that look's answers; the next one has them all."""
    put(aws, "AllTraffic", record(1))
    put(aws, "candidate", record(1))
    reader = AnswersReader(aws)
    cloud.plant(Outage(service="s3", duration=timedelta(hours=1), prefix="captures"))
    assert look(reader).answers_unread
    cloud.clear_faults()
    assert counts(look(reader)) == (10, 1, 1)


BAD_RECORDS = {
    "half a character in an id": record(1, inferenceId="\ud800"),
    "half a character in the input": record(1).replace('{\\"x\\": 1}', "\\udfff"),
    "half a character in the answer": record(1, answer="x").replace('\\"x\\"', "\\ud83d"),
    "year 1": record(1, inferenceTime="0001-01-01T00:00:00+05:00"),
    "year 9999": record(1, inferenceTime="9999-12-31T23:59:59-05:00"),
    "a date that does not exist": record(1, inferenceTime="2026-02-30T00:00:00Z"),
    "a number for a time": record(1).replace('"2026-01-05T12:00:05Z"', "1767614405"),
    "a number that no float holds": record(1).replace('"2026-01-05T12:00:05Z"', "9" * 5000),
    "not a number": record(1).replace('"2026-01-05T12:00:05Z"', "NaN"),
    "nested without end": "[" * 100_000,
    "cut off": record(1)[:-5],
    "a list": "[1, 2]",
    "a number": "1e999",
    "a text": '"\ud83d"',
    "metadata in a list": '{"eventMetadata": [], "captureData": []}',
}


@pytest.mark.parametrize("name", BAD_RECORDS)
def test_a_bad_record_leaves_the_others_of_its_file(name: str) -> None:
    """A record that cannot be read is one reason; the good ones before and after it are read."""
    bad = BAD_RECORDS[name].encode("utf-8", "surrogatepass")
    first, found, last = read_lines(b"\n".join([record(2).encode(), bad, record(3).encode()]), MINUTE)

    assert isinstance(found, NotCaptured)
    assert not isinstance(first, NotCaptured)
    assert not isinstance(last, NotCaptured)
    assert "\n" not in str(found)
    assert len(str(found)) < 100


def test_bad_records_are_counted_by_their_reason(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    """What is left out is told with how often and why, and the pairs beside it count."""
    put(aws, "AllTraffic", record(1), BAD_RECORDS["year 1"], BAD_RECORDS["half a character in an id"], record(2))
    put(aws, "candidate", record(1), record(2))
    assert counts(look(AnswersReader(aws))) == (10, 2, 2)
    assert "2 records are left out" in caplog.text
    assert "1 × has half a character" in caplog.text
