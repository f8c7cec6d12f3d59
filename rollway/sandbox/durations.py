"""How the sandbox's settings and faults write a length of time: ``250ms``, ``90s``, ``10m``, ``1h30m``.

ISO 8601 (``PT90S``) and a bare number of seconds are understood too; a negative length is refused. No clock in here.
"""

import re
from datetime import timedelta
from typing import Annotated

from annotated_types import Ge
from pydantic import BeforeValidator

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _read(value: object) -> object:
    """Turn our own spelling into a timedelta; leave everything else to pydantic."""
    if not isinstance(value, str):
        return value
    parts = _PART.findall(value.replace(" ", ""))
    if not parts or "".join(number + unit for number, unit in parts) != value.replace(" ", ""):
        return value
    try:
        return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))
    except OverflowError as error:
        raise ValueError("is longer than a length of time can be") from error


Duration = Annotated[timedelta, BeforeValidator(_read), Ge(timedelta(0))]
"""A length of time, zero or more."""
