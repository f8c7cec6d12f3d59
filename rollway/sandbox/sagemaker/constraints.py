"""Checks a request against the limits that AWS itself publishes: botocore's models of its services, SageMaker's above all.

The client library checks only types and missing members, so names, lengths, ranges and enumerations are checked here,
in the service's own words. Rules that the published model does not carry live with the resource they concern.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from rollway.sandbox.errors import invalid

# AWS writes Java patterns; only these parts of them are spelled differently in Python. Marks, symbols and punctuation come
# together only: whatever is not a space. At the end UTF-16's way to say everything beyond the first 65,536 characters, and two
# patterns that repeat their end, which Java allows.
_SPELLINGS: Final = {
    r"\p{L}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
    r"\p{Zs}": " ",
    r"\p{M}": r"\S",
    r"\p{S}": r"\S",
    r"\p{P}": r"\S",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{Print}": r"[\x20-\x7e]",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
    "*)${1,128}": "*)",
    "*)${1,256}": "*)",
}

# No published shape has this rule: the guides say that keys of this prefix cannot be set, edited or deleted by anybody but AWS.
_TAG_KEY: Final = "TagKey"
_RESERVED: Final = "aws:"

Request = Mapping[str, Any]
"""A request's members, spelled as AWS spells them."""


def section(request: Request, member: str) -> Request:
    """Return a structure inside a request, empty when it is not given."""
    return cast("Request", request.get(member) or {})


def items(request: Request, member: str) -> Sequence[Request]:
    """Return a list of structures inside a request, empty when it is not given."""
    return cast("Sequence[Request]", request.get(member) or ())


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service's API (read once)."""
    return botocore.session.get_session().get_service_model(service)


def sagemaker_model() -> ServiceModel:
    """Return botocore's model of the SageMaker API (read once)."""
    return service_model("sagemaker")


def check_constraints(operation: str, request: Request, service: str = "sagemaker") -> None:
    """Refuse a request that breaks a published limit, naming every breach.

    Raises:
        Refusal: ``ValidationException``, worded as AWS's request validation does.
    """
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return
    breaches = list(_breaches(shape, request, ""))
    if breaches:
        noun = "error" if len(breaches) == 1 else "errors"
        raise invalid(f"{len(breaches)} validation {noun} detected: {'; '.join(breaches)}")


def _breaches(shape: Shape, value: object, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure_breaches(shape, cast("Request", value), path)
        return
    for requirement in _unmet(shape, value):
        yield _breach(value, path, requirement)
    if isinstance(shape, ListShape):
        for position, item in enumerate(cast("Sequence[object]", value), start=1):
            yield from _breaches(shape.member, item, f"{path}.{position}.member")
    elif isinstance(shape, MapShape):
        for key, item in cast("Mapping[str, object]", value).items():
            yield from _breaches(shape.key, key, path)
            yield from _breaches(shape.value, item, f"{path}.{key}.member")


def _structure_breaches(shape: StructureShape, request: Request, path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if request.get(name) is None:
            yield _breach(None, prefix + _lower(name), "Member must not be null")
    for name, member in shape.members.items():
        if request.get(name) is not None:
            yield from _breaches(member, request[name], prefix + _lower(name))


def _unmet(shape: Shape, value: object) -> Iterator[str]:
    limits: dict[str, Any] = shape.metadata
    if shape.type_name in ("string", "list", "map"):
        text = cast("Sequence[object]", value)
        if "max" in limits and len(text) > limits["max"]:
            yield f"Member must have length less than or equal to {limits['max']}"
        if "min" in limits and len(text) < limits["min"]:
            yield f"Member must have length greater than or equal to {limits['min']}"
    elif shape.type_name in ("integer", "long", "float", "double"):
        number = cast("float", value)
        if "max" in limits and number > limits["max"]:
            yield f"Member must have value less than or equal to {limits['max']}"
        if "min" in limits and number < limits["min"]:
            yield f"Member must have value greater than or equal to {limits['min']}"
    if "pattern" in limits and not compile_pattern(limits["pattern"]).fullmatch(str(value)):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
    if shape.name == _TAG_KEY and str(value).lower().startswith(_RESERVED):
        yield f"Member must not begin with {_RESERVED}, in whatever case: such keys are AWS's own"
    if limits.get("enum") and value not in limits["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Read one of AWS's patterns (once)."""
    for java, python in _SPELLINGS.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _breach(value: object, path: str, requirement: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {requirement}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
