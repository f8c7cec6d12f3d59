"""What was asked of the simulated account: when, by whom, with what outcome. For people and for chaos tests."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT = 10_000
_LONGEST_SUMMARY = 500


@dataclass(frozen=True)
class LoggedRequest:
    """One request to the simulated AWS.

    Attributes:
        at: when, on the simulated clock.
        operation: AWS's name of it, for example ``UpdateEndpoint``.
        parameters: its parameters as JSON, cut after 500 characters.
        outcome: ``ok``, or the error's code.
        actor: ``caller``, or ``outside`` for a change that a fault made.
    """

    at: datetime
    operation: str
    parameters: str
    outcome: str
    actor: str = "caller"


class RequestLog:
    """The latest requests, oldest first; safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, entry: LoggedRequest) -> None:
        """Log a request; beyond 10,000 the oldest one goes."""
        with self._lock:
            self._entries.append(entry)

    def entries(self, operation: str | None = None) -> list[LoggedRequest]:
        """Return the logged requests, all or those of one operation."""
        with self._lock:
            return [entry for entry in self._entries if operation in (None, entry.operation)]


def summarise(parameters: Mapping[str, Any]) -> str:
    """Return parameters as one short line of JSON."""
    return json.dumps(parameters, default=str)[:_LONGEST_SUMMARY]
