"""What a fleet does next: which rollouts may begin, whether to wait, and when it is over. Asks nobody and waits for nothing."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from policies.fleet.spec import FleetSpec, Target, Wave
from policies.values import Frozen, format_duration

Stand = Literal["waiting", "under way", "promoted", "there already", "not promoted", "unknown"]
"""Where one endpoint stands. ``unknown`` is what could not be found out about a rollout that began: never taken for a good end."""

FleetOutcome = Literal["PROMOTED", "PARTLY_PROMOTED", "HALTED"]
"""``PARTLY_PROMOTED``: all waves are over, and the failures were within the budget. ``HALTED``: some endpoints were never begun, or failed
beyond the budget."""

DONE_WELL: Final[frozenset[Stand]] = frozenset({"promoted", "there already"})
_TROUBLE: Final[frozenset[Stand]] = frozenset({"not promoted", "unknown"})
_OPEN: Final[frozenset[Stand]] = frozenset({"waiting", "under way"})


class Standing(Frozen):
    """Where one endpoint of a fleet stands.

    Attributes:
        stand: where.
        since: since when; None while it waits.
        reason: why, as a sentence for a person; may be empty.
    """

    stand: Stand = "waiting"
    since: datetime | None = None
    reason: str = ""


class Stop(Frozen):
    """A stop of the whole fleet that a person asked for.

    Attributes:
        by: who.
        reason: why.
        abort: whether rollouts under way are taken back as well.
    """

    by: str
    reason: str
    abort: bool = False


class FleetDecision(Frozen):
    """What a fleet does next.

    Attributes:
        reason: why, as a sentence for a person.
        start: endpoints whose rollouts begin now.
        turn_back: endpoints whose rollouts under way are taken back.
        outcome: how the fleet ended; None while it goes on.
    """

    reason: str
    start: tuple[Target, ...] = ()
    turn_back: tuple[Target, ...] = ()
    outcome: FleetOutcome | None = None


Standings = Mapping[str, Standing]
"""Where each endpoint stands, by its key; one that is absent waits."""


def decide_fleet(fleet: FleetSpec, standings: Standings, now: datetime, stop: Stop | None = None) -> FleetDecision:
    """Decide what a fleet does next."""
    stopped = _why_stopped(fleet, standings, stop)
    if stopped:
        return _come_to_rest(fleet, standings, stopped, abort=stop.abort if stop else fleet.on_exceeded == "abort")
    for index, wave in enumerate(fleet.waves):
        if _with_stand(wave.targets, standings, _OPEN):
            pause = _soak_left(fleet, standings, index, now)
            return _soak(fleet, index, pause) if pause > timedelta(0) else _start(fleet, wave, standings)
    failed = _with_stand(fleet.targets, standings, _TROUBLE)
    if failed:
        reason = f"all waves are over; not promoted: {_names(failed)}"
        return FleetDecision(reason=reason, outcome="PARTLY_PROMOTED")
    told = f"{count(len(fleet.targets), 'endpoint')}, all with the new model"
    return FleetDecision(reason=told, outcome="PROMOTED")


def stand_of(standings: Standings, target: Target) -> Stand:
    """Return where an endpoint stands."""
    standing = standings.get(target.key)
    return standing.stand if standing else "waiting"


def _why_stopped(fleet: FleetSpec, standings: Standings, stop: Stop | None) -> str | None:
    if stop:
        return f"halted by {stop.by}: {stop.reason}"
    failed = _with_stand(fleet.targets, standings, _TROUBLE)
    if len(failed) <= fleet.failures_allowed:
        return None
    return f"{fleet.failures_allowed} may fail, and {len(failed)} were not promoted: {_names(failed)}"


def _come_to_rest(fleet: FleetSpec, standings: Standings, stopped: str, *, abort: bool) -> FleetDecision:
    under_way = _with_stand(fleet.targets, standings, {"under way"})
    waiting = len(_with_stand(fleet.targets, standings, {"waiting"}))
    if not under_way:
        rest = f"{count(waiting, 'endpoint')} not begun" if waiting else "nothing was left to begin"
        return FleetDecision(reason=f"{stopped}; {rest}", outcome="HALTED")
    ends = "are taken back" if abort else "go on to their own ends"
    reason = f"{stopped}; nothing else begins, {len(under_way)} under way {ends}"
    return FleetDecision(reason=reason, turn_back=under_way if abort else ())


def _start(fleet: FleetSpec, wave: Wave, standings: Standings) -> FleetDecision:
    under_way = _with_stand(fleet.targets, standings, {"under way"})
    waiting = _with_stand(wave.targets, standings, {"waiting"})
    begin = waiting[: max(0, fleet.parallel - len(under_way))]
    done = len(wave.targets) - len(waiting) - len(_with_stand(wave.targets, standings, {"under way"}))
    told = f"wave {wave.name}: {done} of {len(wave.targets)} over, {len(under_way) + len(begin)} under way"
    return FleetDecision(reason=told, start=begin)


def _soak(fleet: FleetSpec, index: int, left: timedelta) -> FleetDecision:
    before, wave = fleet.waves[index - 1], fleet.waves[index]
    return FleetDecision(reason=f"wave {before.name} soaks, {format_duration(left)} left; then wave {wave.name}")


def _soak_left(fleet: FleetSpec, standings: Standings, index: int, now: datetime) -> timedelta:
    """Return how long a wave still has to wait for the one before it; once it has begun, no longer."""
    begun = [each for each in fleet.waves[index].targets if stand_of(standings, each) != "waiting"]
    if index == 0 or begun:
        return timedelta(0)
    before = fleet.waves[index - 1]
    ended = [standings[target.key].since for target in before.targets]
    last = max((moment for moment in ended if moment is not None), default=now)
    return last + fleet.soak_after(before) - now


def _with_stand(
    targets: tuple[Target, ...], standings: Standings, stands: frozenset[Stand] | set[Stand]
) -> tuple[Target, ...]:
    return tuple(target for target in targets if stand_of(standings, target) in stands)


def count(number: int, what: str) -> str:
    """Write a number of things: ``1 wave``, ``2 waves``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _names(targets: tuple[Target, ...]) -> str:
    return ", ".join(target.key for target in targets)
