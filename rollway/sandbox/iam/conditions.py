"""Conditions of policy statements: which request they hold for.

Simulated are the operators in ``OPERATORS``, each also with ``IfExists``. Any other is refused when a document is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rollway.sandbox.iam.patterns import is_arn_like, is_like

Context = Mapping[str, Sequence[str]]
"""A request's values by condition key; a key that it has no value for is missing."""

IF_EXISTS: Final = "IfExists"
NULL: Final = "Null"

OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringLike": is_like,
    "ArnEquals": is_arn_like,
    "ArnLike": is_arn_like,
}
"""Whether one value of a statement matches one of a request; any match of any value will do."""


@dataclass(frozen=True)
class Condition:
    """One line of a statement's ``Condition``.

    Attributes:
        operator: the operator, with ``IfExists`` where the document has it.
        key: the condition key; upper and lower case are alike.
        values: the values, of which one has to match.
    """

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Whether it holds for a request."""
        found = next((given for key, given in context.items() if key.lower() == self.key.lower()), ())
        if self.operator == NULL:
            return (not found) == (self.values[0].lower() == "true")
        if not found:
            return self.operator.endswith(IF_EXISTS)
        matches = OPERATORS[self.operator.removesuffix(IF_EXISTS)]
        return any(matches(pattern, value) for pattern in self.values for value in found)


def is_simulated(operator: str) -> bool:
    """Whether an operator is simulated."""
    return operator == NULL or operator.removesuffix(IF_EXISTS) in OPERATORS
