"""The simulated data capture: which requests are kept, in what form, where, and when."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.captures import Captures
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.runtime.messages import Invocation, Reply
from rollway.sandbox.sagemaker.serving import CaptureRule, Serving, read_capture
from rollway.sandbox.settings import Capture

LATE = datetime(2026, 3, 2, 12, 59, 57, tzinfo=UTC)
CONFIG: dict[str, Any] = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://captures/digits/",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
}


class Kept:
    """A data capture and the files that it has written by now."""

    def __init__(self, change: dict[str, Any] | None = None, settings: Capture | None = None) -> None:
        self.clock = VirtualClock(LATE)
        self.files: dict[str, list[dict[str, Any]]] = {}
        self.captures = Captures(self.clock, settings or Capture(), seed=7)
        self.captures.write = self._write
        self.serving = Serving("digits", (), (), read_capture({"DataCaptureConfig": CONFIG | (change or {})}))

    def _write(self, bucket: str, key: str, render: Callable[[], bytes]) -> bool:
        self.files[f"{bucket}/{key}"] = [json.loads(line) for line in render().splitlines()]
        return True

    def ask(self, body: bytes = b"1", answer: bytes = b"2", status: int = 200, **more: str) -> None:
        """Serve one request by the variant ``live``, with a copy to the shadow ``dark``."""
        invocation = Invocation("digits", body, **{"content_type": "text/csv"} | more)  # pyright: ignore[reportArgumentType]
        for ticket in self.captures.draw(self.serving, ["live", "dark"], invocation):
            if ticket:
                self.captures.take(ticket, Reply(status, answer, 0.1, "application/json; charset=utf-8"))

    def records(self, variant: str) -> list[dict[str, Any]]:
        """All records of a variant, once everything is written."""
        self.clock.advance(timedelta(minutes=5))
        self.captures.tick()
        return [line for key, lines in self.files.items() if f"/{variant}/" in key for line in lines]


def test_a_record_is_sagemakers() -> None:
    """Members, modes and encodings are those of SageMaker's guide; the copy has one of its own under the shadow's name."""
    kept = Kept()
    kept.ask(b"5.1,3.5", b'{"a": 1}', inference_id="mine")
    (live,), (dark,) = kept.records("live"), kept.records("dark")

    assert live["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "5.1,3.5", "encoding": "CSV"},
        "endpointOutput": {
            "observedContentType": "application/json; charset=utf-8",
            "mode": "OUTPUT",
            "data": '{"a": 1}',
            "encoding": "JSON",
        },
    }
    assert live["eventVersion"] == "0"
    assert live["eventMetadata"]["inferenceTime"] == "2026-03-02T12:59:57Z"
    assert live["eventMetadata"]["inferenceId"] == dark["eventMetadata"]["inferenceId"] == "mine"
    assert live["eventMetadata"]["eventId"] != dark["eventMetadata"]["eventId"]


def test_what_is_not_named_or_no_text_is_in_base64() -> None:
    """A content type that the configuration does not name, and bytes that are no text, are written down in Base64."""
    kept = Kept()
    kept.ask(b"\x00\xff", b"\xff", content_type="application/x-image")
    (record,) = kept.records("live")
    for side, body in (("endpointInput", b"\x00\xff"), ("endpointOutput", b"\xff")):
        assert record["captureData"][side]["encoding"] == "BASE64"
        assert base64.b64decode(record["captureData"][side]["data"]) == body


@pytest.mark.parametrize(
    ("change", "status", "sides"),
    [
        ({}, 200, {"endpointInput", "endpointOutput"}),
        ({}, 500, {"endpointInput"}),
        ({"CaptureOptions": [{"CaptureMode": "Output"}]}, 200, {"endpointOutput"}),
        ({"CaptureOptions": [{"CaptureMode": "InputAndOutput"}]}, 200, {"endpointInput", "endpointOutput"}),
    ],
)
def test_only_the_wanted_sides_are_kept(change: dict[str, Any], status: int, sides: set[str]) -> None:
    """Modes choose the sides; a request that failed has no answer to keep."""
    kept = Kept(change)
    kept.ask(status=status)
    (record,) = kept.records("live")
    assert {*record["captureData"]} == sides


def test_files_go_to_the_hour_of_their_requests() -> None:
    """A file is written some seconds after its first request, by variant and by the hour in which the requests came."""
    kept = Kept()
    kept.ask()
    kept.clock.advance(timedelta(seconds=4))
    kept.captures.tick()
    assert not kept.files
    kept.ask()
    kept.records("live")

    folders = sorted(key.rpartition("/")[0] for key in kept.files)
    assert folders == [
        f"captures/digits/digits/{name}/2026/03/02/{hour}" for name in ("dark", "live") for hour in (12, 13)
    ]
    assert all(key.endswith(".jsonl") for key in kept.files)


@pytest.mark.parametrize(("alike", "both"), [(False, 0.09), (True, 0.3)])
def test_a_sample_is_drawn_of_each_variant_apart_unless_asked_otherwise(alike: bool, both: float) -> None:  # noqa: FBT001 - a case
    """At 30 % each variant keeps so many; both halves of a request come together by chance alone, or always."""
    kept = Kept({"InitialSamplingPercentage": 30}, Capture(sampled_alike=alike))
    for number in range(2000):
        kept.ask(b"%d" % number)
    live, dark = (
        {record["captureData"]["endpointInput"]["data"] for record in kept.records(name)} for name in ("live", "dark")
    )
    assert len(live) / 2000 == pytest.approx(0.3, abs=0.04)
    assert len(dark) / 2000 == pytest.approx(0.3, abs=0.04)
    assert len(live & dark) / 2000 == pytest.approx(both, abs=0.03 if not alike else 0.04)


def test_a_request_and_its_copy_may_have_one_id() -> None:
    """What SageMaker does is not documented, so a rehearsal can have it either way."""
    kept = Kept(settings=Capture(shared_event_ids=True))
    kept.ask()
    (live,), (dark,) = kept.records("live"), kept.records("dark")
    assert live["eventMetadata"]["eventId"] == dark["eventMetadata"]["eventId"]


@pytest.mark.parametrize("change", [{"EnableCapture": False}, {"InitialSamplingPercentage": 0}])
def test_capture_that_is_off_keeps_nothing(change: dict[str, Any]) -> None:
    """Without capture no request costs anything."""
    rule: CaptureRule | None = read_capture({"DataCaptureConfig": CONFIG | change})
    assert rule is None
    assert read_capture({}) is None
