"""The user's price table, if there is one: a YAML file that the environment variable ``ROLLWAY_PRICES`` names."""

import os

from pydantic import ValidationError

from policies.costing import Prices
from policies.documents.loading import expect_fields, load_document
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
    document = load_document(name, remedy=f"correct {VARIABLE}")
    foreign = expect_fields(document.content, ("per_hour",))
    if foreign:
        raise PolicyError(name, [foreign])
    with document.naming_lines():
        return _make_prices(document.content, name)


def _make_prices(content: object, name: str) -> Prices:
    try:
        return Prices.model_validate(content)
    except ValidationError as error:
        problems = [
            Problem(".".join(map(str, each["loc"])) or "(top level)", each["msg"], _REMEDY) for each in error.errors()
        ]
        raise PolicyError(name, problems) from None
