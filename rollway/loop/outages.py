"""The journal's outages: each is reported once when it begins and once when it is over, however many requests fail in between."""

import logging
from datetime import datetime
from typing import Final, Literal

from policies.errors import AwsError, RolloutError, TransientAwsError
from policies.values import format_duration

log = logging.getLogger(__name__)

Access = Literal["read", "write"]
"""What was asked of the journal's store: reading may work while writing does not."""

_UNREACHABLE: Final = "cannot be reached"
_DENIED: Final = "turns requests down"
_DAMAGED: Final = "cannot be read"


class Outages:
    """Keeps track of whether the journal can be read and written.

    An outage lasts until whatever has failed, reading or writing, has succeeded again. Within one, a failure of another kind is reported
    as well: a store that turns requests down for good needs a person, one that cannot be reached may need none.
    """

    def __init__(self, journal: str) -> None:
        """Begin with a journal that is taken for reachable.

        Args:
            journal: the journal's location, for messages.
        """
        self._journal = journal
        self._failing: set[Access] = set()
        self._reported: set[str] = set()
        self._since: datetime | None = None
        self._failures = 0

    def failed(self, access: Access, doing: str, error: RolloutError, now: datetime) -> None:
        """Take note that a request failed; report the first of its kind in an outage.

        Args:
            access: whether it would have read or written.
            doing: what it was for: ``renew the lease``.
            error: the failure.
            now: the moment of the look.
        """
        self._failing.add(access)
        self._since = self._since or now
        self._failures += 1
        kind = _kind(error)
        if kind in self._reported:
            log.debug("cannot %s: %s", doing, error)
            return
        self._reported.add(kind)
        log.warning(
            "the journal %s %s since %s UTC: cannot %s: %s. While nothing can be recorded the candidate gets no more traffic, and a way "
            "back goes on; the end of this outage is reported, further failures are not",
            self._journal,
            kind,
            f"{now:%H:%M:%S}",
            doing,
            error,
        )

    def succeeded(self, access: Access, now: datetime) -> None:
        """Take note that a request succeeded; report the end of an outage."""
        self._failing.discard(access)
        if self._since is None or self._failing:
            return
        log.warning(
            "the journal %s can be used again, after %s in which %d requests failed",
            self._journal,
            format_duration(now - self._since),
            self._failures,
        )
        self._since, self._failures = None, 0
        self._reported.clear()


def _kind(error: RolloutError) -> str:
    if isinstance(error, TransientAwsError):
        return _UNREACHABLE
    return _DENIED if isinstance(error, AwsError) else _DAMAGED
