"""The ladders that SageMaker's deployment guardrails can climb, and what SageMaker calls them; by documents, also half-broken ones."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Literal

LadderKind = Literal["ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING"]
MOST_FIRST: Final = 50
LEAST_STEP: Final = {"CANARY": 1, "LINEAR": 10, "ROLLING": 5}
_WHOLE: Final = 100.0


def choose_kind(shares: Sequence[float], *, rolling: bool) -> LadderKind:
    """Return the kind of ladder that as many shares can only be."""
    if rolling:
        return "ROLLING"
    if len(shares) == 1:
        return "ALL_AT_ONCE"
    return "CANARY" if len(shares) == 2 else "LINEAR"  # noqa: PLR2004 - the canary, then all


def explain_misfit(stages: Sequence[Mapping[str, Any]], *, rolling: bool) -> tuple[str, str] | None:
    """Say why SageMaker cannot climb a ladder, and the remedy; None when it can.

    Args:
        stages: documents of the stages, with numbers as shares, rising.
        rolling: whether instances are replaced batch by batch.
    """
    shares = [float(stage["share"]) for stage in stages]
    if shares[-1] != _WHOLE:
        return (
            f"ends at {shares[-1]:g} %; SageMaker's guardrails always end at 100 %",
            "let the last stage have share 100",
        )
    if any(share != round(share) for share in shares):
        return "has fractions; SageMaker counts whole percent of the capacity", "use whole numbers"
    kind = choose_kind(shares, rolling=rolling)
    if kind == "ALL_AT_ONCE":
        return None
    least = LEAST_STEP[kind]
    if not least <= shares[0] <= MOST_FIRST:
        told = f"begins with {shares[0]:g} %; SageMaker's {kind.lower()} steps are {least} to {MOST_FIRST} %"
        return told, f"begin with {least} to {MOST_FIRST}"
    return None if kind == "CANARY" else _explain_uneven(stages, shares, rolling=rolling)


def _explain_uneven(
    stages: Sequence[Mapping[str, Any]], shares: Sequence[float], *, rolling: bool
) -> tuple[str, str] | None:
    if not _is_even(shares):
        told = "has uneven steps; SageMaker knows one canary and then all, or equal steps"
        return told, f"go by steps of {shares[0]:g}"
    bakes = {str(stage.get("bake")) for stage in (stages if rolling else stages[:-1])}
    if len(bakes) > 1:
        return "bakes unequally long; SageMaker has one wait for all steps but the last", "give these stages one bake"
    return None


def _is_even(shares: Sequence[float]) -> bool:
    """Whether each step is as large as the first, and only the last may be smaller."""
    steps = [after - before for before, after in pairwise((0.0, *shares))]
    return all(step == steps[0] for step in steps[:-1]) and steps[-1] <= steps[0]
