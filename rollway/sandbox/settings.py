"""What can be set about the simulated AWS, and how it is read from a YAML file.

Values only: nothing here starts anything.
"""

import re
import shlex
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)
from pydantic_core import ErrorDetails

from policies.documents.loading import expect_fields, load_document
from policies.documents.text import show
from rollway.sandbox.durations import Duration
from rollway.sandbox.fault_menu import Fault


def _split(value: object) -> object:
    return tuple(shlex.split(value)) if isinstance(value, str) else value


CommandLine = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_split)]
"""A program and its arguments; a string is split as a POSIX shell would."""


class Delays(BaseModel):
    """How long the simulated control plane takes. Real SageMaker takes minutes; a rehearsal takes seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    creating: Duration = timedelta(seconds=3)
    updating: Duration = timedelta(seconds=3)
    weights: Duration = timedelta(seconds=1)
    capacity: Duration = timedelta(seconds=2)
    deleting: Duration = timedelta(seconds=1)


class Capture(BaseModel):
    """How simulated data capture goes about what SageMaker does not document; by default the ways that help least.

    Attributes:
        delay: how long after a file's first request it is written to S3; real ones take a couple of minutes.
        shared_event_ids: whether a request and its copy to a shadow have one event id.
        sampled_alike: whether below 100 % a request and its copy are both captured or both not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    delay: Duration = timedelta(seconds=5)
    shared_event_ids: bool = False
    sampled_alike: bool = False


ModelName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
"""A Python module's name, with its packages."""


def _harmless(name: str) -> str:
    if _DECIDES_WHAT_RUNS.fullmatch(name):
        raise ValueError(
            f"{name} decides which programs run, so no model may set it; set it where the sandbox is started"
        )
    return name


_DECIDES_WHAT_RUNS: Final = re.compile(r"PATH|HOME|SHELL|IFS|ENV|BASH_ENV|PYTHON\w*|LD_\w*|DYLD_\w*")
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$"), AfterValidator(_harmless)]
"""An environment variable's name."""


class SandboxSettings(BaseModel):
    """Everything that can be set about one simulated account.

    Attributes:
        account_id: the simulated account's twelve digits.
        region: its only Region.
        seed: decides every random choice.
        delays: how long endpoint changes take.
        schedule_lateness: how late schedules fire at most; the real ones up to a minute.
        metric_delay: how long after its second a metric becomes visible.
        capture: how data capture goes about what SageMaker does not document.
        invocation_timeout: how long a model server may take to answer.
        max_servers_per_variant: a fleet runs at most this many real processes, whatever the instance count says.
        quotas: how many instances all endpoints may have of a type, by type. Only listed: no request is refused for them.
        default_quota: likewise, of every other type.
        images: which command line stands for a container image.
        models: the Python models that may be served, beside those that come with the sandbox.
        environment: the environment variables that models may set for their servers, beside those of the sandbox's own models.
        faults: what goes wrong, from the start.
        permissions: by access key id or role ARN, the files with its IAM policies; callers that are not named may do everything.
        request_log: the file to which every request is appended as a line of JSON; None for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_id: Annotated[str, Field(pattern=r"^\d{12}$")] = "123456789012"
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = "us-east-1"
    seed: int = 0
    delays: Delays = Delays()
    schedule_lateness: Duration = timedelta(0)
    metric_delay: Duration = timedelta(seconds=1)
    capture: Capture = Capture()
    invocation_timeout: Duration = timedelta(seconds=60)
    max_servers_per_variant: PositiveInt = 1
    quotas: Mapping[str, NonNegativeInt] = Field(default_factory=dict[str, int])
    default_quota: NonNegativeInt = 100
    images: Mapping[str, CommandLine] = Field(default_factory=dict[str, CommandLine])
    models: tuple[ModelName, ...] = ()
    environment: tuple[VariableName, ...] = ()
    faults: tuple[Fault, ...] = ()
    permissions: Mapping[str, tuple[Path, ...]] = Field(default_factory=dict[str, tuple[Path, ...]])
    request_log: Path | None = None


class SettingsError(ValueError):
    """A settings file that cannot be used.

    Attributes:
        problems: one line per problem, each naming the field.
    """

    def __init__(self, path: Path, problems: tuple[str, ...]) -> None:
        super().__init__(
            f"{path} is not a usable sandbox settings file:\n" + "\n".join(f"  {line}" for line in problems)
        )
        self.problems = problems


def load_settings(path: Path | None) -> SandboxSettings:
    """Read settings from a YAML file; None gives the defaults.

    Raises:
        SettingsError: naming every field that is wrong, all at once.
    """
    if path is None:
        return SandboxSettings()
    content = load_document(path, lambda _, problems: SettingsError(path, tuple(map(str, problems)))).content
    foreign = expect_fields(content, tuple(SandboxSettings.model_fields)) if content is not None else None
    if foreign:
        raise SettingsError(path, (str(foreign),))
    try:
        return SandboxSettings.model_validate(content or {})
    except ValidationError as error:
        problems = tuple(f"{_place(e['loc'])}: {e['msg']}{_got(e)}" for e in error.errors())
        raise SettingsError(path, problems) from None


def _got(error: ErrorDetails) -> str:
    """Show what a field of ours has; what is no field of ours, and what is not a single value, may hold anything."""
    found: object = error["input"]
    is_single = found is None or isinstance(found, str | int | float)
    return f" (got {show(found)})" if is_single and error["type"] != "extra_forbidden" else ""


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"
