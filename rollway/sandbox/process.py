"""The whole simulated AWS in one process: control plane, data plane, model servers, and the state folder.

This is what ``rollway sandbox`` and the tests with real processes start. It runs on the machine's clock.
"""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from rollway.sandbox.clock import WallClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.data_plane import DataPlane
from rollway.sandbox.fault_door import TOKEN_VARIABLE
from rollway.sandbox.moto_adapter.s3_files import S3Files
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.server import ControlPlane
from rollway.sandbox.serving.process_fleets import ProcessFleets
from rollway.sandbox.settings import SandboxSettings
from rollway.sandbox.snapshot import Snapshot

_log = logging.getLogger(__name__)
_TICK = timedelta(milliseconds=100)
_METRICS_SAVED_EVERY = timedelta(seconds=5)


@dataclass(frozen=True)
class Ports:
    """The loopback ports to listen on; 0 takes a free one."""

    control_plane: int = 0
    data_plane: int = 0


class SandboxProcess:
    """One running sandbox. Also a context manager: started on entry, stopped on exit.

    Args:
        settings: what to simulate.
        state: the folder that survives restarts, or None for a sandbox that starts empty and leaves nothing.
        ports: where to listen.
        token: what requests about faults must carry; empty for a new one.

    Attributes:
        cloud: the simulated account; faults may be planted in it while it runs. Available once started.
    """

    cloud: Cloud

    def __init__(
        self, settings: SandboxSettings, state: Path | None = None, ports: Ports | None = None, token: str = ""
    ) -> None:
        self._settings = settings
        self._state = state
        self._ports = ports or Ports()
        self._token = token
        self._running = ExitStack()

    def start(self) -> None:
        """Bring everything up: the saved state first, then the servers. Returns when both ports answer.

        Raises:
            OSError: when a port is taken.
            SnapshotError: when the state folder is not readable by this version.
        """
        with ExitStack() as starting:
            folder = self._state or Path(starting.enter_context(TemporaryDirectory(prefix="rollway-sandbox-")))
            fleets = ProcessFleets(self._settings, folder / "logs")
            starting.callback(fleets.close)
            self.cloud = Cloud(WallClock(), self._settings, fleets)
            s3_files = self._restore(starting, folder) if self._state else None
            self._control_plane = ControlPlane(
                self.cloud, port=self._ports.control_plane, s3_files=s3_files, token=self._token
            )
            self._control_plane.start()
            starting.callback(self._control_plane.stop)
            self._data_plane = DataPlane(Runtime(self.cloud, fleets), fleets, port=self._ports.data_plane)
            self._data_plane.start()
            starting.callback(self._data_plane.stop)
            starting.enter_context(_every(_TICK, self.cloud.tick))
            self._running = starting.pop_all()

    def stop(self) -> None:
        """Take everything down, model servers included. Safe to repeat."""
        self._running.close()

    @property
    def addresses(self) -> dict[str, str]:
        """The environment variables that point an AWS client here, and the token. No client needs changing."""
        return {
            "AWS_ENDPOINT_URL": self._control_plane.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self._data_plane.url,
            "AWS_DEFAULT_REGION": self._settings.region,
            TOKEN_VARIABLE: self._control_plane.token,
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _restore(self, starting: ExitStack, folder: Path) -> S3Files:
        """Bring back the saved state and keep it saved from now on."""
        snapshot = Snapshot(self.cloud, folder)
        snapshot.restore()
        snapshot.follow()
        starting.callback(snapshot.save_metrics)
        starting.enter_context(_every(_METRICS_SAVED_EVERY, snapshot.save_metrics))
        return S3Files(folder / "s3", self._settings.account_id, self._settings.region)


@contextmanager
def _every(period: timedelta, action: Callable[[], None]) -> Generator[None]:
    """Repeat an action in a thread of its own while the block runs; one that fails is logged, and repeated."""
    ending = threading.Event()

    def repeat() -> None:
        while not ending.wait(period.total_seconds()):
            try:
                action()
            except Exception:  # noqa: BLE001 - whatever it was, the account's time must go on
                _log.exception("the sandbox goes on after a background action failed")

    thread = threading.Thread(target=repeat, name="sandbox timer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
