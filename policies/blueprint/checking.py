"""The generic checker: every place in which a document is outside its shape, each with its path.

Knows nothing of SageMaker. What several members say together is not its business: see the rules. A value that the document leaves open is
within every shape.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final, Literal, cast

from policies.blueprint.document import Path, Unresolved, format_path
from policies.blueprint.shapes import Shape, Shapes
from policies.errors import Problem

_TOP: Final = "(top level)"
_SHOWN: Final = 80
_NAMED_CHOICES: Final = 8
_NAME_PATTERN: Final = re.compile(r"\[a-zA-Z0-9\]\(.*\[a-zA-Z0-9\]\).*")
_NAME_REMEDY: Final = "use letters, digits and hyphens, with a letter or a digit at both ends"
_UPGRADE: Final = "check the spelling; if AWS has brought it out since, upgrade botocore"
_TEXTS: Final[Mapping[str, str]] = {
    "structure": "members",
    "list": "a list",
    "map": "names with values",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "timestamp": "a time such as 2026-01-31T12:00:00Z",
    "blob": "bytes",
}


Limit = Literal["type", "least", "most", "pattern", "choice", "unknown", "required", "open"]
"""Which limit a value is outside of; ``open`` for a value that the document leaves open."""


@dataclass(frozen=True)
class Outside:
    """One place in which a document is outside its shape.

    Attributes:
        limit: which limit.
        path: where.
        what: what is wrong.
        remedy: what to write instead; may be empty.
        unresolved: what the document says in place of a value that it leaves open.
    """

    limit: Limit
    path: Path
    what: str
    remedy: str = ""
    unresolved: Unresolved | None = None


@dataclass(frozen=True)
class Checker:
    """Holds documents against shapes.

    Attributes:
        shapes: every shape that a document may need.
        strict: whether a name that AWS may have brought out since the shapes were made is a problem.
    """

    shapes: Shapes
    strict: bool = True

    def find_problems(self, shape: str, value: object) -> Iterator[Problem]:
        """Yield every place in which a value is outside a shape, as problems; what the value leaves open is none."""
        for each in self.find(shape, value):
            if each.unresolved is None:
                yield Problem(format_path(each.path, _TOP), each.what, each.remedy)

    def find(self, shape: str, value: object, path: Path = ()) -> Iterator[Outside]:
        """Yield every place in which a value is outside a shape.

        Args:
            shape: the shape's name.
            value: what a YAML or JSON parser gave, or the parameters of a request.
            path: the path of the value.
        """
        wanted = self.shapes[shape]
        kind = wanted.kind
        if isinstance(value, Unresolved):
            yield Outside("open", path, f"is {value}", unresolved=value)
        elif not _IS_A[kind](value):
            yield _wrong_type(wanted, value, path)
        elif _is_sized_wrongly(wanted, value):
            yield _wrong_size(wanted, value, path)
        elif kind == "string" and (wanted.pattern or wanted.choices):
            yield from self._in_text(wanted, cast("str", value), path)
        elif kind == "structure":
            yield from self._in_structure(wanted, cast("Mapping[object, object]", value), path)
        if kind == "list" and isinstance(value, list | tuple):
            for position, item in enumerate(cast("Sequence[object]", value)):
                yield from self.find(wanted.item, item, (*path, position))
        elif kind == "map" and isinstance(value, Mapping):
            yield from self._in_map(wanted, cast("Mapping[object, object]", value), path)

    def _in_text(self, shape: Shape, value: str, path: Path) -> Iterator[Outside]:
        if shape.pattern and not re.fullmatch(shape.pattern, value):
            documented = shape.documented or shape.pattern
            remedy = _NAME_REMEDY if _NAME_PATTERN.fullmatch(documented) else ""
            yield Outside("pattern", path, f"{_show(shape, value)} does not match {documented}", remedy)
        if shape.choices and value not in shape.choices and (self.strict or not shape.growing):
            what = f"{_show(shape, value)} is none of what is allowed"
            yield Outside("choice", path, what, _choose(value, shape.choices))

    def _in_structure(self, shape: Shape, value: Mapping[object, object], path: Path) -> Iterator[Outside]:
        for name in shape.required:
            if name not in value:
                yield Outside("required", (*path, name), "is required")
        for name, member in value.items():
            below = (*path, str(name))
            if name in shape.members:
                yield from self.find(shape.members[cast("str", name)], member, below)
            else:
                what = "is not a member of this part"
                yield Outside("unknown", below, what, _suggest(str(name), shape.members))

    def _in_map(self, shape: Shape, value: Mapping[object, object], path: Path) -> Iterator[Outside]:
        for key, item in value.items():
            below = (*path, str(key))
            for found in self.find(shape.key, key, below):
                yield replace(found, what=f"as a key, {found.what}")
            yield from self.find(shape.item, item, below)


def _suggest(name: str, members: Mapping[str, str]) -> str:
    folded = {member.lower(): member for member in members}
    close = get_close_matches(name.lower(), folded, n=1, cutoff=0.7)
    if close:
        return f"write {folded[close[0]]}"
    listed = ", ".join(sorted(members)[:_NAMED_CHOICES]) + (", …" if len(members) > _NAMED_CHOICES else "")
    return f"check the spelling, or remove it; there are {listed}"


def _wrong_type(shape: Shape, value: object, path: Path) -> Outside:
    wanted = _TEXTS[shape.kind]
    if value is None:
        return Outside("type", path, f"is empty; expected {wanted}", "give it a value, or leave it out")
    if isinstance(value, float) and not math.isfinite(value):
        return Outside("type", path, "is no finite number")
    quotable = shape.kind == "string" and isinstance(value, bool | int | float | date)
    found = "a value of another type, which is not shown" if shape.secret else _show(shape, value)
    return Outside("type", path, f"expected {wanted}, not {found}", "put it in quotes" if quotable else "")


def _is_sized_wrongly(shape: Shape, value: object) -> bool:
    """Whether a value of the right type is too small, too great, too short or too long; not while entries of it may turn out absent."""
    if (shape.minimum is None and shape.maximum is None) or _may_shrink(value):
        return False
    size = _size(value)
    too_small = shape.minimum is not None and size < shape.minimum
    return too_small or (shape.maximum is not None and size > shape.maximum)


def _may_shrink(value: object) -> bool:
    entries: list[object] = []
    if isinstance(value, Mapping):
        entries = list(cast("Mapping[object, object]", value).values())
    elif isinstance(value, list | tuple):
        entries = list(cast("Sequence[object]", value))
    return any(isinstance(entry, Unresolved) and entry.optional for entry in entries)


def _wrong_size(shape: Shape, value: object, path: Path) -> Outside:
    size = _size(value)
    too_small = shape.minimum is not None and size < shape.minimum
    limit = f"at least {shape.minimum:g}" if too_small else f"at most {shape.maximum:g}"
    match shape.kind:
        case "integer" | "number":
            said = f"is {value}"
        case "string":
            said = f"has {size:g} characters"
        case _:
            said = f"has {size:g} entries"
    return Outside("least" if too_small else "most", path, f"{said}; {limit}")


def _size(value: object) -> float:
    return value if isinstance(value, int | float) else len(cast("Sequence[object]", value))


def _choose(value: str, choices: frozenset[str]) -> str:
    if len(choices) <= _NAMED_CHOICES:
        return f"write one of {', '.join(sorted(choices))}"
    close = get_close_matches(value, sorted(choices), n=3, cutoff=0.7)
    return f"did you mean {' or '.join(close)}? Otherwise {_UPGRADE}" if close else _UPGRADE


def _show(shape: Shape, value: object) -> str:
    if shape.secret:
        return "the value, which is not shown,"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_timestamp(value: object) -> bool:
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True
    return isinstance(value, date) or _is_number(value)


_IS_A: Final[Mapping[str, Callable[[Any], bool]]] = {
    "structure": lambda value: isinstance(value, Mapping),
    "map": lambda value: isinstance(value, Mapping),
    "list": lambda value: isinstance(value, list | tuple),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "timestamp": _is_timestamp,
    "blob": lambda value: isinstance(value, str | bytes | bytearray),
}
