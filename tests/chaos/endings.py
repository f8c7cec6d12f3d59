"""What must be true of an endpoint when its rollout is over, read back from the simulated AWS and its own request log."""

import json
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from rollway.aws.fencing import is_reading
from rollway.aws.session import Aws
from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from tests.chaos.actors import Site
from tests.chaos.simulated_aws import INSTANCES

Result = TypeVar("Result")
PATIENCE_S: Final = 120


def rollout_of(site: Site) -> str | None:
    """The id of the endpoint's newest rollout; None as long as there was none."""
    standing = read_standing(site.store(site.connect()), site.endpoint)
    return standing.lease.rollout_id if standing else None


def outcome_of(site: Site) -> str | None:
    """The outcome that the journal tells of; None while the rollout is under way."""
    standing = read_standing(site.store(site.connect()), site.endpoint)
    return str(standing.lease.outcome) if standing and standing.lease.outcome else None


def find_faults(site: Site, log: Path, offset: int = 0) -> list[str]:
    """What is left half-done or was done by two at once; nothing when the rollout ended as it must.

    ``offset`` is the size of the request log when the rollout began.
    """
    return [*half_done(site), *_left_over(site), *_two_at_once(site, log, offset)]


def half_done(site: Site) -> list[str]:
    aws = site.connect()
    outcome, endpoint = outcome_of(site), aws.sagemaker.describe_endpoint(EndpointName=site.endpoint)
    config = aws.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    (variant,) = config["ProductionVariants"]
    live = endpoint["ProductionVariants"][0]
    promoted = (outcome, variant.get("ModelName")) == ("PROMOTED", site.model)
    returned = outcome in {"ROLLED_BACK", "ABORTED", "INCONCLUSIVE"} and endpoint["EndpointConfigName"] == "original"
    return [
        *([] if promoted or returned else [f"{outcome} on {endpoint['EndpointConfigName']}"]),
        *([] if len(endpoint["ProductionVariants"]) == 1 else ["two variants are left"]),
        *([] if endpoint["EndpointStatus"] == "InService" else [endpoint["EndpointStatus"]]),
        *([] if live.get("DesiredInstanceCount", 0) >= INSTANCES else ["capacity is gone"]),
    ]


def _left_over(site: Site) -> list[str]:
    aws = site.connect()
    resource = f"endpoint/{site.endpoint}/variant/AllTraffic"
    (target,) = aws.application_autoscaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[resource]
    )["ScalableTargets"]
    in_use = aws.sagemaker.describe_endpoint(EndpointName=site.endpoint)["EndpointConfigName"]
    pages = aws.sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=site.endpoint)
    configs = [config["EndpointConfigName"] for page in pages for config in page["EndpointConfigs"]]
    alarms = aws.cloudwatch.describe_alarms(AlarmNamePrefix=f"rollway-{site.endpoint}")["MetricAlarms"]
    schedules = aws.scheduler.list_schedules(NamePrefix=f"rollway-{site.endpoint}")["Schedules"]
    return [
        *(f"configuration {name} is left" for name in configs if name != in_use),
        *(f"alarm {alarm.get('AlarmName')} is left" for alarm in alarms),
        *(f"schedule {schedule.get('Name')} is left" for schedule in schedules),
        *(f"{key} is still suspended" for key, value in target.get("SuspendedState", {}).items() if value),
        *([] if (target["MinCapacity"], target["MaxCapacity"]) == (2, 6) else ["scaling has other bounds"]),
    ]


def _two_at_once(site: Site, log: Path, offset: int) -> list[str]:
    """Once another process has written, the one before must never write again: each process's writes are one block."""
    writers = [agent for agent, _ in groupby(_writes(site, log, offset))]
    return [] if len(writers) == len(set(writers)) else [f"processes took turns: {writers}"]


def _writes(site: Site, log: Path, offset: int) -> list[str]:
    with log.open("rb") as lines:
        lines.seek(offset)
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines if site.endpoint.encode() in line]
    return [
        each["agent"]
        for each in entries
        if each["service"] != "s3" and not is_reading(each["operation"]) and each["actor"] == "caller"
    ]


def patiently(ask: Callable[[], Result]) -> Result:
    """Ask until AWS answers: what goes wrong for the rollouts goes wrong for their referee, too. Whatever is asked must be repeatable."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except (BotoCoreError, ClientError):
            if time.monotonic() > give_up:
                raise
            time.sleep(0.5)


def reset(site: Site) -> None:
    """Bring a promoted endpoint back to where it began, for the next rollout."""
    sagemaker = site.connect().sagemaker
    while sagemaker.describe_endpoint(EndpointName=site.endpoint)["EndpointConfigName"] != "original":
        sagemaker.update_endpoint(EndpointName=site.endpoint, EndpointConfigName="original")
        settle(site.connect(), site.endpoint)
    for config in sagemaker.list_endpoint_configs(NameContains=site.endpoint)["EndpointConfigs"]:
        sagemaker.delete_endpoint_config(EndpointConfigName=config["EndpointConfigName"])


def settle(aws: Aws, endpoint: str) -> None:
    """Wait until a change of the endpoint is over."""
    while aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] != "InService":
        time.sleep(0.1)


def records_of(site: Site) -> tuple[Any, ...]:
    """The rollout's records."""
    store = site.store(site.connect())
    standing = read_standing(store, site.endpoint)
    assert standing is not None
    return Journal(store, standing.lease.rollout_id).read().records
