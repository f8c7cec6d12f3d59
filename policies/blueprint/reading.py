"""Reading a document that may be malformed: whatever is not of the expected type counts as absent.

The rules look at documents that the checker may have found fault with, so that everything is told at once.
"""

from collections.abc import Mapping
from typing import Any, cast

Members = Mapping[str, Any]


def members(value: object) -> Members:
    """Return a structure or a map, empty when the value is none."""
    return cast("Members", value) if isinstance(value, Mapping) else {}


def items(value: object) -> list[Members]:
    """Return a list of structures; an item that is none counts as empty, so that positions stay true."""
    return [members(item) for item in cast("list[object]", value)] if isinstance(value, list) else []


def number(value: object) -> float | None:
    """Return a number, or None when the value is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def named(document: Members) -> dict[str, Members]:
    """Return structures by their names."""
    return {str(name): members(value) for name, value in document.items()}
