"""How long a run's process may be silent before it counts as dead. Must not import Prefect."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, cast

HEARTBEAT: Final = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
LEAST_HEARTBEAT_S: Final = 30
"""Prefect beats no faster."""
PREFECTS_HEARTBEAT_S: Final = 180
"""How often a flow gives a sign of life when nothing else is configured."""
BEATS_MISSED: Final = 3
"""Signs of life that a run must have missed to count as dead."""
PROCESS_STARTS_WITHIN: Final = timedelta(minutes=3)
"""The longest that a process of a worker is given to begin. Half a minute was measured on a busy machine; a start that is taken
for dead would cost a rollout, whereas a slot that is freed later costs nothing."""
CONTAINER_STARTS_WITHIN: Final = timedelta(minutes=15)
"""The same where a container or a machine is brought up first."""
PROCESS_POOL: Final = "process"


def heartbeat_in(variables: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the user wrote
    """Return the heartbeat that job variables set, in either of the two ways in which they can; None where they set none."""
    environment = variables.get("env")
    nested = cast("Mapping[str, Any]", environment).get(HEARTBEAT) if isinstance(environment, Mapping) else None
    return variables.get(f"env.{HEARTBEAT}") if nested is None else nested


def heartbeat_s(variables: Mapping[str, Any]) -> int:
    """Return the seconds between two signs of life of the runs that have these job variables."""
    return int(heartbeat_in(variables) or PREFECTS_HEARTBEAT_S)


def longest_silence(heartbeat_s: int) -> timedelta:
    """Return how long a run that has begun may be silent."""
    return timedelta(seconds=BEATS_MISSED * heartbeat_s)


def longest_start(heartbeat_s: int, pool_type: str) -> timedelta:
    """Return how long a run may take to begin in a work pool of that type."""
    least = PROCESS_STARTS_WITHIN if pool_type == PROCESS_POOL else CONTAINER_STARTS_WITHIN
    return max(least, longest_silence(heartbeat_s))
