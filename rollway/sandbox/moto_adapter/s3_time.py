"""Puts moto's S3 on the simulated account's clock: when an object was written, and when an answer is given.

Who compares an answer's ``Date`` with an object's ``LastModified`` learns its age by S3's own two times, whatever the
local clock says. moto takes both from the machine's clock. Not replaced: the creation dates of buckets.
"""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from moto.s3 import models

from rollway.sandbox.clock import Clock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.patch import Patch

_MOMENT = timedelta(microseconds=1)


class _WriteTime:
    """The clock's time, except that no two readings in a row are alike, though a virtual clock stands still.

    moto sorts the versions of an object by time alone, and we tell by it whether an object has changed. S3 shows whole
    seconds, so nobody sees the microseconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: datetime | None = None
        self._readings = 0

    def __call__(self) -> datetime:
        """Return the time as moto keeps it: in UTC, without saying so."""
        now = self._clock.now().replace(tzinfo=None)
        with self._lock:
            self._readings = self._readings + 1 if now == self._seen else 0
            self._seen = now
            return now + self._readings * _MOMENT


def patches(cloud: Cloud) -> list[Patch]:
    """Return the replacement of the clock by which moto's S3 stamps what is written."""
    return [Patch(models, "utcnow", _WriteTime(cloud.clock))]


def dated(headers: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return an answer's headers with one ``Date``, in the format of RFC 7231 (section 7.1.1.1)."""
    others = {name: value for name, value in headers.items() if name.lower() != "date"}
    return {**others, "Date": format_datetime(now, usegmt=True)}
