"""Reads the limits that AWS documents, from botocore's models of its services, as the plain data that the core checks with.

botocore itself checks types and required members only. AWS writes patterns in Java's dialect; one that cannot be said in Python's is
left to AWS.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

import botocore.session
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, StructureShape
from botocore.model import Shape as ModelShape

from policies.blueprint.layout import NEEDED, lay_out
from policies.blueprint.shapes import Kind, Shape, Shapes, operation_shape

_KINDS: Final[Mapping[str, Kind]] = {
    "structure": "structure",
    "list": "list",
    "map": "map",
    "string": "string",
    "character": "string",
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "bigdecimal": "number",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "blob": "blob",
}

_GROWING: Final = frozenset({"ProductionVariantInstanceType", "ProductionVariantInferenceAmiVersion"})
"""Lists of products, longer with every few releases of botocore: a live endpoint may well use one that this release does not know."""

_SECRET: Final = frozenset({"EnvironmentValue"})

_SPACES: Final = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_IN_PYTHON: Final[Sequence[tuple[str, str]]] = (
    (r"\p{L}\p{Z}\p{N}_", rf"\w{_SPACES}"),
    (r"\p{Print}", r"[\x20-\x7e]"),
    # What UTF-16 has in pairs is one character here.
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010ffff"),
)


@cache
def model_loader() -> Loader:
    """Return the one loader of service models, so that reading them, half a second's work, is done once."""
    return botocore.session.get_session().get_component("data_loader")


@cache
def blueprint_shapes() -> Shapes:
    """Return everything that blueprints are checked with (read once, no credentials needed)."""
    shapes: dict[str, Shape] = {}
    for service, operations in NEEDED.items():
        for operation in operations:
            shapes |= operation_shapes(_service(service).operation_model(operation))
    return lay_out(shapes)


def operation_shapes(operation: OperationModel) -> Shapes:
    """Return the shapes of an operation's parameters: its own by ``operation_shape``, those below by service and name."""
    service, found = operation.service_model.service_name, dict[str, Shape]()
    root = operation.input_shape
    top = Shape("structure") if root is None else _read(root, service, found)
    return {**found, operation_shape(service, operation.name): top}


def find_operation(service: str, operation: str) -> OperationModel:
    """Return botocore's model of an operation."""
    return _service(service).operation_model(operation)


@cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(model_loader().load_service_model(name, "service-2"), service_name=name)


def _add(shape: ModelShape, service: str, found: dict[str, Shape]) -> str:
    """See to it that a shape is among those found, with all that it refers to, and return its name."""
    name = f"{service}.{shape.name}"
    if name not in found:
        found[name] = Shape("structure")  # so that a shape that holds itself is not read for ever
        found[name] = _read(shape, service, found)
    return name


def _read(shape: ModelShape, service: str, found: dict[str, Shape]) -> Shape:
    limits = cast("Mapping[str, Any]", shape.metadata)
    minimum, maximum = limits.get("min"), limits.get("max")
    match shape:
        case StructureShape():
            members = {name: _add(member, service, found) for name, member in shape.members.items()}
            return Shape("structure", members=members, required=tuple(shape.required_members))
        case ListShape():
            return Shape("list", minimum, maximum, item=_add(shape.member, service, found))
        case MapShape():
            key, item = _add(shape.key, service, found), _add(shape.value, service, found)
            return Shape("map", minimum, maximum, key=key, item=item)
        case _:
            return Shape(
                _KINDS[shape.type_name],
                minimum,
                maximum,
                pattern=_translate(limits.get("pattern", "")),
                documented=limits.get("pattern", ""),
                choices=frozenset(limits.get("enum", ())),
                growing=shape.name in _GROWING,
                secret=shape.name in _SECRET or bool(limits.get("sensitive")),
            )


def _translate(pattern: str) -> str:
    """Return a pattern in Python's dialect, or nothing where Python has none for it."""
    for java, python in _IN_PYTHON:
        pattern = pattern.replace(java, python)
    ascii_only = "" if r"\w " in pattern else "(?a)"  # Java's \d, \s and \w know ASCII alone
    try:
        re.compile(ascii_only + pattern)
    except re.error:
        return ""
    return pattern and ascii_only + pattern
