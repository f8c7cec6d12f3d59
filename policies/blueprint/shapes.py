"""Shapes: what a document may hold, as plain data. Whoever reads them from a service's model hands them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["structure", "list", "map", "string", "integer", "number", "boolean", "timestamp", "blob"]


@dataclass(frozen=True)
class Shape:
    """What one value of a document may be. Other shapes are referred to by their names, so a shape may hold itself.

    Attributes:
        kind: the type.
        minimum: least value of a number; least length of a text, a list or a map.
        maximum: greatest value or length.
        pattern: what the whole of a text must match, in Python's dialect; empty for anything.
        documented: the pattern as its owner writes it, for messages.
        choices: the texts that are allowed; empty for any.
        growing: whether the choices are names of products that AWS adds to at any time.
        members: the shapes of a structure's members, by member.
        required: the members that must be there.
        key: the shape of a map's keys.
        item: the shape of a list's items or a map's values.
        secret: whether the value must not be shown.
    """

    kind: Kind
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    documented: str = ""
    choices: frozenset[str] = frozenset()
    growing: bool = False
    members: Mapping[str, str] = field(default_factory=dict[str, str])
    required: tuple[str, ...] = ()
    key: str = ""
    item: str = ""
    secret: bool = False


Shapes = Mapping[str, Shape]
"""Shapes by name."""


def operation_shape(service: str, operation: str) -> str:
    """Return the name under which the parameters of an operation stand among the shapes."""
    return f"{service}:{operation}"
