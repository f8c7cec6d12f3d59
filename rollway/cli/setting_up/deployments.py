"""The deployments: from the file to what the server shall hold, and what it holds instead."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint

from policies.errors import Problem
from rollway.cli.setting_up.changes import Change, compared
from rollway.cli.setting_up.deployments_file import ConcurrencyLimit, Deployment, DeploymentsFile, refuse
from rollway.cli.setting_up.places import Place
from rollway.cli.setting_up.schedules import build_schedule, compare_as

Fields = Mapping[str, Any]
"""What is compared of a deployment, by the name that a person knows it by."""


@dataclass(frozen=True)
class Wanted:
    """A deployment as the server shall hold it.

    Attributes:
        deployment: as the file has it.
        flow: what its entrypoint leads to.
        pull_steps: how a run comes to the code.
    """

    deployment: Deployment
    flow: Flow[..., Any]
    pull_steps: list[dict[str, Any]]

    @property
    def full_name(self) -> str:
        """The name by which Prefect knows it: the flow's, and its own."""
        return f"{self.flow.name}/{self.deployment.name}"

    @property
    def description(self) -> str:
        """Its own, otherwise the flow's."""
        return self.deployment.description or self.flow.description or ""

    @property
    def schema(self) -> dict[str, Any]:
        """The flow's parameters, as JSON holds them."""
        return json.loads(json.dumps(self.flow.parameters.model_dump(mode="json", exclude_unset=True)))


def find_flows(file: DeploymentsFile, place: Place) -> list[Wanted]:
    """Load the flow of every deployment, from the folder from which the file's paths count.

    Raises:
        UsageProblem: with every entrypoint that leads to no flow, and whatever the flows do not fit.
    """
    wanted: list[Wanted] = []
    problems: list[Problem] = []
    for number, deployment in enumerate(file.deployments):
        where = f"deployments[{number}]"
        try:
            flow = _load(deployment.entrypoint, place.folder)
        except Exception as error:  # noqa: BLE001 - loading a flow runs the user's code
            what = f"{deployment.entrypoint} leads to no flow: {error}"
            problems.append(Problem(f"{where}.entrypoint", what, "paths are relative to the file"))
            continue
        each = Wanted(deployment, flow, file.pull_steps(deployment, place.folder))
        problems += _misfits(each, where)
        if each.full_name in {other.full_name for other in wanted}:
            problems.append(Problem(f"{where}.name", f"{each.full_name} is there twice", "give it another name"))
        wanted.append(each)
    if problems:
        raise refuse(place.file, problems)
    return wanted


def bring_deployment(client: SyncPrefectClient, wanted: Wanted, *, write: bool) -> tuple[Change, UUID | None]:
    """Create the deployment, or bring it to what is wanted; return its id as well, None where it is not there."""
    try:
        found = client.read_deployment_by_name(wanted.full_name)
    except ObjectNotFound:
        return Change("deployment", wanted.full_name, "created"), _save(client, wanted, None) if write else None
    as_it_is, as_wanted = _fields_found(found, wanted.deployment), _fields_wanted(wanted)
    differed = tuple(name for name, value in as_wanted.items() if as_it_is[name] != value)
    if differed and write:
        _save(client, wanted, found.version)
    return compared("deployment", wanted.full_name, differed), found.id


def _load(entrypoint: str, folder: Path) -> Flow[..., Any]:
    by_path = str(folder / entrypoint) if ":" in entrypoint else entrypoint
    return load_flow_from_entrypoint(by_path, use_placeholder_flow=False)


def _misfits(wanted: Wanted, where: str) -> Iterator[Problem]:
    """Yield every schedule that is none, and every parameter that the flow does not have: its runs would fail."""
    parts = {f"{where}.parameters": wanted.deployment.parameters}
    for number, schedule in enumerate(wanted.deployment.schedules):
        parts[f"{where}.schedules[{number}].parameters"] = schedule.parameters
        try:
            build_schedule(schedule)
        except ValueError as error:
            yield Problem(f"{where}.schedules[{number}]", f"is no schedule: {' '.join(str(error).split())}")
    own = wanted.flow.parameters.properties
    for part, parameters in parts.items():
        for name in sorted(parameters.keys() - own.keys()):
            yield Problem(
                f"{part}.{name}", f"flow {wanted.flow.name} has no such parameter", f"it has: {', '.join(own)}"
            )


def _save(client: SyncPrefectClient, wanted: Wanted, version: str | None) -> UUID:
    """Create the deployment, or replace the one of the same name."""
    deployment = wanted.deployment
    return client.create_deployment(
        flow_id=client.create_flow_from_name(wanted.flow.name),
        name=deployment.name,
        version=deployment.version or version,
        schedules=[build_schedule(each) for each in deployment.schedules],
        concurrency_limit=deployment.concurrency_limit.limit if deployment.concurrency_limit else None,
        concurrency_options=_options(deployment.concurrency_limit),
        parameters=deployment.parameters,
        description=wanted.description,
        work_pool_name=deployment.work_pool.name,
        work_queue_name=deployment.work_pool.work_queue_name,
        tags=deployment.tags,
        entrypoint=deployment.entrypoint,
        parameter_openapi_schema=wanted.schema,
        paused=deployment.paused,
        pull_steps=wanted.pull_steps,
        enforce_parameter_schema=deployment.enforce_parameter_schema,
        job_variables=deployment.work_pool.job_variables,
    )


def _fields_wanted(wanted: Wanted) -> Fields:
    deployment = wanted.deployment
    fields: dict[str, Any] = {
        "entrypoint": deployment.entrypoint,
        "work pool": deployment.work_pool.name,
        "job variables": deployment.work_pool.job_variables,
        "description": wanted.description,
        "tags": set(deployment.tags),
        "parameters": deployment.parameters,
        "schema of the parameters": wanted.schema,
        "enforcing the schema": deployment.enforce_parameter_schema,
        "paused": deployment.paused,
        "pull steps": wanted.pull_steps,
        "concurrency limit": deployment.concurrency_limit and deployment.concurrency_limit.model_dump(),
        "schedules": _in_order(compare_as(build_schedule(each), each) for each in deployment.schedules),
    }
    # What the file does not name is Prefect's to choose.
    if deployment.version:
        fields["version"] = deployment.version
    if deployment.work_pool.work_queue_name:
        fields["work queue"] = deployment.work_pool.work_queue_name
    return fields


def _fields_found(found: DeploymentResponse, wanted: Deployment) -> Fields:
    by_slug = {schedule.slug: schedule for schedule in wanted.schedules}
    return {
        "entrypoint": found.entrypoint,
        "work pool": found.work_pool_name,
        "work queue": found.work_queue_name,
        "job variables": found.job_variables,
        "description": found.description or "",
        "tags": set(found.tags),
        "parameters": found.parameters,
        "schema of the parameters": found.parameter_openapi_schema,
        "enforcing the schema": found.enforce_parameter_schema,
        "paused": found.paused,
        "pull steps": found.pull_steps,
        "concurrency limit": _limit_found(found),
        "schedules": _in_order(compare_as(each, by_slug.get(each.slug)) for each in found.schedules),
        "version": found.version,
    }


def _limit_found(found: DeploymentResponse) -> dict[str, Any] | None:
    limit, options = found.global_concurrency_limit, found.concurrency_options
    if limit is None:
        return None
    strategy = options.collision_strategy.value if options else ConcurrencyLimitStrategy.ENQUEUE.value
    grace = options.grace_period_seconds if options else None
    return ConcurrencyLimit.model_validate(
        {"limit": limit.limit, "collision_strategy": strategy, "grace_period_seconds": grace}
    ).model_dump()


def _options(limit: ConcurrencyLimit | None) -> ConcurrencyOptions | None:
    if limit is None:
        return None
    return ConcurrencyOptions.model_validate(limit.model_dump(exclude={"limit"}, exclude_none=True))


def _in_order(schedules: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put schedules into an order of their own: Prefect gives them back in any."""
    return sorted(schedules, key=str)
