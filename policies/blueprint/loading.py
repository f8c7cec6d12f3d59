"""From a file, or a document of any parser, to a blueprint: every problem at once, each with its path."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from policies.blueprint.declared import Declared
from policies.blueprint.document import as_mapping, format_path
from policies.blueprint.fault_finding import find_faults
from policies.blueprint.faults import Breach, Found
from policies.blueprint.forms.blueprints import FORM, read_blueprint
from policies.blueprint.model import Blueprint
from policies.blueprint.shapes import Shapes
from policies.blueprint.source import UnreadableDocument, load_sources
from policies.errors import PolicyError, Problem

_TOP: Final = "(top level)"
_WRITE: Final = (
    "`rollway lint` and `rollway config check` read it; this verb takes a blueprint: write the members of the configuration under "
    "config, and the endpoint's name under endpoint"
)


class BlueprintError(PolicyError):
    """A blueprint that cannot be used: every problem in it, all at once."""

    code = "invalid_blueprint"


def find_problems(document: object, shapes: Shapes) -> Iterator[Problem]:
    """Yield everything that makes a document no valid blueprint: single values first, then what they mean together."""
    (declared,) = read_blueprint(as_mapping(document))
    if not isinstance(document, dict):
        yield Problem(_TOP, f"is {type(document).__name__}, not members with their values", "write endpoint and config")
        return
    yield from find_declared_problems(declared, shapes)


def find_declared_problems(declared: Declared, shapes: Shapes) -> Iterator[Problem]:
    """Yield everything that SageMaker refuses in what a file declares, at its place in the file."""
    for found in find_faults(declared, shapes):
        if isinstance(found, Breach):
            yield Problem(place(found, declared), found.what, found.remedy)


def place(found: Found, declared: Declared) -> str:
    """Return where in its file something was found."""
    return format_path(declared.locate(found.path), _TOP)


def parse_blueprint(document: object, shapes: Shapes, source: str = "blueprint") -> Blueprint:
    """Turn a parsed document into a blueprint.

    Args:
        document: what the YAML or JSON parser gave.
        shapes: the documented limits, with that of a whole blueprint among them.
        source: how to call the document in messages, for example its path.

    Raises:
        BlueprintError: with every problem of the document.
    """
    problems = list(find_problems(document, shapes))
    if problems:
        raise BlueprintError(source, problems)
    return Blueprint.model_validate(document)


def load_blueprint(path: str | Path, shapes: Shapes) -> Blueprint:
    """Load a blueprint from a YAML or JSON file.

    Raises:
        BlueprintError: when there is no such file, it is no blueprint, or with every problem in it.
    """
    try:
        sources = load_sources(path, shapes)
    except UnreadableDocument as error:
        raise BlueprintError(str(path), error.problems) from error
    first = sources[0].declared
    if first.blueprint is None:
        raise BlueprintError(str(path), [Problem("(file)", f"is {first.form}, not {FORM}", _WRITE)])
    if len(sources) > 1:
        raise BlueprintError(
            str(path), [Problem("(file)", f"holds {len(sources)} blueprints", "put each into a file of its own")]
        )
    return parse_blueprint(first.blueprint, shapes, str(path))
