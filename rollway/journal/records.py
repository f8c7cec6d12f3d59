"""What a journal is made of: one small JSON document per event, in order."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from policies.commands import Command, CommandResult
from policies.lifecycle import State
from policies.plan import Plan
from policies.verdict import GateVerdict
from rollway.journal.documents import Document


class Started(Document):
    """A rollout began, with this plan.

    Attributes:
        at: when.
        by: who started it, as user@host.
        plan: what it will do.
        token: the fencing token of the lease under which it began.
    """

    kind: Literal["started"] = "started"
    at: datetime
    by: str
    plan: Plan
    token: int


class Decided(Document):
    """A look led to this decision; ``state`` is what the next look starts from."""

    kind: Literal["decided"] = "decided"
    at: datetime
    action: str
    reason: str
    state: State
    verdicts: tuple[GateVerdict, ...] = ()


class Intended(Document):
    """This command is about to be carried out."""

    kind: Literal["intended"] = "intended"
    at: datetime
    command: Command


class Carried(Document):
    """This became of it."""

    kind: Literal["carried"] = "carried"
    at: datetime
    command: Command
    result: CommandResult


class TakenUp(Document):
    """Another process goes on with the rollout; whatever an earlier one writes after this is turned down.

    Attributes:
        at: when.
        by: who goes on, as user@host.
        process: the process that goes on.
        token: the fencing token of its lease.
        silent_for: how long the process before it had given no sign of life.
        why: why it was taken up, as a sentence for a person.
    """

    kind: Literal["taken_up"] = "taken_up"
    at: datetime
    by: str
    process: str
    token: int
    silent_for: timedelta
    why: str


class Handed(Document):
    """The process that drove the rollout has let go of it; another may go on at once.

    Attributes:
        at: when.
        by: who let go, as user@host.
        why: why, as a sentence for a person.
    """

    kind: Literal["handed"] = "handed"
    at: datetime
    by: str
    why: str


Record = Annotated[Started | Decided | Intended | Carried | TakenUp | Handed, Field(discriminator="kind")]
"""Any event in the life of a rollout."""

RECORD: TypeAdapter[Record] = TypeAdapter(Record)
"""Text to record."""
