"""Bringing members into SageMaker's own spelling and types, by the shapes of its requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from policies.blueprint.document import Path, Unresolved
from policies.blueprint.shapes import Shape, Shapes

_TRUTHS: Final = {"true": True, "false": False}


class Absent:
    """A value that stands for none at all, as ``AWS::NoValue`` does."""


ABSENT: Final = Absent()


def keep(name: str) -> str:
    """Spell a member as it is."""
    return name


@dataclass
class Translation:
    """Translates values into what a request holds, and notes where each came from.

    Attributes:
        shapes: the shapes of the requests.
        spell: brings SageMaker's members into the spelling that members are compared in.
        read: brings the file's members into the same spelling.
        resolve: what a value stands for, before it is looked into: itself, another value, ``ABSENT`` or ``Unresolved``.
        loose: whether the form lets a text stand for a number or a flag, and a number for a text.
        blocks: whether the form writes a structure as a list of one.
        drop: whether a value is how the form writes a member that was not set.
        origins: where the file has each value, by its path in the request.
    """

    shapes: Shapes
    spell: Callable[[str], str] = keep
    read: Callable[[str], str] = keep
    resolve: Callable[[object], object] = lambda value: value
    loose: bool = False
    blocks: bool = False
    drop: Callable[[Shape, object], bool] = lambda _shape, _value: False
    origins: dict[Path, Path] = field(default_factory=dict[Path, Path])

    def translate(self, shape: str, value: object, path: Path, origin: Path) -> Any:  # noqa: ANN401 - what a request holds
        """Return a value as a request holds it, ``ABSENT`` where it holds none.

        Args:
            shape: the shape's name.
            value: what the file holds.
            path: where the request has it.
            origin: where the file has it.
        """
        self.origins[path] = origin
        wanted, given = self.shapes[shape], self.resolve(value)
        if self.drop(wanted, given):
            return ABSENT
        if self.blocks and wanted.kind in {"structure", "map"} and isinstance(given, list):
            entries = cast("list[object]", given)
            if not entries:
                return ABSENT
            given, origin = entries[0], (*origin, 0)
            self.origins[path] = origin
        if wanted.kind == "structure" and isinstance(given, Mapping):
            return self._structure(wanted, cast("Mapping[str, object]", given), path, origin)
        if wanted.kind == "map" and isinstance(given, Mapping):
            return self._map(wanted, cast("Mapping[str, object]", given), path, origin)
        if wanted.kind == "list" and isinstance(given, list):
            return self._list(wanted, cast("list[object]", given), path, origin)
        return _scalar(wanted, given) if self.loose else given

    def _structure(self, shape: Shape, value: Mapping[str, object], path: Path, origin: Path) -> dict[str, Any]:
        spelled = {self.spell(member): member for member in shape.members}
        found: dict[str, Any] = {}
        for key, item in value.items():
            member, opened = _unwrap(str(key), item)
            name = spelled.get(self.read(member), member)
            if name not in shape.members:
                found[name], self.origins[(*path, name)] = item, (*origin, key)
                continue
            drawn = self.translate(shape.members[name], opened, (*path, name), (*origin, key))
            if drawn is not ABSENT:
                found[name] = drawn
        return found

    def _map(self, shape: Shape, value: Mapping[str, object], path: Path, origin: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in value.items():
            name, opened = _unwrap(str(key), item)
            drawn = self.translate(shape.item, opened, (*path, name), (*origin, key))
            if drawn is not ABSENT:
                found[name] = drawn
        return found

    def _list(self, shape: Shape, value: list[object], path: Path, origin: Path) -> list[Any]:
        found: list[Any] = []
        for position, item in enumerate(value):
            drawn = self.translate(shape.item, item, (*path, len(found)), (*origin, position))
            if drawn is not ABSENT:
                found.append(drawn)
        return found


def _unwrap(key: str, value: object) -> tuple[str, object]:
    """Return what a member is called and holds; Step Functions writes ``ModelName.$`` for one that it fills in."""
    return (key.removesuffix(".$"), Unresolved(str(value))) if key.endswith(".$") else (key, value)


def _scalar(shape: Shape, value: object) -> object:
    """Return a value in the type that is wanted, as far as its own says it without loss."""
    if shape.kind == "string" and isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str):
        return value
    if shape.kind == "boolean":
        return _TRUTHS.get(value.lower(), value)
    if shape.kind in {"integer", "number"}:
        try:
            return int(value) if shape.kind == "integer" else float(value)
        except ValueError:
            return value
    return value
