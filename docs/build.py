"""``make docs``: writes the reference pages anew from the code itself, so that they cannot say anything else.

A test compares what is written with what would be written now.
"""

import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from policies.approvals.spec import ApprovalSpec
from policies.bindings.spec import Binding, Bindings, EndpointRef, Make, When
from policies.capacity import CapacitySpec
from policies.gates import spec as gates
from policies.lint.catalogue import FAMILIES
from policies.lint.rules import Rule
from policies.notices.spec import NotifySpec
from policies.probes import ProbeSpec
from policies.spec import BrakeSpec, HistogramSpec, InconclusiveSpec, MetricsSpec, Policy, Risk, StageSpec, Timeouts
from policies.switch import SwitchSpec
from policies.values import format_duration
from policies.windows.spec import Freeze, WindowsSpec
from rollway.cli import VERBS, rollway

REFERENCE: Final = Path(__file__).parent / "reference"
_PARTS: Final[dict[str, type[BaseModel]]] = {
    "The policy": Policy,
    "`stages[…]`": StageSpec,
    "`probes`": ProbeSpec,
    "`metrics`": MetricsSpec,
    "`metrics.histograms`": HistogramSpec,
    "`risk`": Risk,
    "`inconclusive`": InconclusiveSpec,
    "`timeouts`": Timeouts,
    "`dead_mans_switch`": SwitchSpec,
    "`brake`": BrakeSpec,
    "`capacity`": CapacitySpec,
    "`stages[…].approval`": ApprovalSpec,
    "`windows`": WindowsSpec,
    "`windows.freezes[…]`": Freeze,
    "`notify`": NotifySpec,
}
_GATES: Final[dict[str, type[BaseModel]]] = {
    "A gate with `no_worse_than`, on errors": gates.CountComparison,
    "A gate with `no_worse_than`, on latency": gates.LatencyComparison,
    "A gate with `no_worse_than`, on any other metric": gates.AverageComparison,
    "`no_worse_than`": gates.Margin,
    "A gate with `at_most` or `at_least`": gates.Threshold,
    "A gate with `requests_at_least`": gates.MinimumSample,
    "A gate with `share_within`": gates.TrafficSplit,
    "A gate with `better_by`": gates.Superiority,
    "A gate with `agree_at_least`": gates.Agreement,
    "`tolerance`": gates.Tolerance,
}
_BINDINGS: Final[dict[str, type[BaseModel]]] = {
    "The file": Bindings,
    "`bindings[…]`": Binding,
    "`when`": When,
    "`endpoints[…]`": EndpointRef,
    "`make`": Make,
}
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.*?)(?=^    \w+: |\Z)", re.MULTILINE | re.DOTALL)


def pages() -> Mapping[str, str]:
    """Return the reference pages by file name."""
    return {
        "policy.md": _policy_page(),
        "bindings.md": _bindings_page(),
        "cli.md": _cli_page(),
        "lint.md": _lint_page(),
    }


def _policy_page() -> str:
    head = (
        "# What a policy may say\n\nMade from the code by `make docs`. Durations are written `90s`, `10m`, `1h30m`; percentages with their "
        "sign. A field that is not listed is a mistake, and is told as one.\n"
    )
    gate_head = "## Gates and guardrails\n\nEach has a name of your choice. What it asks for tells its kind.\n"
    return "\n".join([head, *map(_section, _PARTS.items()), gate_head, *map(_section, _GATES.items())])


def _bindings_page() -> str:
    head = (
        "# What a bindings file may say\n\nMade from the code by `make docs`. Durations are written `10m`, `1h`. A field that is not "
        "listed is a mistake, and is told as one. [How to use it](../how-to/roll-out-from-a-registry.md).\n"
    )
    return "\n".join([head, *map(_section, _BINDINGS.items())])


def _section(part: tuple[str, type[BaseModel]]) -> str:
    title, model = part
    summary, _, attributes = inspect.cleandoc(model.__doc__ or "").partition("\n\nAttributes:\n")
    told = {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(attributes)}
    rows = [f"| `{name}` | {_default(model, name)} | {told[name]} |" for name in model.model_fields]
    return "\n".join([f"## {title}\n", f"{summary}\n", "| field | default | meaning |", "|---|---|---|", *rows, ""])


def _default(model: type[BaseModel], name: str) -> str:
    default = model.model_fields[name].default
    if default is PydanticUndefined:
        return "*required*"
    if isinstance(default, BaseModel):
        return "see below"
    if hasattr(default, "total_seconds"):
        return f"`{format_duration(default)}`"
    return "" if default in (None, {}, "", ()) else f"`{default}`"


def _lint_page() -> str:
    head = (
        "# What `rollway lint` looks for\n\nMade from the code by `make docs`. Ids are stable: a dropped rule takes its id with it. "
        "[How to use it](../how-to/lint.md).\n"
    )
    families = (
        "\n".join(
            [
                f"## {family.title}\n",
                "| rule | severity | finds | remedy |",
                "|---|---|---|---|",
                *map(_lint_row, family.rules),
                "",
            ]
        )
        for family in FAMILIES
    )
    return "\n".join([head, *families])


def _lint_row(rule: Rule) -> str:
    cells = (rule.id, rule.severity, f"**{rule.title}.** {rule.why}", rule.remedy)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _cli_page() -> str:
    above = click.Context(rollway, info_name="rollway", **rollway.context_settings)
    helps = [_helps(rollway, above, verb) for verb in VERBS]
    return "\n".join(["# The command line\n\nMade from the code by `make docs`.\n", *helps])


def _helps(group: click.Command, above: click.Context, verb: str) -> str:
    """Return the section of a verb and, when it is a group itself, those of the verbs below it."""
    command = group.get_command(above, verb) if isinstance(group, click.Group) else None
    if command is None:
        raise LookupError(verb)
    context = click.Context(command, info_name=verb, parent=above, terminal_width=100)
    section = f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    below = command.list_commands(context) if isinstance(command, click.Group) else []
    return "\n".join([section, *(_helps(command, context, name) for name in below)])


def main() -> int:
    """Write the pages."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
