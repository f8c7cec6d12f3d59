"""One file of SageMaker's data capture: JSON lines, each a request and its answer. Knows the format; knows nothing of pairs."""

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, cast

from policies.answers.tallying import Captured
from rollway.aws.metric_data import floor_to

LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes, also when unpacked; SageMaker writes files of a few."""
LONGEST_ANSWER: Final = 1024 * 1024
"""Characters; a longer answer counts as none."""
_FIRST_YEAR: Final = 2017
"""SageMaker's own; an earlier record comes from a wrong clock."""
_HALF: Final = re.compile("[\ud800-\udfff]")
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31


class NotCaptured(ValueError):
    """A file or a line that data capture did not write."""


def unpack(content: bytes) -> bytes:
    """Return a file's text as bytes, unpacked if it is in gzip.

    Raises:
        NotCaptured: it is broken, or larger than ``LARGEST_FILE``.
    """
    if not content.startswith(_GZIP):
        return content
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = unpacking.decompress(content, LARGEST_FILE)
    except zlib.error:
        raise NotCaptured("is broken gzip") from None
    if unpacking.unconsumed_tail:
        raise NotCaptured(f"is larger than {LARGEST_FILE:,} bytes when unpacked")
    return text


def read_lines(text: bytes, period: timedelta) -> Iterator[tuple[datetime, Captured] | NotCaptured]:
    """Yield each line's time and record, or why it is none; empty lines are left out."""
    for line in text.splitlines():
        if line.strip():
            try:
                yield read_line(line, period)
            except NotCaptured as reason:
                yield reason


def read_line(line: bytes, period: timedelta) -> tuple[datetime, Captured]:
    """Read one record.

    Args:
        line: its JSON.
        period: length of a stratum; its time is told to the start of one.

    Returns:
        When it was asked, and the record.

    Raises:
        NotCaptured: the line is no record.
    """
    try:
        record: object = json.loads(line)
    except (ValueError, RecursionError):
        raise NotCaptured("is not JSON") from None
    metadata, data = _part(record, "eventMetadata"), _part(record, "captureData")
    moment = _read_time(metadata.get("inferenceTime"))
    given, answered = _part(data, "endpointInput"), _part(data, "endpointOutput")
    output = _text(answered["data"]) if isinstance(answered.get("data"), str) else None
    return moment, Captured(
        minute=floor_to(period, moment),
        event_id=_text(metadata.get("eventId")),
        inference_id=_text(metadata.get("inferenceId")),
        input_digest=_digest(given),
        output=output if output is not None and len(output) <= LONGEST_ANSWER else None,
        encoding=_text(answered.get("encoding")) or "BASE64",
    )


def _part(record: object, name: str) -> Mapping[str, Any]:
    part = cast("Mapping[str, Any]", record).get(name) if isinstance(record, Mapping) else None
    return cast("Mapping[str, Any]", part) if isinstance(part, Mapping) else {}


def _text(value: object) -> str:
    """Return a text; none is as good as empty.

    Raises:
        NotCaptured: it has half a character, which no text can be written with.
    """
    if not isinstance(value, str):
        return ""
    if not value.isascii() and _HALF.search(value):
        raise NotCaptured("has half a character (a lone surrogate)")
    return value


def _read_time(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise NotCaptured("has no eventMetadata.inferenceTime that is a time") from None
    if moment.year < _FIRST_YEAR:
        raise NotCaptured(f"has an eventMetadata.inferenceTime before {_FIRST_YEAR}")
    return moment


def _digest(given: Mapping[str, Any]) -> str:
    if not isinstance(given.get("data"), str):
        return ""
    return blake2b(f"{_text(given.get('encoding'))} {_text(given['data'])}".encode(), digest_size=16).hexdigest()
