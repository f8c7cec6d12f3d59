"""From a fleet file to a fleet: every problem at once, each with its path."""

from pathlib import Path
from typing import cast

import yaml
from pydantic import ValidationError

from policies.errors import PolicyError, Problem
from policies.fleet.spec import FleetSpec
from policies.loading import read_problems


def parse_fleet(document: object, source: str = "fleet") -> FleetSpec:
    """Turn a parsed document into a fleet.

    Raises:
        PolicyError: with every problem of the document.
    """
    if not isinstance(document, dict):
        what = f"expected fields such as name and waves, found {type(document).__name__}"
        raise PolicyError(source, [Problem("(top level)", what)])
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
    try:
        document = yaml.safe_load(Path(path).read_text("utf-8"))
    except OSError as error:
        raise PolicyError(str(path), [Problem("(file)", error.strerror or str(error))]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyError(str(path), [Problem("(file)", f"is no YAML: {' '.join(str(error).split())}")]) from error
    if model and isinstance(document, dict):
        document = cast("dict[str, object]", document) | {"model": model}
    return parse_fleet(document, str(path))
