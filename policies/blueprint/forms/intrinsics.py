"""CloudFormation's functions: what of them a template itself says, and what only a deployment does."""

import re
from collections.abc import Callable, Mapping
from typing import Final, cast

from policies.blueprint.document import Unresolved
from policies.blueprint.forms.translation import ABSENT

_NO_VALUE: Final = {"Ref": "AWS::NoValue"}
_BRANCHES: Final = 3
_DYNAMIC: Final = "{{resolve:"
_WHOLE: Final = re.compile(r"\$\{([\w.:]+)\}")


def make_resolve(names: Mapping[str, str]) -> Callable[[object], object]:
    """Return what finds out what a value of a template stands for.

    Args:
        names: the names of the template's models, by their logical ids.
    """

    def resolve(value: object) -> object:
        if isinstance(value, str) and _DYNAMIC in value:
            return Unresolved(_DYNAMIC + "…}}")
        if value == _NO_VALUE:
            return ABSENT
        if not is_function(value):
            return value
        (function, given), *_ = cast("Mapping[str, object]", value).items()
        if function == "Fn::If":
            return _choose(given, resolve)
        if function == "Fn::Sub" and isinstance(given, str) and "${" not in given:
            return given
        return names.get(_refers_to(function, given), _leave(function, given))

    return resolve


def is_function(value: object) -> bool:
    """Whether a value is a call of a function, in its long form."""
    if not isinstance(value, Mapping) or len(cast("Mapping[object, object]", value)) != 1:
        return False
    name = str(next(iter(cast("Mapping[object, object]", value))))
    return name == "Ref" or name.startswith("Fn::")


def _refers_to(function: str, given: object) -> str:
    """Return the logical id of the model that a function names, or nothing."""
    if function == "Ref":
        return str(given)
    if function == "Fn::Sub" and isinstance(given, str):
        whole = _WHOLE.fullmatch(given)
        return whole[1].removesuffix(".ModelName") if whole else ""
    parts = given.split(".", 1) if isinstance(given, str) else given
    named = function == "Fn::GetAtt" and isinstance(parts, list) and cast("list[object]", parts)[1:] == ["ModelName"]
    return str(cast("list[object]", parts)[0]) if named else ""


def _choose(given: object, resolve: Callable[[object], object]) -> object:
    """Return what both branches of an If come to; open where they differ, as the condition is not known."""
    branches = cast("list[object]", given) if isinstance(given, list) else []
    if len(branches) != _BRANCHES:
        return Unresolved("!If")
    one, other = (resolve(branch) for branch in branches[1:])
    if one is other or (one == other and not isinstance(one, Unresolved)):
        return one
    optional = any(each is ABSENT or (isinstance(each, Unresolved) and each.optional) for each in (one, other))
    return Unresolved(f"!If {branches[0]}", optional=optional)


def _leave(function: str, given: object) -> Unresolved:
    short = "!" + function.removeprefix("Fn::")
    if isinstance(given, list) and function == "Fn::GetAtt":
        given = ".".join(map(str, cast("list[object]", given)))
    return Unresolved(f"{short} {given}" if isinstance(given, str) and function in {"Ref", "Fn::GetAtt"} else short)
