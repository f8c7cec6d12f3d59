"""Whether two answers to one request agree. Which of them is whose makes no difference."""

import math
from collections.abc import Iterator
from typing import Final

from policies.answers.reading import ABSENT, Absent, Value, find_part, read_number
from policies.gates.spec import Agreement, Tolerance

_NOTHING: Final = Tolerance(relative=0.0, absolute=0.0)


def agree(left: Value, right: Value, rule: Agreement) -> bool | None:
    """Say whether two answers agree in the part that counts; None when neither has that part, so that there is nothing to compare.

    The order of the names in a JSON object never matters, that of a list always does. What is not a number agrees with what is not a
    number either, and with nothing else.
    """
    parts = find_part(left, rule.path), find_part(right, rule.path)
    one, other = parts
    if isinstance(one, Absent) or isinstance(other, Absent):
        return None if one is other else False
    match rule.compare:
        case "exact":
            return _same(one, other, None)
        case "numbers":
            return _same(one, other, rule.tolerance)
        case "label":
            return _agree_in_label(one, other)


def _agree_in_label(left: Value, right: Value) -> bool | None:
    one, other = find_label(left), find_label(right)
    if isinstance(one, Absent) or isinstance(other, Absent):
        return None if one is other else False
    return _same(one, other, None)


def find_label(part: Value) -> Value | Absent:
    """Return the label that a part of an answer gives.

    Of a list of two or more numbers it is the place of the greatest, of an object of numbers the name of the greatest; the first of several
    greatest. Each row of a list of such lists has its own. Anything else is its own label. Scores that are not numbers have none.
    """
    if isinstance(part, list) and not _is_scores(part):
        labels = [_find_own_label(each) for each in part]
        return ABSENT if any(isinstance(label, Absent) for label in labels) else [*_present(labels)]
    return _find_own_label(part)


def _find_own_label(part: Value) -> Value | Absent:
    if isinstance(part, list) and _is_scores(part):
        return _greatest(list(enumerate(part)))
    if isinstance(part, dict) and part and all(read_number(each) is not None for each in part.values()):
        return _greatest(sorted(part.items()))
    return part


def _is_scores(part: list[Value]) -> bool:
    return len(part) > 1 and all(read_number(each) is not None for each in part)


def _greatest(scores: list[tuple[int, Value]] | list[tuple[str, Value]]) -> Value | Absent:
    numbers = [(name, read_number(value)) for name, value in scores]
    known = [(name, number) for name, number in numbers if number is not None and not math.isnan(number)]
    if len(known) < len(numbers):
        return ABSENT
    return max(known, key=lambda each: each[1])[0]


def _present(labels: list[Value | Absent]) -> Iterator[Value]:
    for label in labels:
        if not isinstance(label, Absent):
            yield label


def _same(left: Value, right: Value, tolerance: Tolerance | None) -> bool:
    """Compare part by part, without recursion: an answer may be nested deeper than Python likes. Cells are numbers only to a tolerance."""
    open_pairs = [(left, right)]
    while open_pairs:
        one, other = open_pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            open_pairs += [(each, other[name]) for name, each in one.items()]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            open_pairs += zip(one, other, strict=True)
        elif not _same_scalar(one, other, tolerance):
            return False
    return True


def _same_scalar(one: Value, other: Value, tolerance: Tolerance | None) -> bool:
    both_text = isinstance(one, str) and isinstance(other, str)
    if one == other and type(one) is type(other):
        return True
    if both_text and tolerance is None:
        return False
    numbers = read_number(one), read_number(other)
    # A text beside a number is another answer, whatever it spells.
    if numbers[0] is None or numbers[1] is None or isinstance(one, str) is not isinstance(other, str):
        return False
    return _close(numbers[0], numbers[1], tolerance or _NOTHING)


def _close(one: float, other: float, tolerance: Tolerance) -> bool:
    if one == other or (one != one and other != other):  # noqa: PLR0124 - what is not a number is not equal to itself
        return True
    try:
        allowed = max(tolerance.absolute, tolerance.relative * max(abs(one), abs(other)))
        return math.isfinite(allowed) and abs(one - other) <= allowed
    except OverflowError:  # whole numbers that no float can hold
        return False
