"""The user's price table, if there is one: a YAML file that the environment variable ``ROLLWAY_PRICES`` names."""

import os
from pathlib import Path

import yaml
from pydantic import ValidationError

from policies.costing import Prices
from policies.errors import PolicyError, Problem

VARIABLE = "ROLLWAY_PRICES"
_REMEDY = "write for example: {currency: EUR, per_hour: {ml.m5.xlarge: 0.23}}"


def read_prices() -> Prices | None:
    """Return the price table; None where no file is named.

    Raises:
        PolicyError: the file cannot be read, or says something else than prices.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    try:
        return Prices.model_validate(yaml.safe_load(Path(name).read_text("utf-8")))
    except OSError as error:
        raise PolicyError(name, [Problem("(file)", error.strerror or str(error), f"correct {VARIABLE}")]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyError(name, [Problem("(file)", f"is no YAML: {' '.join(str(error).split())}", _REMEDY)]) from error
    except ValidationError as error:
        problems = [
            Problem(".".join(map(str, each["loc"])) or "(top level)", each["msg"], _REMEDY) for each in error.errors()
        ]
        raise PolicyError(name, problems) from error
