"""Telling what is new from what was said before, so that a look every half minute does not become a line every half minute."""

import re

from policies.decision import Decision

_NUMBERS = re.compile(r"[\d.,:]+\S*")


class News:
    """Remembers what was last told."""

    def __init__(self) -> None:
        self._told: tuple[object, ...] | None = None

    def is_new(self, decision: Decision) -> bool:
        """Whether the decision says something else than the one before, numbers and running clocks aside."""
        state = decision.state
        gist = (
            state.phase,
            state.stage,
            decision.action,
            decision.commands,
            tuple((verdict.gate, verdict.verdict) for verdict in decision.verdicts),
            _NUMBERS.sub("#", decision.reason) if decision.action != "wait" else None,
        )
        new, self._told = gist != self._told, gist
        return new
