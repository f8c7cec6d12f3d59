"""How much the receiver takes on: bytes and seconds for a request, connections and requests for a source."""

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_SOURCES: Final = 4096
"""Sources that are told apart at a time; who was silent the longest is forgotten, and has a full bucket again."""
_NETWORK: Final = 64
"""Bits of an IPv6 address that belong to one customer; he has the other half to himself."""


@dataclass(frozen=True)
class Limits:
    """What a request and a source may ask for.

    Attributes:
        head_bytes: the longest request line with all headers.
        head_s: seconds from the connection to the last header, so also to the first byte.
        body_bytes: the longest body.
        body_s: seconds within which a body has to arrive.
        answer_s: seconds within which a request is answered; MLflow waits for 30, EventBridge for 5.
        connection_s: seconds that a connection lasts at most, so also within which an answer has to be read.
        connections: connections at a time; a newcomer displaces one that waits for its sender.
        connections_of_source: connections of one source at a time, trusted proxies excepted.
        work: requests at a time that wait for the journal, and as many for SNS's certificates; together less than ``connections``, so
            that there is a place for the health check.
        requests_per_s: requests of one source in the long run.
        burst: requests of one source at once.
    """

    head_bytes: int = 16_384
    head_s: float = 5.0
    body_bytes: int = 65_536
    body_s: float = 5.0
    answer_s: float = 15.0
    connection_s: float = 30.0
    connections: int = 512
    connections_of_source: int = 256
    work: int = 48
    requests_per_s: float = 20.0
    burst: int = 200


class Buckets:
    """A bucket of tokens for each source and purpose; each request takes one. May be shared between threads."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        """Fill by a clock that counts seconds and never goes back."""
        self._limits = limits
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, purpose: str, address: str) -> int:
        """Take a token and return 0, or else the whole seconds until there is one."""
        source = (purpose, network_of(address))
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(source, (float(self._limits.burst), now))
            left = min(float(self._limits.burst), left + (now - since) * self._limits.requests_per_s)
            wait_s = 0 if left >= 1 else math.ceil((1 - left) / self._limits.requests_per_s)
            self._buckets[source] = (left if wait_s else left - 1, now)
            while len(self._buckets) > _SOURCES:
                self._buckets.popitem(last=False)
            return wait_s


def read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address, one of IPv4 as such where it is written as one of IPv6 (``::ffff:10.0.0.7``).

    Raises:
        ValueError: it is none.
    """
    parsed = ipaddress.ip_address(text)
    return (parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None) or parsed


def network_of(address: str) -> str:
    """Return what tells one source from another: an address of IPv4, or the network that an address of IPv6 is in."""
    try:
        parsed = read_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _NETWORK), strict=False).network_address)
