"""What the last look worked out, so that one more minute costs one minute's work.

Most of a comparison is worked out stratum by stratum, and a later look finds almost all strata as they were. A memory keeps inputs and
outputs of the last look, and works out only strata whose inputs have changed: those that are new, and those that came late or were
corrected. It never changes a result, not even in the last bit; a look without one takes longer, that is all.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.strata.arrays import Booleans, Floats


class Forgetful:
    """Works out everything anew: for those who look once."""

    def about(self, topic: Hashable) -> "Forgetful":
        """Return what is remembered of one topic, so that two comparisons do not overwrite one another's."""
        del topic
        return self

    def recall(self, what: Hashable, work: Callable[..., Floats], *inputs: Floats, time: int = -1) -> Floats:
        """Return ``work(*inputs)``.

        Args:
            what: names the work, with all that it depends on beside its inputs.
            work: works out each stratum from the inputs of that stratum alone; time is the last axis of what it returns.
            inputs: never written to by anybody afterwards.
            time: which axis of the inputs is time.
        """
        del what, time
        return work(*inputs)

    def recall_whole(self, what: Hashable, work: Callable[..., Floats], *inputs: Floats) -> Floats:
        """Return ``work(*inputs)``, of which any part may depend on any stratum: for stages that are over."""
        del what
        return work(*inputs)


FORGETFUL: Final = Forgetful()
"""The memory of those who have none."""


@dataclass(frozen=True)
class _Known:
    inputs: tuple[Floats, ...]
    output: Floats


class Memory(Forgetful):
    """Remembers the last look. One for each rollout, kept by whoever looks again and again; not for several threads at once."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._topics: dict[Hashable, Memory] = {}
        self._known: dict[Hashable, _Known] = {}

    def about(self, topic: Hashable) -> "Memory":
        """Return what is remembered of one topic."""
        return self._topics.setdefault(topic, Memory())

    def recall(self, what: Hashable, work: Callable[..., Floats], *inputs: Floats, time: int = -1) -> Floats:
        """Return ``work(*inputs)``, working out only those strata whose inputs are not as they were at the last look."""
        known = self._known.get(what)
        unchanged = _find_unchanged(known.inputs, inputs, time) if known else np.zeros(0, dtype=bool)
        output = work(*inputs) if not (known and unchanged.any()) else _complete(known, unchanged, work, inputs, time)
        self._known[what] = _Known(inputs, output)
        return output

    def recall_whole(self, what: Hashable, work: Callable[..., Floats], *inputs: Floats) -> Floats:
        """Return ``work(*inputs)``, working it out only if anything has changed."""
        known = self._known.get(what)
        if known and all(np.array_equal(old, new) for old, new in zip(known.inputs, inputs, strict=True)):
            return known.output
        self._known[what] = _Known(inputs, work(*inputs))
        return self._known[what].output


def _find_unchanged(before: tuple[Floats, ...], now: tuple[Floats, ...], time: int) -> Booleans:
    """Tell the strata of now whose inputs are what they were before, shape (strata,)."""
    unchanged = np.zeros(now[0].shape[time], dtype=bool)
    shared = min(before[0].shape[time], len(unchanged))
    both = (..., slice(shared), *[slice(None)] * (-1 - time))
    pairs = [(old[both], new[both]) for old, new in zip(before, now, strict=True)]
    if all(old.shape == new.shape for old, new in pairs):
        same = [_for_each_stratum(old == new, time) for old, new in pairs]
        unchanged[:shared] = np.logical_and.reduce(same)
    return unchanged


def _for_each_stratum(holds: Booleans, time: int) -> Booleans:
    """Tell where something holds throughout a stratum."""
    others = tuple(axis for axis in range(-holds.ndim, 0) if axis != time)
    return np.asarray(holds.all(axis=others)) if others else holds


def _complete(
    known: _Known, unchanged: Booleans, work: Callable[..., Floats], inputs: tuple[Floats, ...], time: int
) -> Floats:
    """Take the unchanged strata from memory and work out the others."""
    output = np.empty((*known.output.shape[:-1], len(unchanged)))
    kept = np.flatnonzero(unchanged)
    output[..., kept] = known.output[..., kept]
    if len(kept) < len(unchanged):
        output[..., ~unchanged] = work(*(np.compress(~unchanged, values, axis=time) for values in inputs))
    return output
