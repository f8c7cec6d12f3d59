"""Bounded work without a clock: counts the calls of functions, and stops whoever makes too many."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

MOST_CALLS = 3_000_000
"""A few seconds of Python; the largest input that a fuzzer makes needs a hundredth of it, but for calendars that repeat."""


class TooMuchWork(BaseException):
    """No ``except Exception`` of a parser hides it."""


@contextmanager
def bounded_work(most: int = MOST_CALLS) -> Generator[None]:
    """Raise ``TooMuchWork`` within as soon as more functions were called than is allowed."""
    left, before = most, sys.getprofile()

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal left
        left -= event in {"call", "c_call"}
        if left < 0:
            sys.setprofile(before)
            raise TooMuchWork(f"more than {most:,} calls")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
