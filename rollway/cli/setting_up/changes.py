"""What became of one thing on the Prefect server."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["work pool", "deployment", "automation"]
Action = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True)
class Change:
    """What was done to one thing, or would be.

    Attributes:
        kind: what sort of thing.
        name: its name on the server.
        action: what was done.
        differed: what was not as wanted.
        note: what a person should know about it; may be empty.
    """

    kind: Kind
    name: str
    action: Action
    differed: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        """Return the change as one line."""
        differed = f": {', '.join(self.differed)}" if self.differed else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.action:<9}  {self.kind} {self.name}{differed}{note}"


def compared(kind: Kind, name: str, differed: tuple[str, ...], note: str = "") -> Change:
    """Return the change of a thing that is there: an update where anything differed."""
    return Change(kind, name, "updated" if differed else "unchanged", differed, note)
