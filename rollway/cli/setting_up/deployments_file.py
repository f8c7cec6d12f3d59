"""``deployments.yaml``, read strictly: Prefect passes over a misspelt key without a word, here it is told. Must not import Prefect."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from policies.documents.loading import expect_fields, load_document
from policies.documents.text import show
from policies.errors import Problem
from rollway.cli.failures import UsageProblem
from tasks.heartbeats import HEARTBEAT, LEAST_HEARTBEAT_S, heartbeat_in, heartbeat_s

POOL: Final = "rollway"
"""The work pool of deployments that name none."""
TAG: Final = "rollway"
"""The tag of deployments whose runs are watched for signs of life."""
_ABOUT_THE_WHOLE: Final = "(top level)"


class Part(BaseModel):
    """A part of the file in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class WorkPool(Part):
    """Where the runs of a deployment are carried out."""

    name: Annotated[str, Field(min_length=1)] = POOL
    work_queue_name: str | None = None
    job_variables: dict[str, Any] = {}

    @field_validator("job_variables")
    @classmethod
    def _heartbeat_is_possible(cls, variables: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(variables.get("env") or {}, dict):
            raise ValueError("env has to be a mapping of names to values")  # noqa: TRY004 - pydantic takes no TypeError
        heartbeat = heartbeat_in(variables)
        if heartbeat is not None and not (str(heartbeat).isdecimal() and int(heartbeat) >= LEAST_HEARTBEAT_S):
            raise ValueError(f"{HEARTBEAT} is {heartbeat!r}; Prefect takes whole seconds, {LEAST_HEARTBEAT_S} or more")
        return variables


class ConcurrencyLimit(Part):
    """How many runs of a deployment may be under way, and what becomes of one more."""

    limit: Annotated[int, Field(ge=1)]
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"
    grace_period_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None


class Schedule(Part):
    """When a deployment runs by itself."""

    cron: str | None = None
    interval: timedelta | None = None
    rrule: str | None = None
    timezone: str | None = None
    anchor_date: str | None = None
    day_or: bool | None = None
    active: bool = True
    slug: str | None = None
    parameters: dict[str, Any] = {}

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.cron, self.interval, self.rrule)) != 1:
            raise ValueError("a schedule has exactly one of cron, interval and rrule")
        return self


class Deployment(Part):
    """One way to start one flow."""

    name: Annotated[str, Field(pattern=r"^[^/%&><]+$")]
    entrypoint: Annotated[str, Field(pattern=r"^\S+[:.]\w+$")]
    work_pool: WorkPool = WorkPool()
    description: str = ""
    version: str | None = None
    tags: list[str] = []
    parameters: dict[str, Any] = {}
    enforce_parameter_schema: bool = True
    concurrency_limit: ConcurrencyLimit | None = None
    paused: bool = False
    schedules: list[Schedule] = []
    pull: list[dict[str, Any]] | None = None

    @field_validator("concurrency_limit", mode="before")
    @classmethod
    def _number_is_a_limit(cls, value: object) -> object:
        return {"limit": value} if isinstance(value, int) else value

    @property
    def heartbeat_s(self) -> int:
        """Seconds between two signs of life of its runs."""
        return heartbeat_s(self.work_pool.job_variables)

    def beating_every(self, seconds: int) -> "Deployment":
        """Return the deployment with runs that give a sign of life that often."""
        variables = {key: value for key, value in self.work_pool.job_variables.items() if key != f"env.{HEARTBEAT}"}
        variables["env"] = {**(variables.get("env") or {}), HEARTBEAT: str(seconds)}
        return self.model_copy(update={"work_pool": self.work_pool.model_copy(update={"job_variables": variables})})

    def in_pool(self, name: str) -> "Deployment":
        """Return the deployment in another work pool."""
        return self.model_copy(update={"work_pool": self.work_pool.model_copy(update={"name": name})})


class DeploymentsFile(Part):
    """The whole file. ``definitions`` holds YAML anchors, which are resolved by then."""

    name: str | None = None
    prefect_version: Annotated[str | None, Field(alias="prefect-version")] = None
    definitions: Any = None
    pull: list[dict[str, Any]] | None = None
    deployments: Annotated[list[Deployment], Field(min_length=1)]

    def pull_steps(self, deployment: Deployment, folder: Path) -> list[dict[str, Any]]:
        """Return how a run comes to the code: as the file says, otherwise by going to the file's own folder."""
        given = deployment.pull if deployment.pull is not None else self.pull
        if given is not None:
            return given
        return [{"prefect.deployments.steps.set_working_directory": {"directory": str(folder)}}]


def read_deployments(path: Path) -> DeploymentsFile:
    """Read the file.

    Raises:
        UsageProblem: there is no such file, it is no YAML, or with every problem in it.
    """
    remedy = "run setup from the top of the project, where deployments.yaml is, or give its path with --file"
    document = load_document(path, lambda _, problems: refuse(path, problems), remedy)
    foreign = expect_fields(document.content, ("deployments",))
    if foreign:
        raise refuse(path, [foreign])
    try:
        return DeploymentsFile.model_validate(document.content)
    except ValidationError as error:
        problems = (_problem(details) for details in map(dict[str, Any], error.errors()))
        raise refuse(path, [replace(each, line=document.line_of(each.where)) for each in problems]) from None


def refuse(path: Path, problems: Sequence[Problem]) -> UsageProblem:
    """Return the error that tells everything that is wrong with the file."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"{path}: {count}; nothing was changed", *(f"  {problem}" for problem in problems)]
    return UsageProblem("\n".join(lines), hint="Put the file right, and run setup again.")


def _problem(details: Mapping[str, Any]) -> Problem:
    location: tuple[str | int, ...] = details["loc"]
    if details["type"] == "extra_forbidden":
        allowed = ", ".join(_keys_beside(location))
        return Problem(_path(location), "is no key that setup knows", f"check the spelling; known here: {allowed}")
    return Problem(_path(location), _what(details))


def _what(details: Mapping[str, Any]) -> str:
    match details["type"]:
        case "missing":
            return "is required"
        case "value_error":
            return str(details["ctx"]["error"])
        case _:
            value = details["input"]
            return f"{details['msg']}" + ("" if isinstance(value, Mapping | list) else f", not {show(value)}")


def _path(location: Sequence[str | int]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.lstrip(".") or _ABOUT_THE_WHOLE


def _keys_beside(location: Sequence[str | int]) -> Iterator[str]:
    """Yield the keys that may stand where the last one of a path stands."""
    parts: dict[str, type[Part]] = {
        "deployments": Deployment,
        "work_pool": WorkPool,
        "concurrency_limit": ConcurrencyLimit,
        "schedules": Schedule,
    }
    holders = [parts[part] for part in location[:-1] if part in parts]
    model = holders[-1] if holders else DeploymentsFile
    yield from (field.alias or name for name, field in model.model_fields.items())
