"""The schedules of a deployment, in Prefect's words."""

from typing import Any

from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

from rollway.cli.setting_up.deployments_file import Schedule


def build_schedule(schedule: Schedule) -> DeploymentScheduleCreate:
    """Return a schedule of the file as Prefect takes it.

    Raises:
        ValueError: Prefect does not understand its times.
    """
    given = schedule.model_dump(exclude_none=True, exclude={"active", "slug", "parameters"})
    if schedule.cron is not None:
        times = CronSchedule.model_validate(given)
    elif schedule.interval is not None:
        times = IntervalSchedule.model_validate(given)
    else:
        times = RRuleSchedule.model_validate(given)
    own = schedule.model_dump(include={"active", "slug", "parameters"})
    return DeploymentScheduleCreate.model_validate(own | {"schedule": times})


def compare_as(schedule: DeploymentScheduleCreate | DeploymentSchedule, wanted: Schedule | None) -> dict[str, Any]:
    """Return what counts when two schedules are compared; without an anchor in the file, any anchor is right."""
    times = schedule.schedule.model_dump(mode="json")
    if wanted is None or wanted.anchor_date is None:
        times.pop("anchor_date", None)
    return times | {"slug": schedule.slug, "active": schedule.active, "parameters": schedule.parameters}
