"""What was asked of the simulated account: when, by whom, with what outcome. For people and for chaos tests.

The latest requests are kept in memory, and all of them in a file where one is given, for other processes to read.
"""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
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
        outcome: how it ended in the account: ``ok`` (also where a fault then loses the answer), or the error's code.
        actor: ``caller``, or ``outside`` for a change that a fault made.
        service: boto3's name of the service.
        agent: which process of Rollway sent it, if one did and says so.
    """

    at: datetime
    operation: str
    parameters: str
    outcome: str
    actor: str = "caller"
    service: str = "sagemaker"
    agent: str = ""

    def as_json(self) -> str:
        """Return the entry as one line of JSON; the time is in ISO 8601."""
        line = {
            "time": self.at.isoformat(),
            "operation": self.operation,
            "service": self.service,
            "parameters": self.parameters,
            "outcome": self.outcome,
            "actor": self.actor,
            "agent": self.agent,
        }
        return json.dumps(line)


class RequestLog:
    """The latest requests, oldest first; safe to use from several threads.

    Args:
        file: where every entry is also appended as a line of JSON, at once; None for nowhere.

    Raises:
        OSError: when the file's folder cannot be made.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._entries: deque[LoggedRequest] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, entry: LoggedRequest) -> None:
        """Log a request; beyond 10,000 the oldest one leaves the memory.

        Raises:
            OSError: when the file cannot be written. A log with silent holes would prove nothing.
        """
        with self._lock:
            self._entries.append(entry)
            if self._file:
                with self._file.open("a", encoding="utf-8") as lines:
                    lines.write(entry.as_json() + "\n")

    def entries(self, operation: str | None = None) -> list[LoggedRequest]:
        """Return the logged requests, all or those of one operation."""
        with self._lock:
            return [entry for entry in self._entries if operation in (None, entry.operation)]


def summarise(parameters: Mapping[str, Any]) -> str:
    """Return parameters as one short line of JSON."""
    return json.dumps(parameters, default=str)[:_LONGEST_SUMMARY]
