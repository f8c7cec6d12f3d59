"""Telling a registry how a rollout that it led to has ended. Goes by the journal alone, so any process can do it for any rollout.

A rollout is over when its registry is told: nothing here can change how it ended, and what could not be told is told at the next poll.
"""

import logging
from typing import Final

from pydantic import TypeAdapter

from policies.bindings.event import Registry
from policies.bindings.spec import Bindings
from policies.bindings.telling import Tidings, write_tidings
from policies.errors import AlreadyExists, RolloutError
from policies.plan import Plan
from rollway.aws.model_registry import SageMakerRegistry
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.journal.documents import Document, read_document, write_document
from rollway.journal.journal import Chronicle, Journal
from rollway.journal.leases import read_standing
from rollway.journal.records import Started
from rollway.registries.catching_up import Reach
from rollway.registries.mlflow import connect_mlflow

log = logging.getLogger(__name__)


class Told(Document):
    """The registry has been told.

    Attributes:
        tidings: what.
    """

    tidings: Tidings


_TOLD: Final = TypeAdapter(Told)


def tell_registry(aws: Aws, store: ObjectStore, rollout_id: str) -> Tidings | None:
    """Tell the registry how a rollout ended, once.

    Args:
        aws: clients for the endpoint's account and Region.
        store: the journal.
        rollout_id: the rollout.

    Returns:
        what the registry was told now, or None when nobody asked for that, it is not over, or the registry knows already.

    Raises:
        RolloutError: the journal could not be read, or the registry could not be told.
    """
    if read_document(store, _key(rollout_id), _TOLD) is not None:
        return None
    chronicle = Journal(store, rollout_id).read()
    ending = chronicle.state.ending
    if ending is None or chronicle.plan.origin is None:
        return None
    standing = read_standing(store, chronicle.plan.endpoint)
    if standing is None or not any(each.rollout_id == rollout_id for each in standing.lease.history):
        return None  # it is on its way back still, or so long ago that nobody knows
    newest = standing.lease.rollout_id == rollout_id
    journal = store.url(f"rollouts/{rollout_id}/")
    tidings = write_tidings(_plan_at_start(chronicle), ending, journal, newest=newest)
    if tidings is None:
        return None
    _tell(aws, tidings)
    try:
        store.create(_key(rollout_id), write_document(Told(tidings=tidings)))
    except AlreadyExists:
        log.info("another process told the registry of rollout %s as well", rollout_id)
    return tidings


def tell_quietly(aws: Aws, store: ObjectStore, rollout_id: str) -> str:
    """Tell the registry, and say what became of that; nothing when there was nothing to tell. Raises nothing."""
    try:
        tidings = tell_registry(aws, store, rollout_id)
    except RolloutError as error:
        log.warning("the registry could not be told how rollout %s ended: %s", rollout_id, error)
        return f"the registry could not be told how rollout {rollout_id} ended: {error}"
    if tidings is None:
        return ""
    log.info("%s", tidings)
    return str(tidings)


def tell_what_was_missed(reach: Reach, bindings: Bindings) -> list[str]:
    """Tell the registries of the newest rollout of each endpoint that follows them, where that has ended and they do not know.

    Returns:
        what was told, and what could not be.
    """
    places = [place for each in bindings.bindings if each.write_back for place in each.endpoints]
    told: list[str] = []
    for place in places:
        try:
            standing = read_standing(reach.store, place.endpoint)
            aws = reach.aws_of(place.region)
        except RolloutError as error:
            told.append(f"{place.endpoint}: {error}")
            continue
        if standing is not None and standing.lease.outcome is not None:
            told.append(tell_quietly(aws, reach.store, standing.lease.rollout_id))
    return [each for each in told if each]


def _plan_at_start(chronicle: Chronicle) -> Plan:
    """Return the plan as the rollout began, whichever challenger of an A/B test has won since."""
    started = chronicle.records[0]
    return started.plan if isinstance(started, Started) else chronicle.plan


def _tell(aws: Aws, tidings: Tidings) -> None:
    origin = tidings.origin
    if origin.registry is Registry.MLFLOW:
        mlflow = connect_mlflow()
        mlflow.set_tags(origin.model, origin.version, tidings.tags)
        if tidings.alias:
            mlflow.set_alias(origin.model, tidings.alias, origin.version)
        return
    registry = SageMakerRegistry(aws)
    registry.note(origin.version, tidings.tags)
    if tidings.reject:
        registry.reject(origin.version, tidings.reject)


def _key(rollout_id: str) -> str:
    return f"rollouts/{rollout_id}/told.json"
