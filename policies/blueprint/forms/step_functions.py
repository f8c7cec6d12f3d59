"""State machines of Step Functions: the tasks that create an endpoint configuration."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.blueprint.declared import Declared
from policies.blueprint.document import Path, Unresolved, as_list, as_mapping
from policies.blueprint.forms.declaring import Part, declare
from policies.blueprint.forms.translation import Translation
from policies.blueprint.shapes import Shapes
from policies.errors import Problem

FORM: Final = "a state machine of Step Functions"
_TASK: Final = ":sagemaker:createendpointconfig"


def is_machine(document: Mapping[str, Any]) -> bool:
    """Whether a document is a state machine."""
    return "States" in document and "StartAt" in document


def read_machine(document: Mapping[str, Any], at: Path, shapes: Shapes) -> Iterator[Declared | Problem]:
    """Yield the configuration of each task that creates one, whatever state it is nested in."""
    for name, state in as_mapping(document.get("States")).items():
        content, where = as_mapping(state), (*at, "States", str(name))
        if str(content.get("Resource")).lower().endswith(_TASK):
            part = "Arguments" if "Arguments" in content else "Parameters"
            translation = Translation(shapes, resolve=open_expression)
            yield declare(FORM, translation, Part(str(name), content.get(part), (*where, part)))
        for position, branch in enumerate(as_list(content.get("Branches"))):
            yield from read_machine(as_mapping(branch), (*where, "Branches", position), shapes)
        for part in ("ItemProcessor", "Iterator"):
            yield from read_machine(as_mapping(content.get(part)), (*where, part), shapes)


def open_expression(value: object) -> object:
    """Return a value, left open where it is an expression in JSONata."""
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        return Unresolved("{% … %}", optional=True)
    return value
