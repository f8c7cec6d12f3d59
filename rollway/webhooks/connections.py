"""Which connections are open, and which one has to go when a newcomer finds no room. Pure: closes nothing itself.

A full receiver does not turn newcomers away, which would let those who came first and stay silent keep everybody else out. The newcomer
displaces the connection that has waited the longest for its sender, among those of the source that has the most.
"""

from typing import Protocol


class Connection(Protocol):
    """A connection, as far as its place is concerned."""

    @property
    def source(self) -> str:
        """The address or network that it comes from."""
        ...

    @property
    def is_proxy(self) -> bool:
        """Whether the source stands for many others, and so may have as many connections as there is room for."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether all of a request is here, so that its answer would be lost with it."""
        ...

    def may_be_displaced(self) -> bool:
        """Whether it waits for its sender, so that no request that is here is lost with it."""
        ...

    def displace(self) -> None:
        """Close it at once."""
        ...


class Connections:
    """The open connections, oldest first, by source."""

    def __init__(self, most: int, most_of_source: int) -> None:
        """Begin without any.

        Args:
            most: at a time.
            most_of_source: of one source at a time.
        """
        self._most = most
        self._most_of_source = most_of_source
        self._by_source: dict[str, dict[Connection, None]] = {}

    def __len__(self) -> int:
        """Return how many are open."""
        return sum(map(len, self._by_source.values()))

    def admit(self, newcomer: Connection) -> Connection | None:
        """Add a connection, and return the one that has no place any more: an older one, or itself where no other may go."""
        siblings = self._by_source.setdefault(newcomer.source, {})
        siblings[newcomer] = None
        if len(siblings) > self._most_of_source and not newcomer.is_proxy:
            crowds = [siblings]
        elif len(self) > self._most:
            crowds = sorted(self._by_source.values(), key=len, reverse=True)
        else:
            return None
        # Senders that trickle never wait for long: where all do, the oldest has had its time.
        older = (each for crowd in crowds for each in crowd if each is not newcomer and not each.is_whole)
        displaced = next(filter(None, map(_find_oldest, crowds)), None) or next(older, newcomer)
        self.remove(displaced)
        return displaced

    def remove(self, connection: Connection) -> None:
        """Forget a connection, also one that is forgotten already."""
        siblings = self._by_source.get(connection.source, {})
        siblings.pop(connection, None)
        if not siblings:
            self._by_source.pop(connection.source, None)


def _find_oldest(connections: dict[Connection, None]) -> Connection | None:
    return next((each for each in connections if each.may_be_displaced()), None)
