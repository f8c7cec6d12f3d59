"""The commands: what a decision asks AWS for.

Each says the wanted end, never a change ("shares are 95/5", not "add 5"), so carrying one out twice is harmless. ``explain`` says a
command to a person, ``rollway`` carries it out: both match every kind, so a new command that one of them forgets fails the type check.
"""

from typing import Annotated, Literal, assert_never

from pydantic import Field

from policies.endpoint_config import EndpointConfig
from policies.facts import format_shares
from policies.values import Frozen


class CreateConfig(Frozen):
    """A configuration of this name and content exists."""

    kind: Literal["create_config"] = "create_config"
    config: EndpointConfig


class ApplyConfig(Frozen):
    """The endpoint runs on this configuration; variants that keep their name keep their live instance count."""

    kind: Literal["apply_config"] = "apply_config"
    endpoint: str
    config: str


class SetCapacity(Frozen):
    """The variant is served by this many instances."""

    kind: Literal["set_capacity"] = "set_capacity"
    endpoint: str
    variant: str
    instances: int


class SetShares(Frozen):
    """The variants get these percentages of the traffic; all variants are named."""

    kind: Literal["set_shares"] = "set_shares"
    endpoint: str
    shares: dict[str, float]


class DeleteConfig(Frozen):
    """No configuration of this name exists. Only for configurations that the rollout made and nothing uses."""

    kind: Literal["delete_config"] = "delete_config"
    config: str


Command = Annotated[
    CreateConfig | ApplyConfig | SetCapacity | SetShares | DeleteConfig,
    Field(discriminator="kind"),
]
"""One idempotent instruction for AWS."""


def explain(command: Command) -> str:
    """Say a command in a few words."""
    match command:
        case CreateConfig():
            return f"create config {command.config.name}"
        case ApplyConfig():
            return f"apply config {command.config}"
        case SetCapacity():
            return f"scale {command.variant} to {command.instances} {'instance' if command.instances == 1 else 'instances'}"
        case SetShares():
            return f"shift traffic to {format_shares(command.shares)}"
        case DeleteConfig():
            return f"delete config {command.config}"
        case _:
            assert_never(command)


class CommandResult(Frozen):
    """What became of carrying out one command.

    Attributes:
        status: ``done`` (the wanted end is already true), ``accepted`` (AWS works on it), ``busy`` (AWS cannot do it just now; the same
            command may be given again later), ``refused`` (giving it again will not help).
        message: what AWS said, or what was found; a sentence for a person.
    """

    status: Literal["done", "accepted", "busy", "refused"]
    message: str = ""
