"""What models and endpoint configurations have in common: named once, never changed, given back as they were given.

Endpoints are not kept here: they change.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request
from rollway.sandbox.sagemaker.names import Arns
from rollway.sandbox.sagemaker.tags import Tags


@dataclass(frozen=True)
class Account:
    """What every kind of resource needs to know about the account it lives in."""

    clock: Clock
    arns: Arns
    tags: Tags


@dataclass(frozen=True)
class Resource:
    """An immutable resource: its request, kept whole apart from the tags."""

    name: str
    arn: str
    created: datetime
    content: Mapping[str, Any]


_RESOURCES = TypeAdapter(dict[str, Resource])


class Shelf:
    """The resources of one kind, by name. Creation is atomic, so of two creators of a name one is refused."""

    def __init__(self, noun: str, arn_of: Callable[[str], str], account: Account) -> None:
        """``noun`` is how AWS's messages call the kind, for example ``endpoint configuration``."""
        self._noun = noun
        self._arn_of = arn_of
        self._account = account
        self._lock = threading.Lock()
        self._kept: dict[str, Resource] = {}

    def add(self, name: str, request: Request) -> Resource:
        """Keep a new resource and its tags.

        Raises:
            Refusal: ``ValidationException`` when the name is taken, or for too many tags.
        """
        arn = self._arn_of(name)
        content = {member: value for member, value in request.items() if member != "Tags" and value is not None}
        resource = Resource(name, arn, self._account.clock.now(), content)
        with self._lock:
            if name in self._kept:
                raise invalid(f'Cannot create already existing {self._noun} "{arn}".')
            self._account.tags.attach(arn, request.get("Tags"))
            self._kept[name] = resource
        return resource

    def get(self, name: str) -> Resource:
        """Return a resource.

        Raises:
            Refusal: ``ValidationException`` "Could not find ...": SageMaker's way to say not found.
        """
        found = self._kept.get(name)
        if found is None:
            raise invalid(f'Could not find {self._noun} "{self._arn_of(name)}".')
        return found

    def remove(self, name: str) -> None:
        """Delete a resource, in use or not: AWS warns against the former but does not stop anybody.

        Raises:
            Refusal: ``ValidationException`` when there is none.
        """
        with self._lock:
            resource = self.get(name)
            del self._kept[name]
        self._account.tags.forget(resource.arn)

    def all(self) -> list[Resource]:
        """Return every resource, in no promised order."""
        return list(self._kept.values())

    def export(self) -> object:
        """Return everything kept, JSON-able."""
        return _RESOURCES.dump_python(dict(self._kept), mode="json")

    def restore(self, state: object) -> None:
        """Replace everything kept by an exported state."""
        self._kept = _RESOURCES.validate_python(state)
