"""What a person filled in: checked, with every problem at once, and nothing of it lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

Decision = Literal["approve", "reject"]
_NAME_AT_MOST: Final = 100
_REASON_AT_MOST: Final = 500


@dataclass(frozen=True)
class FilledIn:
    """A form as it came in.

    Attributes:
        verb: the decision; None while none was made.
        name: who decides.
        reason: why.
        asked: since when what they saw had been asked, as the form had it.
        problems: what is missing or wrong, a sentence each.
    """

    verb: Decision | None = None
    name: str = ""
    reason: str = ""
    asked: str = ""
    problems: tuple[str, ...] = ()


def read_form(fields: Mapping[str, Sequence[str]]) -> FilledIn:
    """Read a form; of a field that is there twice nothing is taken."""
    verb = next((each for each in get_args(Decision) if [each] == list(fields.get("decision", ()))), None)
    name, reason = (_read_line(fields, field) for field in ("name", "reason"))
    problems = [
        "Choose whether to approve or to reject." if verb is None else "",
        _check("your name", name, _NAME_AT_MOST),
        _check("a reason", reason, _REASON_AT_MOST),
    ]
    return FilledIn(verb, name, reason, _read_line(fields, "asked"), tuple(filter(None, problems)))


def _read_line(fields: Mapping[str, Sequence[str]], field: str) -> str:
    """Return a field as one line: it goes into logs and messages."""
    given = list(fields.get(field, ()))
    printable = "".join(each if each.isprintable() else " " for each in given[0]) if len(given) == 1 else ""
    return " ".join(printable.split())


def _check(what: str, text: str, at_most: int) -> str:
    if not text:
        return f"Give {what}."
    return f"Give {what} of at most {at_most} characters, not {len(text)}." if len(text) > at_most else ""
