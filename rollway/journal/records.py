"""What a journal is made of: one small JSON document per event, in order."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from policies.commands import Command, CommandResult
from policies.lifecycle import State
from policies.plan import Plan
from policies.values import Frozen
from policies.verdict import GateVerdict

SCHEMA = 1
"""Version of the records' form; raised when a reader of the old form could misread the new one."""


class Started(Frozen):
    """A rollout began, with this plan."""

    kind: Literal["started"] = "started"
    schema_version: Literal[1] = SCHEMA
    at: datetime
    by: str
    plan: Plan


class Decided(Frozen):
    """A look led to this decision; ``state`` is what the next look starts from."""

    kind: Literal["decided"] = "decided"
    at: datetime
    action: str
    reason: str
    state: State
    verdicts: tuple[GateVerdict, ...] = ()


class Intended(Frozen):
    """This command is about to be carried out."""

    kind: Literal["intended"] = "intended"
    at: datetime
    command: Command


class Carried(Frozen):
    """This became of it."""

    kind: Literal["carried"] = "carried"
    at: datetime
    command: Command
    result: CommandResult


Record = Annotated[Started | Decided | Intended | Carried, Field(discriminator="kind")]
"""Any event in the life of a rollout."""

RECORD: TypeAdapter[Record] = TypeAdapter(Record)
