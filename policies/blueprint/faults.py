"""What SageMaker refuses in an endpoint's configuration: the kinds of faults, and one place where a document has one.

``rollway config check`` and ``rollway lint`` both report these and no others as refused, so the two cannot disagree.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies.blueprint.document import Path, Undetermined, Unresolved

Wrong = tuple[Path, str, str]
"""One breach of a rule: where, what is wrong there, and what to do (may be empty)."""


class Fault(StrEnum):
    """The kinds of faults, each of them one rule of the linter."""

    NAME = "name"
    SAME_NAME = "same name"
    VALUE = "value"
    TOO_MANY_VARIANTS = "too many variants"
    TAG = "tag"
    CAPACITY = "capacity"
    UNKNOWN_MEMBER = "unknown member"
    MISSING_MEMBER = "missing member"
    SHADOW_COUNT = "shadow count"
    SERVERLESS_INSTANCES = "serverless instances"
    SERVERLESS_SIZES = "serverless sizes"
    MANAGED_SCALING = "managed scaling"
    COMPONENT_ROLE = "component role"
    SHADOW_KIND = "shadow kind"
    CROSS_REGION = "cross region"
    SERVERLESS_KIND = "serverless kind"
    CONTRADICTION = "contradiction"
    SCALING = "scaling"
    WEIGHTS = "weights"
    CONTAINERS = "containers"
    IMAGE = "image"
    ARTIFACTS = "artifacts"
    REGISTRY = "registry"


@dataclass(frozen=True)
class Breach:
    """One place that SageMaker refuses.

    Attributes:
        fault: the kind.
        path: where, in SageMaker's own member names, models under ``Models`` and scaling under ``Scaling``.
        what: what is wrong there.
        remedy: what to do instead; may be empty.
    """

    fault: Fault
    path: Path
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Open:
    """One place that could not be looked at, since the file leaves its value open.

    Attributes:
        fault: the kind that was looked for.
        path: where.
        unresolved: what the file says there.
    """

    fault: Fault
    path: Path
    unresolved: Unresolved

    @property
    def what(self) -> str:
        """Say it for a person."""
        return f"is {self.unresolved}, which the file does not give a value"


Found = Breach | Open


def apply(fault: Fault, check: Callable[[], Iterable[Wrong]]) -> Iterator[Found]:
    """Yield what a check finds, up to the first value that the file leaves open: what was found before does not depend on it."""
    try:
        for path, what, remedy in check():
            yield Breach(fault, path, what, remedy)
    except Undetermined as undetermined:
        yield Open(fault, undetermined.path, undetermined.unresolved)
