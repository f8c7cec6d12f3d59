"""Receipts: a verdict with everything it rests on, so that anybody can judge again and get the same bytes."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal, cast

import pandas as pd
from pydantic import ValidationError, model_validator

from policies.errors import RolloutError
from policies.loading import parse_policy
from policies.replaying import judge
from policies.spec import Policy
from policies.strata.checking import check_observations
from policies.strata.names import HISTOGRAM_COLUMN
from policies.values import Frozen
from policies.verdict import Verdict

_FORMAT: Final = 1
_MOST_TOLD: Final = 12
"""Differences between a receipt and its replay that are told."""


class ReceiptError(RolloutError):
    """A file that is no receipt, or none that this version can read."""

    code = "invalid_receipt"


class Table(Frozen):
    """Observations as they were judged.

    Attributes:
        columns: names of the columns.
        rows: values by row; minutes as ISO 8601 text, histograms as JSON text, None where there is no value.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]

    @model_validator(mode="after")
    def _has_whole_rows(self) -> "Table":
        wrong = [number for number, row in enumerate(self.rows, start=1) if len(row) != len(self.columns)]
        if wrong:
            found, wanted = len(self.rows[wrong[0] - 1]), len(self.columns)
            raise ValueError(f"row {wrong[0]} has {found} cells, and there are {wanted} columns")
        return self


class Receipt(Frozen):
    """A verdict and what it rests on.

    Attributes:
        receipt: version of this format.
        rollway: version of Rollway that gave the verdict.
        policy_digest: what the policy's name carries after the @.
        policy: the policy.
        observations_sha256: fingerprint of the observations.
        observations: the observations.
        now: the moment of judging, if one was given.
        verdict: the verdict.
    """

    receipt: Literal[1] = _FORMAT
    rollway: str
    policy_digest: str
    policy: dict[str, Any]
    observations_sha256: str
    observations: Table
    now: datetime | None
    verdict: Verdict


@dataclass(frozen=True)
class Replay:
    """What came of judging the inputs of a receipt again.

    Attributes:
        receipt: the new receipt.
        differences: where it differs from the old one; empty when both are the same to the byte.
    """

    receipt: Receipt
    differences: tuple[str, ...]


def issue_receipt(policy: Policy, frame: pd.DataFrame, now: datetime | None, version: str) -> Receipt:
    """Judge and write down everything that the verdict rests on.

    Args:
        policy: how the rollout goes; it counts as it is written down.
        frame: observations.
        now: the moment of judging, as for ``policies.judge``.
        version: of Rollway.

    Raises:
        ObservationError: the observations cannot be used.
    """
    observations, written = check_observations(frame), policy.model_dump(mode="json")
    table = _to_table(observations)
    return Receipt(
        rollway=version,
        policy_digest=policy.digest,
        policy=written,
        observations_sha256=hashlib.sha256(table.model_dump_json().encode()).hexdigest(),
        observations=table,
        now=now,
        verdict=judge(parse_policy(written), observations, now),
    )


def format_receipt(receipt: Receipt) -> str:
    """Write a receipt, always in the same way."""
    return json.dumps(receipt.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def replay_receipt(text: str, version: str) -> Replay:
    """Judge the inputs of a receipt again.

    Args:
        text: the receipt, as ``format_receipt`` wrote it.
        version: of Rollway, now.

    Raises:
        ReceiptError: the text is no receipt.
        PolicyError: its policy cannot be used.
        ObservationError: its observations cannot be used.
    """
    try:
        old = Receipt.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the file"
        told = f"this is no receipt: {where}: {problem['msg']}"
        raise ReceiptError(told, "Write one with: rollway judge POLICY OBSERVATIONS --receipt FILE") from error
    frame = pd.DataFrame([list(row) for row in old.observations.rows], columns=list(old.observations.columns))
    new = issue_receipt(parse_policy(old.policy), frame, old.now, version)
    again = format_receipt(new)
    if again == text:
        return Replay(new, ())
    differences = islice(_find_differences(json.loads(text), json.loads(again), ""), _MOST_TOLD)
    return Replay(new, tuple(differences) or ("the layout of the file",))


def _find_differences(old: object, new: object, path: str) -> Iterator[str]:
    """Yield what differs between two JSON documents."""
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("dict[str, object]", old), cast("dict[str, object]", new)
        for key in dict.fromkeys([*before, *after]):
            yield from _find_differences(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif (
        isinstance(old, list)
        and isinstance(new, list)
        and len(cast("list[object]", old)) == len(cast("list[object]", new))
    ):
        pairs = zip(cast("list[object]", old), cast("list[object]", new), strict=True)
        for index, (before, after) in enumerate(pairs):
            yield from _find_differences(before, after, f"{path}[{index}]")
    elif old != new:
        yield f"{path}: in the receipt {json.dumps(old)}, now {json.dumps(new)}"


def _to_table(frame: pd.DataFrame) -> Table:
    plain = frame.assign(minute=[minute.isoformat() for minute in frame["minute"]])
    if HISTOGRAM_COLUMN in plain:
        plain[HISTOGRAM_COLUMN] = [
            None if cell is None else json.dumps(cell, sort_keys=True) for cell in plain[HISTOGRAM_COLUMN]
        ]
    rows = plain.astype(object).where(plain.notna(), None).to_numpy().tolist()
    return Table(columns=tuple(plain.columns), rows=tuple(tuple(row) for row in rows))
