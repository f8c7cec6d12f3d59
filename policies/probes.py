"""Probes: requests to a variant that has no traffic yet, to see whether it answers and to fill its caches."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, field_validator

from policies.values import Duration, Frozen, Percent


class ProbeSpec(Frozen):
    """The requests that the candidate must answer before it gets any traffic, each sent to it by name.

    Attributes:
        body: what is sent, as text.
        content_type: its content type.
        count: how many requests are sent.
        at_once: how many of them at a time.
        answered: how many of them must be answered, in percent.
        within: how long all of them may take; what is not answered then counts as failed.
    """

    body: Annotated[str, Field(min_length=1)]
    content_type: str = "application/json"
    count: Annotated[int, Field(ge=1, le=10_000)] = 100
    at_once: Annotated[int, Field(ge=1, le=50)] = 4
    answered: Annotated[Percent, Field(gt=0, le=1)] = 1.0
    within: Duration = timedelta(seconds=60)

    @field_validator("within")
    @classmethod
    def _takes_time(cls, within: timedelta) -> timedelta:
        if within <= timedelta(0):
            raise ValueError("probes take time; write for example 60s")
        return within
