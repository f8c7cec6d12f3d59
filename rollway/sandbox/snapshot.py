"""Keeps the simulated account on disk, so that it survives the sandbox process.

Two JSON files: the control plane's is written on every change, before the change is answered; the metrics' from time to
time, because they change with every invocation. S3 is kept by the moto adapter.
"""

import json
import threading
from pathlib import Path

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.files import write_atomically

_FORMAT = 1


class SnapshotError(ValueError):
    """A state folder that this version cannot read."""


class Snapshot:
    """The state folder of one account."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self._cloud = cloud
        self._control_plane = folder / "control-plane.json"
        self._metrics = folder / "metrics.json"
        self._lock = threading.Lock()

    def restore(self) -> bool:
        """Bring the account to its saved state, if there is one, and say whether there was.

        Raises:
            SnapshotError: when the folder was written in a format that is not ours.
        """
        if not self._control_plane.exists():
            return False
        state = json.loads(self._control_plane.read_bytes())
        if state.get("format") != _FORMAT:
            raise SnapshotError(
                f"{self._control_plane} has format {state.get('format')!r}, this version reads {_FORMAT}: "
                "move the state folder away to start afresh"
            )
        self._cloud.restore(state["control_plane"])
        if self._metrics.exists():
            self._cloud.metrics.restore(json.loads(self._metrics.read_bytes()))
        return True

    def follow(self) -> None:
        """Save the control plane now and after every change from now on."""
        self.save_control_plane()
        self._cloud.watch(self.save_control_plane)

    def save_control_plane(self) -> None:
        """Write the control plane's state."""
        with self._lock:
            state = {"format": _FORMAT, "control_plane": self._cloud.export()}
            write_atomically(self._control_plane, json.dumps(state).encode())

    def save_metrics(self) -> None:
        """Write the metrics. What is recorded after this is lost if the process is killed before the next time."""
        with self._lock:
            write_atomically(self._metrics, json.dumps(self._cloud.metrics.export()).encode())
