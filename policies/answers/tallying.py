"""Which captured answers belong to one request, and how many of them agree, minute by minute.

The copy of a request and the request itself are captured apart, in files that come late and in no order. So answers are gathered, paired as
far as they can be, and counted again at each look until nothing more is to come. Of a busy minute only a part is kept, drawn by a hash that
is the same for both halves of a pair. A captured input that failed is kept as well: it has no answer, but tells that its input came twice.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from heapq import heapify, heappush, heappushpop
from typing import Final, TypeAlias

from policies.answers.comparing import agree
from policies.answers.reading import read_answer
from policies.gates.spec import Agreement, PairedBy
from policies.observation import Arm

_RANK_BYTES: Final = 8


@dataclass(frozen=True)
class Captured:
    """One captured request with its answer.

    Attributes:
        minute: start of the period in which it was asked.
        event_id: SageMaker's own id.
        inference_id: the caller's id; empty when there was none.
        input_digest: tells inputs apart; empty when the input was not captured.
        output: the answer as it was written down; None when there is none.
        encoding: of the answer: ``JSON``, ``CSV`` or ``BASE64``.
    """

    minute: datetime
    event_id: str
    inference_id: str
    input_digest: str
    output: str | None
    encoding: str = "BASE64"

    def key(self, by: PairedBy) -> str:
        """Return what the other half of the pair has as well; empty when there is no such thing."""
        match by:
            case "inference_id":
                return self.inference_id
            case "event_id":
                return self.event_id
            case "input":
                return f"{self.minute.isoformat()} {self.input_digest}" if self.input_digest else ""


Pair: TypeAlias = tuple[Captured, Captured]
"""The baseline's half, and the candidate's."""


@dataclass(frozen=True)
class Count:
    """What became of one minute's answers.

    Attributes:
        drawn: the part of the minute's answers that was kept, 0 to 1.
        paired: requests of which both arms' answers could be compared.
        agreeing: those of them whose answers agree.
    """

    drawn: float
    paired: int
    agreeing: int


@dataclass
class _Pool:
    """One arm's answers of one minute: those with the smallest ranks.

    Attributes:
        kept: as a heap of negative ranks, so that the greatest goes first; a number tells equal ranks apart.
        below: every answer with a smaller rank than this was kept.
    """

    kept: list[tuple[float, int, Captured]] = field(default_factory=list[tuple[float, int, Captured]])
    below: float = 1.0


class Tally:
    """Gathers the answers of one rollout's shadow. Not for several threads at once.

    Args:
        rule: what to pair by, what agreeing means, and how many answers to keep.
    """

    def __init__(self, rule: Agreement) -> None:
        self._rule = rule
        self._pools: dict[tuple[Arm, datetime], _Pool] = {}
        self._seen: Counter[Arm] = Counter()
        self._judged: dict[tuple[str, str], bool | None] = {}
        self._closed: dict[datetime, Count] = {}
        self._closed_until: datetime | None = None

    def add(self, arm: Arm, captured: Captured) -> None:
        """Take in an answer; one that comes after its minute was closed is left out."""
        if self._closed_until is not None and captured.minute < self._closed_until:
            return
        pool = self._pools.setdefault((arm, captured.minute), _Pool())
        rank = _rank(captured, self._rule)
        if rank >= pool.below:
            return
        self._seen[arm] += 1
        entry = (-rank, self._seen[arm], captured)
        if len(pool.kept) < self._rule.records_per_minute:
            heappush(pool.kept, entry)
            return
        pool.below = -heappushpop(pool.kept, entry)[0]
        pool.kept = [each for each in pool.kept if -each[0] < pool.below]
        heapify(pool.kept)

    def count(self) -> Mapping[datetime, Count]:
        """Pair what can be paired, and count it in the minute of the candidate's half."""
        minutes = {minute for _, minute in self._pools}
        paired, agreeing = Counter[datetime](), Counter[datetime]()
        for baseline, candidate in self._pairs(minutes):
            verdict = self._judge(baseline, candidate)
            paired[candidate.minute] += verdict is not None
            agreeing[candidate.minute] += verdict is True
        return self._closed | {
            minute: Count(self._drawn(minute), paired[minute], agreeing[minute]) for minute in minutes
        }

    def close(self, until: datetime) -> None:
        """Settle the minutes before a moment for good, and forget their answers."""
        counts = self.count()
        self._closed = {minute: count for minute, count in counts.items() if minute < until}
        self._pools = {key: pool for key, pool in self._pools.items() if key[1] >= until}
        self._closed_until = max(until, self._closed_until or until)
        kept = {each[2].event_id for pool in self._pools.values() for each in pool.kept}
        self._judged = {ids: verdict for ids, verdict in self._judged.items() if kept.intersection(ids)}

    def _drawn(self, minute: datetime) -> float:
        return min(self._pools[arm, minute].below for arm in ("baseline", "candidate") if (arm, minute) in self._pools)

    def _pairs(self, minutes: Iterable[datetime]) -> Iterator[Pair]:
        drawn = {minute: self._drawn(minute) for minute in minutes}
        left, right = (
            [
                each[2]
                for (whose, minute), pool in self._pools.items()
                if whose == arm
                for each in pool.kept
                if -each[0] < drawn[minute]
            ]
            for arm in ("baseline", "candidate")
        )
        for by in self._rule.pair_by:
            found = find_pairs(left, right, by)
            yield from found
            gone = {id(half) for pair in found for half in pair}
            left, right = ([each for each in side if id(each) not in gone] for side in (left, right))

    def _judge(self, baseline: Captured, candidate: Captured) -> bool | None:
        """Compare the halves of a pair once; None when there is nothing to compare."""
        ids = baseline.event_id, candidate.event_id
        if not all(ids):  # one without an id is like every other one
            return compare(baseline, candidate, self._rule)
        if ids not in self._judged:
            self._judged[ids] = compare(baseline, candidate, self._rule)
        return self._judged[ids]


def find_pairs(left: Sequence[Captured], right: Sequence[Captured], by: PairedBy) -> list[Pair]:
    """Return the answers of both sides that have one key; a key that a side has twice pairs nothing."""
    sides = [[(key, each) for each in side if (key := each.key(by))] for side in (left, right)]
    counts = [Counter(key for key, _ in side) for side in sides]
    other = {key: each for key, each in sides[1] if counts[1][key] == 1}
    return [(each, other[key]) for key, each in sides[0] if counts[0][key] == 1 and key in other]


def compare(baseline: Captured, candidate: Captured, rule: Agreement) -> bool | None:
    """Say whether the halves of a pair agree; None when one has no answer, or neither has the part that counts."""
    if baseline.output is None or candidate.output is None:
        return None
    return agree(
        read_answer(baseline.output, baseline.encoding), read_answer(candidate.output, candidate.encoding), rule
    )


def _rank(captured: Captured, rule: Agreement) -> float:
    """Return a number from 0 to 1 that is the same for both halves of a pair, and by chance.

    The copy has the caller's id and the input; whether SageMaker gives it the same event id is not documented, so that comes last. The key
    of an input names its minute, so that every minute draws other inputs.
    """
    by_caller = captured.inference_id if "inference_id" in rule.pair_by else ""
    key = by_caller or captured.key("input") or captured.event_id
    return int.from_bytes(blake2b(key.encode(), digest_size=_RANK_BYTES).digest()) / 256**_RANK_BYTES
