"""Ends orphaned model servers: a tiny process that outlives the sandbox just long enough to kill what it left behind.

It reads process-group ids from a pipe, and when the pipe closes, because the sandbox ended or was killed, it kills
those still listed. Works wherever there are POSIX process groups, and covers whatever the servers started themselves.
Run as a script in isolated mode, so it imports the standard library only.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO


class Reaper:
    """Keeps one reaper process informed about the process groups to kill, should this process die."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def guard(self, group: int) -> None:
        """Have a process group killed when this process ends."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Kill what is still guarded and end the reaper."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.communicate()

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process is None:
                command = [sys.executable, "-I", "-S", __file__]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own file
            pipe = self._process.stdin
            if pipe is not None:
                pipe.write(line.encode())
                pipe.flush()


def reap(orders: IO[str]) -> None:
    """Follow orders until they end, then kill every process group still guarded."""
    groups: set[int] = set()
    for order in orders:
        change = groups.add if order.startswith("+") else groups.discard
        change(int(order[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    reap(sys.stdin)
