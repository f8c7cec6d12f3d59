"""The generic checker: every place in which a document is outside its shape, each with its path.

Knows nothing of SageMaker. What several members say together is not its business: see the rules.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final, cast

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


@dataclass(frozen=True)
class Checker:
    """Holds documents against shapes.

    Attributes:
        shapes: every shape that a document may need.
        strict: whether a name that AWS may have brought out since the shapes were made is a problem.
    """

    shapes: Shapes
    strict: bool = True

    def find_problems(self, shape: str, value: object, path: str = "") -> Iterator[Problem]:
        """Yield every place in which a value is outside a shape.

        Args:
            shape: the shape's name.
            value: what a YAML or JSON parser gave, or the parameters of a request.
            path: the path of the value; empty for the top of a document.
        """
        wanted = self.shapes[shape]
        kind = wanted.kind
        if not _IS_A[kind](value):
            yield _wrong_type(wanted, value, path)
            return
        if _is_sized_wrongly(wanted, value):
            yield _wrong_size(wanted, value, path)
        elif kind == "string" and (wanted.pattern or wanted.choices):
            yield from self._in_text(wanted, cast("str", value), path)
        if kind == "structure":
            yield from self._in_structure(wanted, cast("Mapping[object, object]", value), path)
        elif kind == "list":
            for position, item in enumerate(cast("Sequence[object]", value)):
                yield from self.find_problems(wanted.item, item, f"{path}[{position}]")
        elif kind == "map":
            yield from self._in_map(wanted, cast("Mapping[object, object]", value), path)

    def _in_text(self, shape: Shape, value: str, path: str) -> Iterator[Problem]:
        if shape.pattern and not re.fullmatch(shape.pattern, value):
            documented = shape.documented or shape.pattern
            remedy = _NAME_REMEDY if _NAME_PATTERN.fullmatch(documented) else ""
            yield Problem(path or _TOP, f"{_show(shape, value)} does not match {documented}", remedy)
        if shape.choices and value not in shape.choices and (self.strict or not shape.growing):
            what = f"{_show(shape, value)} is none of what is allowed"
            yield Problem(path or _TOP, what, _choose(value, shape.choices))

    def _in_structure(self, shape: Shape, value: Mapping[object, object], path: str) -> Iterator[Problem]:
        for name in shape.required:
            if name not in value:
                yield Problem(_join(path, name), "is required")
        for name, member in value.items():
            below = _join(path, str(name))
            if name in shape.members:
                yield from self.find_problems(shape.members[cast("str", name)], member, below)
            else:
                yield Problem(below, "is no member of this part", _suggest(str(name), shape.members))

    def _in_map(self, shape: Shape, value: Mapping[object, object], path: str) -> Iterator[Problem]:
        for key, item in value.items():
            below = _join(path, str(key))
            for problem in self.find_problems(shape.key, key, below):
                yield replace(problem, what=f"as a key, {problem.what}")
            yield from self.find_problems(shape.item, item, below)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _suggest(name: str, members: Mapping[str, str]) -> str:
    folded = {member.lower(): member for member in members}
    close = get_close_matches(name.lower(), folded, n=1, cutoff=0.7)
    if close:
        return f"write {folded[close[0]]}"
    listed = ", ".join(sorted(members)[:_NAMED_CHOICES]) + (", …" if len(members) > _NAMED_CHOICES else "")
    return f"check the spelling, or remove it; there are {listed}"


def _wrong_type(shape: Shape, value: object, path: str) -> Problem:
    where, wanted = path or _TOP, _TEXTS[shape.kind]
    if value is None:
        return Problem(where, f"is empty; expected {wanted}", "give it a value, or leave it out")
    if isinstance(value, float) and not math.isfinite(value):
        return Problem(where, "is no finite number")
    quotable = shape.kind == "string" and isinstance(value, bool | int | float | date)
    found = "a value of another type, which is not shown" if shape.secret else _show(shape, value)
    return Problem(where, f"expected {wanted}, not {found}", "put it in quotes" if quotable else "")


def _is_sized_wrongly(shape: Shape, value: object) -> bool:
    """Whether a value of the right type is too small, too great, too short or too long."""
    if shape.minimum is None and shape.maximum is None:
        return False
    size = _size(value)
    too_small = shape.minimum is not None and size < shape.minimum
    return too_small or (shape.maximum is not None and size > shape.maximum)


def _wrong_size(shape: Shape, value: object, path: str) -> Problem:
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
    return Problem(path or _TOP, f"{said}; {limit}")


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
