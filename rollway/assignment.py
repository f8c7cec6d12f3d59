"""Which variant a user gets in an A/B test, always the same one: for the application that calls the endpoint, not for Rollway itself.

SageMaker draws a variant for each request anew. Whoever wants each user to stay with one asks for it by ``TargetVariant``, and this says
which: from the user's id alone, so no two processes have to agree on anything. Needs nothing but Python's standard library, and this file
may be copied into the application.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping

_WHOLE = 100.0
_TOLERANCE = 0.05
_BITS = 53  # of a float's mantissa: every value below one stays below one


def assign(unit: str, shares: Mapping[str, float], salt: str, baseline: str) -> str:
    """Return the variant that a unit gets; the same for the same arguments, on every machine and Python version.

    The line from 0 to 1 has one slot for each challenger, in the order of their names. A challenger takes what its share asks for from the
    beginning of its own slot, then from the room that is left in the others; the rest is the baseline's. So a challenger that leaves, or
    wins and grows, moves only the units that have to move: between it and the baseline, or from one that has left.

    Args:
        unit: whatever shall stay with one variant, for example a user's id.
        shares: percent of the units by variant, of all variants of the test: one that has left stays in it with 0.
        salt: tells tests apart, so that the same users do not always share their fate; the rollout's id.
        baseline: the variant that serves now.

    Raises:
        ValueError: the shares are not percentages that sum to 100, or the baseline is not among them.
    """
    _check(shares, baseline)
    digest = hashlib.sha256(f"{salt}\n{unit}".encode()).digest()
    point = (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / 2**_BITS
    for start, end, variant in _lay_out(shares, baseline):
        if start <= point < end:
            return variant
    return baseline


def _lay_out(shares: Mapping[str, float], baseline: str) -> Iterator[tuple[float, float, str]]:
    """Yield what each challenger has of the line."""
    names = sorted(name for name in shares if name != baseline)
    width = 1 / max(len(names), 1)
    free: list[tuple[float, float]] = []
    beyond: list[tuple[str, float]] = []
    for number, name in enumerate(names):
        start, wanted = number * width, shares[name] / _WHOLE
        own = min(wanted, width)
        yield start, start + own, name
        free.append((start + own, start + width))
        beyond.append((name, wanted - own))
    for name, left in beyond:
        missing = left
        while missing > 0 and free:
            start, end = free.pop(0)
            taken = min(missing, end - start)
            yield start, start + taken, name
            missing -= taken
            if start + taken < end:
                free.insert(0, (start + taken, end))


def _check(shares: Mapping[str, float], baseline: str) -> None:
    if baseline not in shares:
        raise ValueError(
            f"the baseline {baseline!r} is not among the shares of {', '.join(sorted(shares)) or 'nobody'}"
        )
    wrong = {name: share for name, share in shares.items() if not (math.isfinite(share) and 0 <= share <= _WHOLE)}
    if wrong:
        raise ValueError(f"shares are percentages from 0 to 100; these are not: {wrong}")
    total = sum(shares.values())
    if abs(total - _WHOLE) > _TOLERANCE:
        raise ValueError(f"the shares sum to {total:g} percent; they must sum to 100, with 0 for who has left the test")
