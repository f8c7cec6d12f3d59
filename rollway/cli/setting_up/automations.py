"""The automations: runs that are dead are marked so, and what they left is taken up at once.

They are comfort. What rests on them is how soon something happens, never that it does: that is the minutely schedule's, and AWS's.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore

from rollway.cli.setting_up.changes import Change, compared
from rollway.cli.setting_up.deployments_file import TAG

MARK_DEAD: Final = "rollway: mark dead runs crashed"
TAKE_UP: Final = "rollway: take up what crashed"
FREE_SLOTS: Final = "rollway: free what dead runs occupy"
RECONCILE: Final = "reconcile/reconcile"
FREEING: Final = "free-slots/free-slots"
"""The deployments that automations run."""
MARK_UNBEGUN: Final = "rollway: mark runs crashed that never began"
_NEVER_SAVED: Final = UUID(int=0)
_CANCELLED: Final = 3
_CANCELLED_WITHIN_S: Final = 600
_ROLLOUTS: Final = "rollout"
_RUNS: Final = "prefect.flow-run.*"
_WAITING: Final = ("Pending", "Submitting", "InfrastructurePending")
"""The names of the states in which a worker brings a run's process up; it gives no heartbeats then."""
_BEGUN: Final = ("Running", "Retrying", "Resuming", "heartbeat")
"""What a run's process says of itself. A process that dies early has said nothing but that it runs."""


def want_automations(
    silence: timedelta, start: timedelta, deployments: Mapping[str, UUID | None]
) -> tuple[AutomationCore, ...]:
    """Return the automations as they shall be.

    Args:
        silence: the longest that a run whose process lives may be silent.
        start: the longest that a process may take to begin.
        deployments: the deployments by their full names; None for one that is yet to be created.
    """
    silence_s, start_s = round(silence.total_seconds()), round(start.total_seconds())
    mark = _mark(MARK_DEAD, _BEGUN, silence_s) | {
        "description": f"A run of Rollway's that has given no sign of life for {silence_s} s has lost its process.",
    }
    unbegun = _mark(MARK_UNBEGUN, _WAITING, start_s) | {
        "description": f"A run of Rollway's that was handed to a worker and has not begun within {start_s} s has lost its worker. "
        "Marked, it frees its slot, which a worker that died leaves occupied.",
    }
    take_up = {
        "name": TAKE_UP,
        "description": "A rollout whose run crashed, failed or was cancelled is brought to its end as soon as its lease allows.",
        "trigger": _for_each_run(_ROLLOUTS)
        | {
            "posture": "Reactive",
            # By the type of state: a name may be another, such as "Rollback failed".
            "match": {"prefect.resource.id": _RUNS, "prefect.state-type": ["CRASHED", "FAILED", "CANCELLED"]},
            "expect": [_RUNS],
            "within": 0,
        },
        "actions": [_run(deployments[RECONCILE])],
    }
    free = [_free_slots(deployments[FREEING])] if FREEING in deployments else []
    return tuple(map(_build, [mark, unbegun, take_up, *free]))


def bring_automation(client: SyncPrefectClient, wanted: AutomationCore, *, write: bool) -> Change:
    """Create the automation, or bring the one of its name to what is wanted; of several with its name, leave one."""
    found = client.read_automations_by_name(wanted.name)
    if not found:
        if write:
            client.create_automation(wanted)
        return Change("automation", wanted.name, "created")
    kept = min(found, key=lambda each: (bool(_differences(each, wanted)), each.id))
    spare = [each for each in found if each.id != kept.id]
    differed = _differences(kept, wanted)
    if write:
        if differed:
            client.update_automation(kept.id, wanted.model_copy(update={"tags": kept.tags}))
        for each in spare:
            client.delete_automation(each.id)
    return compared("automation", wanted.name, (*differed, *(["one too many removed"] * len(spare))))


def _free_slots(deployment: UUID | None) -> dict[str, Any]:
    """Return the automation that looks for dead runs when runs are cancelled repeatedly, as they are while dead ones occupy every slot.

    Each further run that is cancelled is a further event, so none that is lost keeps the slots occupied for good.
    """
    trigger = _for_each_run(TAG) | {
        "posture": "Reactive",
        "match": {"prefect.resource.id": _RUNS},
        "expect": ["prefect.flow-run.Cancelled"],
        "for_each": [],
        "threshold": _CANCELLED,
        "within": _CANCELLED_WITHIN_S,
    }
    return {
        "name": FREE_SLOTS,
        "description": f"{_CANCELLED} runs of Rollway's were cancelled within {_CANCELLED_WITHIN_S} s: dead runs may occupy every slot.",
        "trigger": trigger,
        "actions": [_run(deployment)],
    }


def _run(deployment: UUID | None) -> dict[str, Any]:
    return {"type": "run-deployment", "source": "selected", "deployment_id": deployment or _NEVER_SAVED}


def _mark(name: str, after: tuple[str, ...], within_s: int) -> dict[str, Any]:
    """Return an automation that marks a run Crashed of which nothing is heard for some time after one of the given events."""
    return {
        "name": name,
        "trigger": _for_each_run(TAG)
        | {
            "posture": "Proactive",
            "match": {"prefect.resource.id": _RUNS},
            "after": [f"prefect.flow-run.{each}" for each in after],
            # Anything that happens to the run, because its last state may have any name, such as "Rolled back".
            "expect": [_RUNS],
            "within": within_s,
        },
        "actions": [
            {"type": "change-flow-run-state", "state": "CRASHED", "message": f"no sign of life for {within_s} s"},
        ],
    }


def _for_each_run(tag: str) -> dict[str, Any]:
    """Return what a trigger says that is evaluated for each run that bears the tag."""
    related = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{tag}"}
    return {"type": "event", "match_related": related, "for_each": ["prefect.resource.id"], "threshold": 1}


def _build(description: dict[str, Any]) -> AutomationCore:
    """Return an automation in which nothing is left unset, for what is unset is not sent; but its owner, which no update may name."""
    automation = AutomationCore.model_validate(description)
    return AutomationCore.model_validate(automation.model_dump(exclude={"owner_resource"}))


def _differences(found: Automation, wanted: AutomationCore) -> tuple[str, ...]:
    left, right = found.model_dump(), wanted.model_dump()
    compared_parts = (
        "description",
        "enabled",
        "trigger",
        "actions",
        "actions_on_trigger",
        "actions_on_resolve",
    )
    return tuple(part.replace("_", " ") for part in compared_parts if left[part] != right[part])
