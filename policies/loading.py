"""From a file, or a document of any parser, to a policy: every problem reported at once, each with its path."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import yaml
from pydantic import ValidationError

from policies.coherence import find_problems
from policies.errors import PolicyError, Problem
from policies.guardrail_coherence import find_guardrail_problems
from policies.spec import Policy
from policies.strategies.linear import retell, spell_out
from policies.windows.holidays import read_holidays

LIBRARY: Final = Path(__file__).parent / "library"
_REMEDIES: Final = {"extra_forbidden": "check the spelling, or remove it"}


def parse_policy(document: object, source: str = "policy") -> Policy:
    """Turn a parsed policy document into a policy.

    Args:
        document: what the YAML or JSON parser gave.
        source: how to call the document in messages, for example its path.

    Raises:
        PolicyError: with every problem of the document.
    """
    if not isinstance(document, Mapping):
        what = f"expected fields such as strategy and stages, found {type(document).__name__}"
        raise PolicyError(source, [Problem("(top level)", what)])
    given: dict[str, Any] = dict(document)  # pyright: ignore[reportUnknownArgumentType] - whatever the user wrote
    plain, wrong = spell_out(given)
    try:
        return Policy.model_validate(plain)
    except ValidationError as error:
        found = [
            *(_problem(details) for details in map(dict[str, Any], error.errors())),
            *find_problems(plain),
            *find_guardrail_problems(plain),
        ]
        raise PolicyError(source, [*wrong, *(retell(found) if "step" in given or wrong else found)]) from error
    except PolicyError as error:
        raise PolicyError(source, error.problems) from error


def read_policy(text: str, source: str = "policy", folder: Path | None = None) -> Policy:
    """Read a policy from YAML; JSON is YAML too.

    Args:
        text: the YAML.
        source: how to call it in messages.
        folder: where files are that it names; None for a policy that is no file itself, and may name none.

    Raises:
        PolicyError: when the text is not YAML, or with every problem in it.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PolicyError(source, [Problem("(file)", f"is no YAML: {' '.join(str(error).split())}")]) from error
    return parse_policy(document if folder is None else _with_holidays(document, folder, source), source)


def _with_holidays(document: Any, folder: Path, source: str) -> Any:  # noqa: ANN401 - whatever YAML gave
    """Put the days of a calendar in the place of its file's name, so that the policy is whole without the file."""
    given = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    windows = cast("dict[str, Any]", given.get("windows")) if isinstance(given.get("windows"), dict) else {}
    file = windows.get("holidays")
    if not isinstance(file, str):
        return cast("Any", document)
    try:
        days = read_holidays(folder / file)
    except ValueError as error:
        problem = Problem("windows.holidays", str(error), "give an .ics file, or list the dates")
        raise PolicyError(source, [problem]) from error
    return {**given, "windows": {**windows, "holidays": days}}


def load_policy(name: str | Path) -> Policy:
    """Load a policy by path, or by its name in the library that ships with Rollway.

    Raises:
        PolicyError: when there is no such policy, the file is not YAML, or with every problem in it.
    """
    path = Path(name)
    if not path.suffix and (LIBRARY / f"{name}.yaml").exists():
        path = LIBRARY / f"{name}.yaml"
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        shipped = ", ".join(sorted(entry.stem for entry in LIBRARY.glob("*.yaml")))
        remedy = f"give the path of a file, or the name of a policy that ships with Rollway: {shipped}"
        raise PolicyError(str(name), [Problem("(file)", error.strerror or str(error), remedy)]) from error
    except UnicodeDecodeError as error:
        raise PolicyError(str(path), [Problem("(file)", f"is no YAML: {' '.join(str(error).split())}")]) from error
    return read_policy(text, str(path), path.parent)


def read_problems(error: ValidationError) -> list[Problem]:
    """Return what is wrong with a document, in the words of whoever wrote it."""
    return [_problem(details) for details in map(dict[str, Any], error.errors())]


def _problem(details: Mapping[str, Any]) -> Problem:
    return Problem(_path(details["loc"]), _what(details), _REMEDIES.get(details["type"], ""))


def _path(location: tuple[str | int, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("gate:"):
            path += f".{part}"
    return path.lstrip(".") or "(top level)"


def _what(details: Mapping[str, Any]) -> str:
    value = details["input"]
    shown = "" if isinstance(value, Mapping | list) else f", not {value!r}"
    match details["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is no field of this part of a policy"
        case "value_error":
            return str(details["ctx"]["error"])
        case _:
            return f"{details['msg']}{shown}"
