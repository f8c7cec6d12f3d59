"""Filters, sorts and cuts the answers of SageMaker's List operations.

A page token remembers the last item given, so a listing stays right when items come and go between its pages.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request

DEFAULT_PAGE = 10


class Listed(Protocol):
    """What every listed resource has."""

    @property
    def name(self) -> str:
        """The resource's name."""
        ...

    @property
    def created(self) -> datetime:
        """When it was created, in UTC."""
        ...


_T = TypeVar("_T", bound=Listed)
Key = tuple[float | str, str]
"""What a listing is sorted by: the chosen value, then the name."""


@dataclass(frozen=True)
class Page(Generic[_T]):
    """One page of a listing and, if there is more, the token for the next."""

    items: Sequence[_T]
    next_token: str | None

    def answer(self, member: str, summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the List operation's answer: the summaries under ``member``, and the token."""
        token = {} if self.next_token is None else {"NextToken": self.next_token}
        return {member: list(summaries), **token}


def cut_page(items: Sequence[_T], request: Request) -> Page[_T]:
    """Return the page that a List request asks for: newest first and ten at a time unless it says otherwise.

    Raises:
        Refusal: ``ValidationException`` for a token that did not come from here.
    """
    keyed = [(_key(item, request.get("SortBy", "CreationTime")), item) for item in items if _wanted(item, request)]
    descending = request.get("SortOrder", "Descending") == "Descending"
    keyed.sort(key=lambda pair: pair[0], reverse=descending)
    if token := request.get("NextToken"):
        last = _read_token(token)
        keyed = [(key, item) for key, item in keyed if (key < last if descending else key > last)]
    size = int(request.get("MaxResults") or DEFAULT_PAGE)
    more = len(keyed) > size
    return Page([item for _, item in keyed[:size]], _write_token(keyed[size - 1][0]) if more else None)


def _wanted(item: Listed, request: Request) -> bool:
    # AWS documents the filters; that they exclude their bound is how the simulator reads "before" and "after".
    return (
        request.get("NameContains", "") in item.name
        and request.get("StatusEquals") in (None, getattr(item, "status", None))
        and _within(item.created, request, "CreationTime")
        and _within(getattr(item, "modified", item.created), request, "LastModifiedTime")
    )


def _within(moment: datetime, request: Request, member: str) -> bool:
    after, before = request.get(f"{member}After"), request.get(f"{member}Before")
    return (after is None or moment > _utc(after)) and (before is None or moment < _utc(before))


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _key(item: Listed, sort_by: str) -> Key:
    if sort_by == "Name":
        return (item.name, item.name)
    if sort_by == "Status":
        return (str(getattr(item, "status", "")), item.name)
    return (item.created.timestamp(), item.name)


def _write_token(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read_token(token: str) -> Key:
    try:
        value, name = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, TypeError) as error:
        raise invalid("Invalid pagination token.") from error
    return (value, name)
