"""The automations: runs that are dead are marked so, and what they left is taken up at once.

They are comfort. What rests on them is how soon something happens, never that it does: that is the minutely schedule's, and AWS's.
"""

from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore

from rollway.cli.setting_up.changes import Change, compared
from rollway.cli.setting_up.deployments_file import TAG

MARK_DEAD: Final = "rollway: mark dead runs crashed"
TAKE_UP: Final = "rollway: take up what crashed"
BEATS_MISSED: Final = 3
"""Signs of life that a run must have missed to pass for dead."""
_NEVER_SAVED: Final = UUID(int=0)
_ROLLOUTS: Final = "rollout"
_RUNS: Final = "prefect.flow-run.*"


def want_automations(heartbeat_s: int, reconcile: UUID | None) -> tuple[AutomationCore, AutomationCore]:
    """Return the automations as they shall be.

    Args:
        heartbeat_s: the most seconds between two signs of life of a living run.
        reconcile: the deployment that takes up what crashed; None as long as there is none.
    """
    within = BEATS_MISSED * heartbeat_s
    mark = {
        "name": MARK_DEAD,
        "description": f"A run of Rollway's that has given no sign of life for {within} s has lost its process.",
        "trigger": _for_each_run(TAG)
        | {
            "posture": "Proactive",
            "match": {"prefect.resource.id": _RUNS},
            "after": ["prefect.flow-run.heartbeat"],
            # Anything that happens to the run, because its last state may have any name, such as "Rolled back".
            "expect": [_RUNS],
            "within": within,
        },
        "actions": [
            {"type": "change-flow-run-state", "state": "CRASHED", "message": f"no sign of life for {within} s"},
        ],
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
        "actions": [
            {"type": "run-deployment", "source": "selected", "deployment_id": reconcile or _NEVER_SAVED},
        ],
    }
    return _build(mark), _build(take_up)


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
