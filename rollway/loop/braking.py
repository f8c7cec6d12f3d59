"""Reporting failed gates to whoever drives other rollouts: many at about the same time are one incident, and one halt."""

import logging
from datetime import datetime

from policies.brake import find_incident
from policies.errors import RolloutError
from policies.plan import Plan
from rollway.aws.objects import ObjectStore
from rollway.journal.halts import call_halt, note_failure, recent_failures

log = logging.getLogger(__name__)


def report_failure(store: ObjectStore, plan: Plan, now: datetime) -> None:
    """Note that a gate failed on this rollout's endpoint, and call a halt when others fail as well. Never raises for AWS's sake.

    The rollout itself is on its way back by then: a candidate that fails has to go, halt or not.
    """
    brake = plan.policy.brake
    try:
        note_failure(store, plan.endpoint, now)
        incident = find_incident(brake, recent_failures(store, now - brake.within), now)
        if incident is not None:
            call_halt(store, incident)
    except RolloutError as error:
        log.warning("cannot tell the journal that a gate failed on %s: %s", plan.endpoint, error)
