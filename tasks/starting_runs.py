"""Starting rollouts as flow runs of Prefect, for whoever is no person: each start once, however often and by whomever it is asked for.

Prefect keeps the key of a run that it was given, and answers with that run when the key comes again.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, PrefectException

from policies.bindings.matching import Start
from policies.bindings.standing import explain_pause
from policies.errors import RolloutError
from policies.loading import load_policy
from rollway.registries.catching_up import Begun

MOST_ATTEMPTS: Final = 20
"""Runs that may end before their rollout began; by then more than a week has passed."""
_JUST_CREATED: Final = timedelta(seconds=30)
_TAG_LIMIT: Final = 200


class PrefectAway(RolloutError):
    """Prefect's server cannot be reached, or turned the start down: the same start may be asked for again."""

    code = "prefect_unreachable"


def start_flow_run(start: Start, key: str, journal: str) -> Begun:
    """Have Prefect run the rollout that should follow; a worker takes it up.

    Where the run of this key ended before its rollout began (its worker died, the endpoint could not be rolled out to), another one is
    started after a pause that doubles each time.

    Raises:
        PrefectAway: Prefect's server cannot be reached, or has no deployment for the policy's strategy.
        PolicyError: the policy cannot be read.
    """
    name = deployment_of(start)
    with _asking(name), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(name).id
        for attempt in range(1, MOST_ATTEMPTS + 1):
            asked_at = datetime.now(UTC)
            run = client.create_flow_run_from_deployment(
                deployment,
                parameters=parameters_of(start, journal),
                idempotency_key=key if attempt == 1 else f"{key}-{attempt}",
                tags=tags_of(start),
            )
            found = _look_at(client, run, asked_at, attempt)
            if found is not None:
                return found
    return Begun("", f"given up: {MOST_ATTEMPTS} flow runs ended before their rollout began; see them in Prefect")


def deployment_of(start: Start) -> str:
    """Return the deployment that rolls out: the fleet's, or that of the policy's strategy.

    Raises:
        PolicyError: the policy cannot be read.
    """
    name = "fleet" if start.fleet else load_policy(start.policy).strategy.replace("_", "-")
    return f"{name}/{name}"


def parameters_of(start: Start, journal: str) -> dict[str, Any]:
    """Return what the form of the flow is filled in with."""
    if start.fleet:
        return {"fleet": {"file": start.fleet, "model": start.model_name, "journal": journal, "region": start.region}}
    return {
        "rollout": {
            "endpoint": start.endpoint,
            "model": start.model_name,
            "policy": start.policy,
            "automatic": True,
            "journal": journal,
            "region": start.region,
            "origin": json.dumps(start.origin.model_dump(mode="json", exclude_defaults=True)),
        }
    }


def tags_of(start: Start) -> list[str]:
    """Return the tags by which the run is found in Prefect: who asked for it, and for which version."""
    origin = start.origin
    tags = (
        f"binding:{start.binding}",
        f"registry:{origin.registry}",
        f"model:{origin.model}",
        f"version:{origin.version}",
    )
    return ["rollway", "automatic", *(tag[:_TAG_LIMIT] for tag in tags)]


def _look_at(client: SyncPrefectClient, run: FlowRun, asked_at: datetime, attempt: int) -> Begun | None:
    """Say what became of an attempt, or return None where it is over without a rollout and the next may follow.

    Whoever asks has seen that the endpoint does not serve the model, and that no rollout to it has failed.
    """
    if run.created is not None and run.created >= asked_at - _JUST_CREATED and not _is_over(run):
        return Begun(run.name, f"flow run {run.name} was started")
    run = client.read_flow_run(run.id)
    if not _is_over(run):
        state = run.state_name or "not begun"
        return Begun("", f"flow run {run.name} is there for it already ({state.lower()})")
    if run.state is not None and run.state.is_completed():
        return Begun("", f"flow run {run.name} rolled it out already: {run.state.name}")
    if run.state is not None and run.state.is_cancelled():
        return Begun("", f"flow run {run.name} for it was cancelled; only a person starts it again")
    ended_at = run.end_time or (run.state.timestamp if run.state else asked_at)
    told = explain_pause(run.name, ended_at, attempt, datetime.now(UTC))
    return Begun("", told) if told else None


def _is_over(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_final()


@contextmanager
def _asking(deployment: str) -> Generator[None]:
    try:
        yield
    except ObjectNotFound as error:
        raise PrefectAway(f"Prefect knows no deployment {deployment}", hint="Bring it up: rollway setup") from error
    except (httpx.HTTPError, PrefectException, RuntimeError) as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        raise PrefectAway(
            f"Prefect could not be asked to run {deployment}: {told}",
            hint="Is its server up, and PREFECT_API_URL set? What was to be started is started as soon as it is.",
        ) from error
