"""AWS's own time, as its answers state it: every answer of a service carries the time at which it was given (HTTP header ``Date``).

A rollout is dated, timed and judged by this time alone, since its evidence is: metrics, objects and schedules carry AWS's times. How wrong
the local clock is does not matter then, nor does it matter which of two differently wrong machines drives.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock, local
from typing import Any, Final, TypeVar
from weakref import WeakSet

from rollway.aws.fencing import Moment

Client = TypeVar("Client", bound=Any)

_WHOLE_SECONDS: Final = timedelta(seconds=1)
"""The header tells times in whole seconds, without the rest."""


class ServerTime:
    """A local clock that AWS's answers correct. Threads may share it.

    Attributes:
        offset: AWS's time minus the local time, as far as AWS has answered; zero while no answer contradicts the local clock.
    """

    def __init__(self, local_now: Callable[[], datetime]) -> None:
        """Begin with the local time.

        Args:
            local_now: tells the local time, in UTC.
        """
        self.offset = timedelta(0)
        self._local = local_now
        self._lock = Lock()

    def now(self) -> datetime:
        """Return AWS's present time."""
        return self._local() + self.offset

    def hear(self, stated: datetime, took: timedelta) -> None:
        """Take note of the time that an answer states, which has just arrived.

        An offset that the answer leaves possible stays as it is, so that time neither jumps nor runs back with every answer.

        Args:
            stated: the time that it states, in whole seconds.
            took: how long request and answer took together, a stop of this process in between included.
        """
        with self._lock:
            least = stated - self._local()
            if self.offset < least:
                self.offset = least
            elif self.offset > least + took + _WHOLE_SECONDS:
                self.offset = least + max(took - _WHOLE_SECONDS, timedelta(0))


class Answers:
    """Passes the time that each answer states on to the clocks that it corrects."""

    def __init__(self) -> None:
        self._clocks: WeakSet[ServerTime] = WeakSet()
        self._under_way = _UnderWay()

    def correct(self, local_now: Callable[[], datetime]) -> ServerTime:
        """Return a clock that is corrected from now on, for as long as it is in use."""
        clock = ServerTime(local_now)
        self._clocks.add(clock)
        return clock

    def of(self, client: Client) -> Client:
        """Listen to a client's answers, errors included, and return the client."""
        client.meta.events.register_first("before-send", self._begin)
        client.meta.events.register("response-received", self._end)
        return client

    def _begin(self, **_: object) -> None:
        self._under_way.sent.append(Moment.now())

    def _end(self, response_dict: Mapping[str, Any] | None, **_: object) -> None:
        sent = self._under_way.sent.pop() if self._under_way.sent else Moment.now()
        stated = _read_date((response_dict or {}).get("headers", {}))
        if stated is not None:
            for clock in list(self._clocks):
                clock.hear(stated, sent.age())


class _UnderWay(local):
    """The requests of a thread that are under way: more than one where a handler of a request sends another."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Moment] = []


def _read_date(headers: Mapping[str, str]) -> datetime | None:
    """Return the time in an answer's headers (RFC 9110, section 6.6.1); None where a proxy has removed or spoilt it."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None
