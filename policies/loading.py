"""From a file, or a document of any parser, to a policy: every problem reported at once, each with its path."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from policies.coherence import find_problems
from policies.documents.loading import Document, expect_fields, load_document, parse_document
from policies.documents.text import shorten, show
from policies.errors import PolicyError, Problem
from policies.guardrail_coherence import find_guardrail_problems
from policies.spec import Policy
from policies.strategies.linear import retell, spell_out
from policies.windows.zones import find_zone

LIBRARY: Final = Path(__file__).parent / "library"
_TELLING: Final = ("strategy", "stages")
"""What every policy has one of at least; what has neither is none."""
_LONGEST_NAME: Final = 80
_REMEDIES: Final = {"extra_forbidden": "check the spelling, or remove it"}


def parse_policy(document: object, source: str = "policy") -> Policy:
    """Turn a parsed policy document into a policy.

    Args:
        document: what the YAML or JSON parser gave.
        source: how to call the document in messages, for example its path.

    Raises:
        PolicyError: with every problem of the document.
    """
    foreign = expect_fields(document, _TELLING)
    if foreign:
        raise PolicyError(source, [foreign])
    given = dict(cast("Mapping[str, Any]", document))
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


def read_policy(text: str, source: str = "policy") -> Policy:
    """Read a policy from YAML; JSON is YAML too. It is no file itself, and may name none.

    Args:
        text: the YAML.
        source: how to call it in messages.

    Raises:
        PolicyError: when the text is not YAML, or with every problem in it.
    """
    return _make_policy(parse_document(text, source))


def _make_policy(document: Document, folder: Path | None = None) -> Policy:
    """Turn a document into a policy; the files that it names are in the folder."""
    content = document.content
    with document.naming_lines():
        return parse_policy(
            content if folder is None else _with_holidays(content, folder, document.source), document.source
        )


def _with_holidays(document: Any, folder: Path, source: str) -> Any:  # noqa: ANN401 - whatever YAML gave
    """Put what a calendar says in the place of its file's name, so that the policy is whole without the file."""
    given = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    windows = cast("dict[str, Any]", given.get("windows")) if isinstance(given.get("windows"), dict) else {}
    file = windows.get("holidays")
    if not isinstance(file, str):
        return cast("Any", document)
    from policies.windows.calendars.components import CalendarError  # noqa: PLC0415 - few policies have calendars
    from policies.windows.calendars.reading import load_calendar  # noqa: PLC0415 - whose libraries take their time

    try:
        calendar = load_calendar(folder / file, _zone_of(windows))
    except CalendarError as error:
        problem = Problem("windows.holidays", f"{file}: {error}", "correct or renew the .ics file, or list the dates")
        raise PolicyError(source, [problem]) from None
    own: dict[str, Any] = {"holidays": calendar.closed, "calendar": file}
    if calendar.open_times is not None:
        own["open_times"] = [{"begins": begins, "ends": ends} for begins, ends in calendar.open_times]
    return {**given, "windows": {**windows, **own}}


def _zone_of(windows: Mapping[str, Any]) -> ZoneInfo:
    """Return the zone that a policy's windows name; UTC where that is none, which is found to be a mistake later."""
    given: object = windows.get("time_zone", "UTC")
    return (find_zone(given) if isinstance(given, str) else None) or ZoneInfo("UTC")


def load_policy(name: str | Path) -> Policy:
    """Load a policy by path, or by its name in the library that ships with Rollway.

    Raises:
        PolicyError: when there is no such policy, the file is not YAML, or with every problem in it.
    """
    shipped = {entry.stem: entry for entry in sorted(LIBRARY.glob("*.yaml"))}
    path = shipped.get(str(name), Path(name))
    remedy = f"give the path of a file, or the name of a policy that ships with Rollway: {', '.join(shipped)}"
    return _make_policy(load_document(path, remedy=remedy), path.parent)


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
            path += f".{part[:_LONGEST_NAME]}"
    return path.lstrip(".") or "(top level)"


def _what(details: Mapping[str, Any]) -> str:
    value = details["input"]
    shown = "" if isinstance(value, Mapping | list) else f", not {show(value)}"
    match details["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is no field of this part of a policy"
        case "value_error":
            return shorten(str(details["ctx"]["error"]))
        case _:
            return f"{details['msg']}{shown}"
