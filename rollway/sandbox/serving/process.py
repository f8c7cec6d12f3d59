"""One model-server process and the thread that looks after it: start, ping, notice death, start again, stop.

A server that keeps dying is given up after a few tries, as SageMaker gives up on a container that fails its health
check.
"""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rollway.sandbox.serving.reaper import Reaper

MAX_DEATHS_IN_A_ROW = 4
_PING_TIMEOUT_S = 2.0  # SageMaker's own
_POLL_S = 0.05
_FIRST_PAUSE_S = 0.1
_STEADY_AFTER_S = 30.0  # a server that lived this long starts with a clean slate
_DRAIN_S = 2.0  # what a server gets to finish the requests that it has, once no new ones come
_GRACE_S = 2.0


@dataclass(frozen=True)
class Program:
    """What a server process runs.

    Attributes:
        command: the command line; ``{port}`` stands for the port to listen on.
        environment: the container's environment variables, on top of this process's own.
        log: the file that gets what the server prints.
        start_limit_s: seconds that it may take until it answers its first ping.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    start_limit_s: float


class ServerProcess:
    """One model server, kept alive until it is stopped or given up. Safe to ask from any thread."""

    def __init__(self, program: Program, reaper: Reaper) -> None:
        self._program = program
        self._reaper = reaper
        self._stopping = threading.Event()
        self._hurrying = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name=f"server {program.log.stem}", daemon=True)
        self.port: int | None = None
        """The loopback port on which the server answers now, or None."""
        self.gave_up: str | None = None
        """Why the server is not started again, or None."""

    @property
    def alive(self) -> bool:
        """Whether it is still being looked after, if only to be stopped."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to start the server. Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to stop the server and whatever it started, after time to finish its requests. Returns at once."""
        self.port = None
        self._stopping.set()

    def join(self) -> None:
        """Wait until a stopped server is gone, which no longer waits for its requests."""
        self._hurrying.set()
        self._thread.join()

    def _keep_alive(self) -> None:
        deaths = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            end = self._live_once()
            if time.monotonic() - started > _STEADY_AFTER_S:
                deaths = 0
            deaths += 1
            if deaths >= MAX_DEATHS_IN_A_ROW:
                self.gave_up = f"{end}, {deaths} times in a row"
                return
            self._stopping.wait(_FIRST_PAUSE_S * 2**deaths)

    def _live_once(self) -> str:
        """Run the program once until it ends or is stopped, and say how it ended."""
        port = _free_port()
        try:
            process = self._spawn(port)
        except (OSError, ValueError) as error:  # ValueError: a NUL in a variable
            return f"could not start {self._program.command[0]!r}: {getattr(error, 'strerror', None) or error}"
        self._reaper.guard(process.pid)
        try:
            if not self._await_ping(process, port):
                return self._describe_end(process, "did not answer GET /ping")
            self.port = port
            while process.poll() is None and not self._stopping.wait(_POLL_S):
                pass
            self.port = None
            if process.poll() is None:
                self._hurrying.wait(_DRAIN_S)
            return self._describe_end(process, "was stopped")
        finally:
            self.port = None
            _end_group(process)
            self._reaper.release(process.pid)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        command = [part.replace("{port}", str(port)) for part in self._program.command]
        environment = {**os.environ, **self._program.environment, "SAGEMAKER_BIND_TO_PORT": str(port)}
        with self._program.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - running the user's own program is the point
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await_ping(self, process: subprocess.Popen[bytes], port: int) -> bool:
        deadline = time.monotonic() + self._program.start_limit_s
        while process.poll() is None and time.monotonic() < deadline:
            if ping(port):
                return True
            if self._stopping.wait(_POLL_S):
                break
        return False

    def _describe_end(self, process: subprocess.Popen[bytes], otherwise: str) -> str:
        code = process.poll()
        return f"the server {otherwise}" if code is None else f"the server ended with exit code {code}"


def ping(port: int) -> bool:
    """Say whether a model server on the loopback interface answers ``GET /ping`` with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PING_TIMEOUT_S)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the server politely, then by force, with everything that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
