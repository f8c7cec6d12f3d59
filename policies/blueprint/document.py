"""A document in SageMaker's own member names as rules look at it: parts that know their path, whatever a user wrote in them.

A member that is absent or of another type reads as empty here. That it is of another type is one rule's own business, so no other rule
has to expect it, and none can fail on it. A member whose value the file leaves open cannot be read at all: asking for it raises
``Undetermined``, so no rule can take it for empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast


class Named(str):
    """The name of one of several things, written in brackets: ``Models[fraud-v6]``."""

    __slots__ = ()


Path = tuple[str | int, ...]
"""Where something is: member names, positions from 0, and names of one of several."""


@dataclass(frozen=True)
class Unresolved:
    """A value that the file leaves open until it is deployed.

    Attributes:
        said: what the file says in its place, for example ``!Ref ModelName``.
        optional: whether the member may turn out to be absent.
    """

    said: str
    optional: bool = False

    def __str__(self) -> str:
        """Return what the file says."""
        return self.said

    __repr__ = __str__


class Undetermined(Exception):
    """A rule asked for a value that the file leaves open.

    Attributes:
        path: where the value is.
        unresolved: what the file says there.
    """

    def __init__(self, path: Path, unresolved: Unresolved) -> None:
        super().__init__(f"{format_path(path)} is {unresolved}")
        self.path = path
        self.unresolved = unresolved


def format_path(path: Path, empty: str = "(whole)") -> str:
    """Write a path for a person: ``ProductionVariants[0].InitialInstanceCount``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int | Named) else f".{part}"
    return text.removeprefix(".") or empty


@dataclass(frozen=True)
class Section:
    """One structure of a document. Each reader raises ``Undetermined`` where the file leaves the value open.

    Attributes:
        path: where it is.
        members: what it holds.
    """

    path: Path
    members: Mapping[str, Any]

    def at(self, *parts: str | int) -> Path:
        """Return the path of something in here."""
        return (*self.path, *parts)

    def has(self, member: str) -> bool:
        """Whether a member is given."""
        value = self.members.get(member)
        if isinstance(value, Unresolved) and value.optional:
            raise Undetermined(self.at(member), value)
        return value is not None

    def get(self, member: str) -> Any:  # noqa: ANN401 - whatever the user wrote
        """Return what a member holds; None when there is none."""
        value = self.members.get(member)
        if isinstance(value, Unresolved):
            raise Undetermined(self.at(member), value)
        return value

    def section(self, member: str) -> "Section":
        """Return a structure in here; an empty one when there is none."""
        return Section(self.at(member), as_mapping(self.get(member)))

    def items(self, member: str) -> "tuple[Section, ...]":
        """Return the structures of a list in here."""
        return tuple(
            Section(self.at(member, position), found)
            for position, item in enumerate(self.values(member))
            if (found := as_mapping(item))
        )

    def values(self, member: str) -> list[Any]:
        """Return a list in here; an empty one when there is none."""
        values = as_list(self.get(member))
        for position, value in enumerate(values):
            if isinstance(value, Unresolved):
                raise Undetermined(self.at(member, position), value)
        return values

    def text(self, member: str) -> str:
        """Return a text in here; an empty one when there is none."""
        value = self.get(member)
        return value if isinstance(value, str) else ""

    def number(self, member: str) -> float | None:
        """Return a number in here, or None when there is none."""
        value = self.get(member)
        return value if is_number(value) else None

    def named(self, name: str) -> str:
        """Return what a member is called by, for messages only: its text, or what the file says in its place."""
        value = self.members.get(name)
        return str(value) if isinstance(value, str | Unresolved) else ""


def is_number(value: object) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return a value if it is a mapping, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[Any]:
    """Return a value if it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []
