"""Fleets of real processes: what serves a simulated endpoint in the sandbox server.

One process per instance, capped by the settings, each on a free loopback port. Nothing here blocks the endpoint's
state machine.
"""

import http.client
import re
import threading
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

from rollway.sandbox.fleets import FleetHealth, FleetSpec
from rollway.sandbox.runtime.messages import Invocation, Reply
from rollway.sandbox.runtime.replies import broken_off, no_server, received, timed_out
from rollway.sandbox.serving.images import command_for, find_forbidden_variables, forbidden_variables, unknown_image
from rollway.sandbox.serving.process import Program, ServerProcess
from rollway.sandbox.serving.reaper import Reaper
from rollway.sandbox.settings import SandboxSettings

_START_LIMIT_S = 60.0


class _Fleet:
    """The servers of one variant; instead of a program it may have the reason why there is none."""

    def __init__(self, spec: FleetSpec, program: Program | str) -> None:
        self.spec = spec
        self.program = program
        self.servers: list[ServerProcess] = []
        self._turns = count()

    def resize(self, wanted: int, start: Callable[[Program], ServerProcess]) -> None:
        if isinstance(self.program, str):
            return
        while len(self.servers) < wanted:
            self.servers.append(start(self.program))
        while len(self.servers) > wanted:
            self.servers.pop().stop()

    def health(self) -> FleetHealth:
        if isinstance(self.program, str):
            return FleetHealth(ready=False, failure=self.program)
        for server in self.servers:
            if server.gave_up is not None:
                return FleetHealth(ready=False, failure=self._failed_ping(server.gave_up, self.program.log))
        return FleetHealth(ready=all(server.port is not None for server in self.servers))

    def next_port(self) -> int | None:
        ports = [port for server in self.servers if (port := server.port) is not None]
        return ports[next(self._turns) % len(ports)] if ports else None

    def _failed_ping(self, end: str, log: Path) -> str:
        return (
            f"The primary container for production variant {self.spec.variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint. (Simulated: {end}; what it printed is in {log}.)"
        )


class ProcessFleets:
    """Runs model servers as processes. Safe to use from several threads.

    Args:
        settings: which program stands for an image, and how many processes a fleet may have.
        logs: the folder that gets one file per fleet with what its servers print.
    """

    def __init__(self, settings: SandboxSettings, logs: Path) -> None:
        self._settings = settings
        self._logs = logs
        self._reaper = Reaper()
        self._lock = threading.Lock()
        self._fleets: dict[str, _Fleet] = {}
        self._servers: list[ServerProcess] = []

    def ensure(self, spec: FleetSpec) -> None:
        """Begin to bring a fleet to the wanted number of servers."""
        with self._lock:
            fleet = self._fleets.get(spec.fleet_id)
            if fleet is None:
                fleet = self._fleets[spec.fleet_id] = _Fleet(spec, self._program(spec))
            fleet.resize(min(spec.instances, self._settings.max_servers_per_variant), self._start)

    def health(self, fleet_id: str) -> FleetHealth:
        """Say whether every server of a fleet answers ``/ping``, or why the fleet never will be ready."""
        fleet = self._fleets.get(fleet_id)
        return FleetHealth(ready=False) if fleet is None else fleet.health()

    def retire(self, fleet_id: str) -> None:
        """Begin to stop a fleet's servers for good."""
        with self._lock:
            fleet = self._fleets.pop(fleet_id, None)
            if fleet is not None:
                fleet.resize(0, self._start)

    def close(self) -> None:
        """Stop every server and wait until all are gone."""
        for fleet_id in list(self._fleets):
            self.retire(fleet_id)
        for server in self._servers:
            server.join()
        self._reaper.close()

    def port(self, fleet_id: str) -> int:
        """Return the loopback port of the fleet's server whose turn it is.

        Raises:
            Refusal: ``ServiceUnavailable`` when none of them is up.
        """
        fleet = self._fleets.get(fleet_id)
        port = None if fleet is None else fleet.next_port()
        if port is None:
            raise no_server()
        return port

    def call(self, fleet_id: str, invocation: Invocation, timeout_s: float) -> Reply:
        """Hand an invocation to the fleet over a connection of its own and wait: for in-process use, one at a time.

        Raises:
            Refusal: ``ServiceUnavailable`` when no server of the fleet is up.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port(fleet_id), timeout=timeout_s)
        started = time.monotonic()
        try:
            connection.request("POST", "/invocations", invocation.body, invocation.container_headers())
            response = connection.getresponse()
            body = response.read()
        except TimeoutError:
            return timed_out(time.monotonic() - started)
        except (OSError, http.client.HTTPException) as error:
            return broken_off(error, time.monotonic() - started)
        finally:
            connection.close()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return received(response.status, headers, body, time.monotonic() - started)

    def _start(self, program: Program) -> ServerProcess:
        server = ServerProcess(program, self._reaper)
        server.start()
        self._servers = [*(other for other in self._servers if other.alive), server]
        return server

    def _program(self, spec: FleetSpec) -> Program | str:
        """Return what serves a variant, or why nothing does."""
        command, environment = command_for(spec.image, self._settings), _environment(spec)
        if command is None:
            return unknown_image(spec.image, spec.variant)
        if forbidden := find_forbidden_variables(environment, self._settings):
            return forbidden_variables(forbidden, spec.variant)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{re.sub(r'[^A-Za-z0-9.-]', '_', spec.fleet_id)}.log"
        return Program(command, environment, log, _START_LIMIT_S)


def _environment(spec: FleetSpec) -> Mapping[str, str]:
    """Return the container's variables; the artefact's address is passed on, the artefact itself is not downloaded."""
    data = {} if spec.model_data_url is None else {"SAGEMAKER_MODEL_DATA_URL": spec.model_data_url}
    return {**data, **spec.environment}
