"""A decision: what to do next and why, and when to look again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from policies.commands import Command
from policies.lifecycle import State
from policies.verdict import GateVerdict

POLL_EVERY: Final = timedelta(seconds=15)
"""Time between two looks while AWS is at work; the loop adds jitter and shortens it to the policy's ``look_every``."""

Action = Literal["wait", "act", "hold", "finish"]
Awaited = Literal["approval", "verdict"]
"""What a person is asked for: to approve, or to decide what the gates cannot."""


@dataclass(frozen=True)
class Decision:
    """What to do next.

    Attributes:
        state: the state after the decision, before its commands.
        action: ``wait`` for AWS, the clock or more data; ``act`` on commands; ``hold`` because only a person or the outside world can
            change something; ``finish``.
        reason: why, as a sentence for a person.
        next_look: how long to wait before the next look; zero when finished.
        commands: what to carry out now, in this order; the rest is dropped when one of them does not succeed.
        verdicts: what gates and guardrails said at this look.
        awaits: what a person is asked for; None where a hold has another cause.
    """

    state: State
    action: Action
    reason: str
    next_look: timedelta
    commands: tuple[Command, ...] = ()
    verdicts: tuple[GateVerdict, ...] = ()
    awaits: Awaited | None = None
