"""What the receiver counts, for Prometheus. Labels are few and fixed: nobody outside can make more of them."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST


class Figures:
    """Counters and gauges of one receiver.

    Attributes:
        requests: requests by sender and outcome: ``accepted``, ``known``, ``ignored``, ``confirmed`` or a refusal's code.
        seconds: how long requests took, by sender.
        connections: connections that are open.
        cut: connections that were closed without an answer: ``silent`` (no byte in time), ``displaced`` (for a newcomer) or ``overlong``.
        messages: messages off queues, by outcome.
        open: accepted events that are not handled yet, at the last look.
        handled: events by what came of them: ``handled``, ``failed`` (to be tried again), ``given_up``.
        unread: secrets that could not be read at the last try.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        name = "rollway_webhook"
        self.requests = Counter(f"{name}_requests", "Requests.", ["sender", "outcome"], registry=self._registry)
        self.seconds = Histogram(f"{name}_seconds", "Time per request.", ["sender"], registry=self._registry)
        self.connections = Gauge(f"{name}_connections", "Open connections.", registry=self._registry)
        self.cut = Counter(f"{name}_connections_cut", "Connections cut.", ["why"], registry=self._registry)
        self.messages = Counter(f"{name}_messages", "Messages off queues.", ["outcome"], registry=self._registry)
        self.open = Gauge(f"{name}_events_open", "Events not handled yet.", registry=self._registry)
        self.handled = Counter(f"{name}_events", "Events handled.", ["outcome"], registry=self._registry)
        self.unread = Gauge(f"{name}_secrets_unread", "Secrets that cannot be read.", registry=self._registry)

    def page(self) -> bytes:
        """Return all of them in Prometheus's text form."""
        return generate_latest(self._registry)
