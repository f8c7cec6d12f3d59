"""The fleet file: which endpoints get what, in which waves, and how many may fail.

These are the fields that a user writes. A misspelt field is a mistake, never ignored.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from policies.errors import PolicyError, Problem
from policies.values import Duration, Frozen

_HASH_LENGTH: Final = 7
_ENDPOINT: Final = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$"
_REGION: Final = r"^([a-z]{2}(-[a-z]+)+-\d)?$"
_ROLE: Final = r"^(arn:aws[a-z-]*:iam::\d{12}:role/.+)?$"


class Target(Frozen):
    """One endpoint, and what is different about it.

    Attributes:
        endpoint: the endpoint's name.
        region: its AWS Region; by default the one that the fleet runs in.
        role: ARN of the role to assume for it, which also says in which account it is; by default nobody's but our own.
        external_id: the external id that the role asks for.
        model: the SageMaker model that shall take over; by default the fleet's.
        policy: how its rollout goes; by default the fleet's.
    """

    endpoint: Annotated[str, Field(pattern=_ENDPOINT)]
    region: Annotated[str, Field(pattern=_REGION)] = ""
    role: Annotated[str, Field(pattern=_ROLE)] = ""
    external_id: Annotated[str, Field(pattern=r"^([\w+=,.@:/-]{2,})?$", max_length=1224)] = ""
    model: str = ""
    policy: str = ""

    @property
    def account(self) -> str:
        """The account of its role; empty where none is assumed."""
        return self.role.split(":")[4] if self.role else ""

    @property
    def place(self) -> str:
        """The account and Region, as far as they are named: ``111122223333/eu-west-1``."""
        return "/".join(part for part in (self.account, self.region) if part)

    @property
    def key(self) -> str:
        """What tells it from every other one: ``111122223333/eu-west-1/fraud-prod``."""
        return f"{self.place}/{self.endpoint}" if self.place else self.endpoint


class Wave(Frozen):
    """Endpoints that may change at the same time.

    Attributes:
        name: the wave's name.
        targets: its endpoints.
        soak: how long to wait after it before the next wave; by default the fleet's.
    """

    name: Annotated[str, Field(min_length=1)]
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    soak: Duration | None = None


class FleetSpec(Frozen):
    """One change on many endpoints.

    Attributes:
        name: the fleet's name. Together with what the file says it tells this fleet from every other one.
        policy: how each rollout goes.
        model: the SageMaker model that shall take over.
        parallel: how many rollouts may be under way at a time.
        soak: how long to wait after a wave before the next one.
        failures_allowed: how many endpoints may end other than promoted. One more, and nothing else begins.
        on_exceeded: what happens then to the rollouts under way: ``finish`` lets them go on by their own gates, ``abort`` takes them back.
        waves: the waves, in their order.
    """

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$")]
    policy: Annotated[str, Field(min_length=1)] = "canary"
    model: str = ""
    parallel: Annotated[int, Field(ge=1, le=100)] = 5
    soak: Duration = timedelta(0)
    failures_allowed: Annotated[int, Field(ge=0)] = 0
    on_exceeded: Literal["finish", "abort"] = "finish"
    waves: Annotated[tuple[Wave, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _hangs_together(self) -> "FleetSpec":
        problems = list(_find_problems(self))
        if problems:
            raise PolicyError("fleet", problems)
        return self

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every endpoint, in the order of the waves."""
        return tuple(target for wave in self.waves for target in wave.targets)

    @property
    def fleet_id(self) -> str:
        """The name, and seven hexadecimal digits that change when the file does."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{self.name}-{hashlib.sha256(canonical.encode()).hexdigest()[:_HASH_LENGTH]}"

    def model_of(self, target: Target) -> str:
        """Return the model that shall take over an endpoint."""
        return target.model or self.model

    def policy_of(self, target: Target) -> str:
        """Return the policy of an endpoint's rollout."""
        return target.policy or self.policy

    def soak_after(self, wave: Wave) -> timedelta:
        """Return how long to wait after a wave."""
        return self.soak if wave.soak is None else wave.soak


def _find_problems(fleet: FleetSpec) -> Iterator[Problem]:
    times = Counter(target.key for target in fleet.targets)
    for index, wave in enumerate(fleet.waves):
        for number, target in enumerate(wave.targets):
            where = f"waves[{index}].targets[{number}]"
            if times[target.key] > 1:
                yield Problem(f"{where}.endpoint", f"{target.key} is named {times[target.key]} times", "name it once")
            if not fleet.model_of(target):
                yield Problem(f"{where}.model", "neither the endpoint nor the fleet names a model", "name one")
            if target.external_id and not target.role:
                yield Problem(f"{where}.external_id", "is for a role, and no role is named", "name the role")
    if fleet.failures_allowed >= len(fleet.targets):
        what = f"{fleet.failures_allowed} of {len(fleet.targets)} endpoints may fail, so the fleet would never stop"
        yield Problem("failures_allowed", what, f"allow at most {len(fleet.targets) - 1}")
