"""Keeps the endpoints' present states: one lock per endpoint, settled on every look, fleets kept in step.

States are immutable values, so readers need no lock: the data plane reads a cached view and takes the lock only when a
deployment may have come due. Which requests are allowed is decided elsewhere.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter

from rollway.sandbox.alarms import Alarms
from rollway.sandbox.clock import Clock
from rollway.sandbox.fleets import FleetHealth, Fleets, FleetSpec
from rollway.sandbox.sagemaker.deployment import Deployment, Endpoint, Kind, Lineup, Variant, settle
from rollway.sandbox.sagemaker.guardrails import alarms_of
from rollway.sandbox.sagemaker.serving import Serving, ServingVariant, read_capture

Transition = Callable[[Endpoint | None], Endpoint]

_ENDPOINTS = TypeAdapter(dict[str, Endpoint])


@dataclass(frozen=True)
class _View:
    """What serves, and from when on that may have changed by itself (None: only a request can change it)."""

    serving: Serving
    due: datetime | None


class LiveEndpoints:
    """The endpoints by name."""

    def __init__(self, clock: Clock, fleets: Fleets, alarms: Alarms, changed: Callable[[], None]) -> None:
        """``changed`` is called after every change of any endpoint."""
        self._clock = clock
        self._fleets = fleets
        self._alarms = alarms
        self._changed = changed
        self._live: dict[str, Endpoint] = {}
        self._views: dict[str, _View] = {}
        self._locks: dict[str, threading.RLock] = {}

    def names(self) -> list[str]:
        """Return the names of all endpoints."""
        return list(self._live)

    def get(self, name: str) -> Endpoint | None:
        """Return an endpoint's state now, or None when there is none."""
        with self._lock(name):
            return self._settled(name)

    def change(self, name: str, transition: Transition) -> Endpoint:
        """Replace an endpoint's state by what ``transition`` makes of it; what that raises leaves it unchanged."""
        with self._lock(name):
            before = self._settled(name)
            after = transition(before)
            self._put(name, before, after)
            return after

    def serving(self, name: str) -> Serving | None:
        """Return what answers the endpoint's requests now; None when nothing does. Cheap: called per request."""
        view = self._views.get(name)
        if view is None or (view.due is not None and self._clock.now() >= view.due):
            view = self._look(name)
        return view.serving if view else None

    def export(self) -> object:
        """Return all states, JSON-able."""
        return _ENDPOINTS.dump_python(dict(self._live), mode="json")

    def restore(self, state: object) -> None:
        """Replace all states by exported ones and start their fleets again."""
        self._live = _ENDPOINTS.validate_python(state)
        self._views.clear()
        for endpoint in self._live.values():
            for fleet in _wanted_fleets(endpoint).values():
                self._fleets.ensure(fleet)

    def _lock(self, name: str) -> threading.RLock:
        # Endpoint names are unique regardless of case, so creators of "a" and "A" must meet at one lock.
        return self._locks.setdefault(name.lower(), threading.RLock())

    def _settled(self, name: str) -> Endpoint | None:
        before = self._live.get(name)
        if before is None or before.deployment is None:
            return before
        after = settle(before, self._clock.now(), self._health(before.deployment))
        if after is not before:
            self._put(name, before, after)
        return after

    def _health(self, deployment: Deployment) -> FleetHealth:
        """Return the health of all the servers that a deployment waits for, as if they were one fleet. A guard's alarm is a failure."""
        if not deployment.awaits_servers:
            return FleetHealth(ready=True)
        healths = [self._fleets.health(variant.fleet.fleet_id) for variant in deployment.target.everyone]
        sounding = self._alarms.first_sounding(alarms_of(deployment.settings)) if deployment.steps else None
        alarmed = f"Alarm {sounding} went off; the deployment was rolled back." if sounding else None
        failure = next((health.failure for health in healths if health.failure), alarmed)
        return FleetHealth(ready=all(health.ready for health in healths), failure=failure)

    def _put(self, name: str, before: Endpoint | None, after: Endpoint | None) -> None:
        if after is None:
            self._live.pop(name, None)
        else:
            self._live[name] = after
        self._views.pop(name, None)
        self._align_fleets(before, after)
        self._changed()

    def _align_fleets(self, before: Endpoint | None, after: Endpoint | None) -> None:
        had, wants = _wanted_fleets(before), _wanted_fleets(after)
        for fleet_id, fleet in wants.items():
            if had.get(fleet_id) != fleet:
                self._fleets.ensure(fleet)
        for fleet_id in had.keys() - wants.keys():
            self._fleets.retire(fleet_id)

    def _look(self, name: str) -> _View | None:
        with self._lock(name):
            endpoint = self._settled(name)
            view = _view(endpoint, self._clock.now()) if endpoint else None
            if view:
                self._views[name] = view
            return view


def _wanted_fleets(endpoint: Endpoint | None) -> dict[str, FleetSpec]:
    """Return the fleets that must run: what serves, and what is about to; where both name one, the larger count."""
    if endpoint is None:
        return {}
    lineups = [endpoint.lineup, endpoint.deployment.target if endpoint.deployment else None]
    wanted: dict[str, FleetSpec] = {}
    for fleet in (variant.fleet for lineup in lineups if lineup for variant in lineup.everyone):
        other = wanted.get(fleet.fleet_id)
        instances = max(fleet.instances, other.instances) if other else fleet.instances
        wanted[fleet.fleet_id] = replace(fleet, instances=instances)
    return wanted


def _view(endpoint: Endpoint, now: datetime) -> _View | None:
    deployment = endpoint.deployment
    if endpoint.lineup is None or (deployment and deployment.kind is Kind.DELETE):
        return None
    progress = deployment.progress(now) if deployment else None
    if deployment is None or progress is None:
        return _View(_serving(endpoint.name, endpoint.lineup), deployment.ready_at if deployment else None)
    return _View(_mixed(endpoint.name, endpoint.lineup, deployment.target, progress.step.share), progress.until)


def _serving(name: str, lineup: Lineup) -> Serving:
    shadows = _serving_variants(lineup.shadows)
    return Serving(name, _serving_variants(lineup.variants), shadows, read_capture(lineup.options))


def _mixed(name: str, old: Lineup, new: Lineup, share: float) -> Serving:
    """Return both fleets of every variant, with the new one's share of its traffic."""
    variants = (*_serving_variants(old.variants, 1 - share), *_serving_variants(new.variants, share))
    serving = tuple(variant for variant in variants if variant.weight)
    return Serving(name, serving, _serving_variants(old.shadows), read_capture(old.options))


def _serving_variants(chosen: tuple[Variant, ...], part: float = 1.0) -> tuple[ServingVariant, ...]:
    return tuple(_serving_variant(variant, part) for variant in chosen)


def _serving_variant(variant: Variant, part: float) -> ServingVariant:
    return ServingVariant(
        name=variant.name,
        fleet_id=variant.fleet.fleet_id,
        model_name=variant.fleet.model_name,
        weight=variant.weight * part,
        instances=variant.fleet.instances,
        config_name=variant.config_name,
    )
