"""From the text of an answer to a value that can be compared: JSON, JSON lines, CSV, or else the text or bytes themselves."""

import base64
import csv
import json
import math
import re
import sys
from typing import Any, Final, TypeAlias, cast

Value: TypeAlias = bool | int | float | str | bytes | list["Value"] | dict[str, "Value"] | None
"""An answer, or a part of one. Numbers in CSV are still text here."""

_NUMBER: Final = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity)|nan", re.IGNORECASE | re.ASCII
)
_LONGEST_NUMBER: Final = 400
_LARGEST: Final = int(sys.float_info.max)
_INDEX: Final = re.compile(r"0|[1-9]\d{0,8}")


class Absent:
    """A part that an answer does not have; JSON's null is a value."""


ABSENT: Final = Absent()


def read_answer(data: str, encoding: str) -> Value:
    """Read an answer as data capture wrote it down; never fails, since a text that is nothing else is itself.

    Args:
        data: the text.
        encoding: ``JSON``, ``CSV`` or ``BASE64``; what is in Base64 may be any of the others.
    """
    if encoding != "BASE64":
        return _read_text(data)
    try:
        content = base64.b64decode(data, validate=True)
    except ValueError:  # also where it is not in ASCII
        return data
    try:
        return _read_text(content.decode())
    except UnicodeDecodeError:
        return content


def find_part(answer: Value, path: str) -> Value | Absent:
    """Return the part that a JSON pointer (RFC 6901) names."""
    part = answer
    for token in path.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(part, dict) and key in part:
            part = part[key]
        elif isinstance(part, list) and _INDEX.fullmatch(key) and int(key) < len(part):
            part = part[int(key)]
        else:
            return ABSENT
    return part


def read_number(value: Value) -> int | float | None:
    """Return the number that a value is, or that a cell of CSV spells; None for anything else, also for what no float can hold."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if isinstance(value, float) or abs(value) <= _LARGEST else None
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value.strip()):
        number = float(value)
        return None if math.isinf(number) and "inf" not in value.lower() else number
    return None


def _read_text(text: str) -> Value:
    """Read JSON, then one JSON array or object a line, then CSV of several cells; a text that is none of them is itself."""
    try:
        return _parse(text)
    except (ValueError, RecursionError):
        pass
    try:
        lines = [_parse(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return _read_cells(text)
    return lines if lines and all(isinstance(line, list | dict) for line in lines) else _read_cells(text)


def _parse(text: str) -> Value:
    return cast("Value", json.loads(text, parse_float=_parse_float))


def _parse_float(text: str) -> Any:  # noqa: ANN401 - json asks for it
    """Keep a number that no float can hold as its text, or two of them far apart would both be infinite."""
    number = float(text)
    return text if math.isinf(number) else number


def _read_cells(text: str) -> Value:
    try:
        rows: list[Value] = [
            cast("Value", [cell.strip() for cell in row]) for row in csv.reader(text.splitlines(), strict=True) if row
        ]
    except csv.Error:
        return text
    if len(rows) == 1 and isinstance(rows[0], list) and len(rows[0]) == 1:
        return text.strip()
    return rows or text
