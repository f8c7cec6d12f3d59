"""From a fleet file to a fleet: every problem at once, each with its path."""

from pathlib import Path
from typing import cast

from pydantic import ValidationError

from policies.documents.loading import expect_fields, load_document
from policies.errors import PolicyError
from policies.fleet.spec import FleetSpec
from policies.loading import read_problems


def parse_fleet(document: object, source: str = "fleet") -> FleetSpec:
    """Turn a parsed document into a fleet.

    Raises:
        PolicyError: with every problem of the document.
    """
    foreign = expect_fields(document, ("waves",))
    if foreign:
        raise PolicyError(source, [foreign])
    try:
        return FleetSpec.model_validate(document)
    except ValidationError as error:
        raise PolicyError(source, read_problems(error)) from error
    except PolicyError as error:
        raise PolicyError(source, error.problems) from error


def load_fleet(path: str | Path, model: str = "") -> FleetSpec:
    """Load a fleet from a YAML file.

    Args:
        path: the file.
        model: the SageMaker model that shall take over instead of the one that the file names for the whole fleet.

    Raises:
        PolicyError: there is no such file, it is no YAML, or with every problem in it.
    """
    document = load_document(path)
    content = document.content
    if model and isinstance(content, dict):
        content = cast("dict[str, object]", content) | {"model": model}
    with document.naming_lines():
        return parse_fleet(content, str(path))
