"""What every registry can be asked, and what may go wrong with the asking."""

from typing import Protocol

from policies.bindings.registered import Registered
from policies.bindings.spec import When
from policies.errors import RolloutError


class RegistryUnreachable(RolloutError):
    """A registry did not answer, or could not just then: the same question may well be answered a little later."""

    code = "registry_unreachable"


class RegistryRefused(RolloutError):
    """A registry turned us down, or its answer cannot be understood: asking again will not help before somebody has looked."""

    code = "registry_refused"


class ModelRegistry(Protocol):
    """A registry, as far as Rollway asks it."""

    def find(self, model: str, when: When) -> Registered | None:
        """Return the version that is asked for as the registry has it now, or None when there is none.

        Raises:
            RegistryUnreachable: it did not answer.
            RegistryRefused: it turned us down.
            AwsError: likewise, where the registry is AWS's.
        """
        ...
