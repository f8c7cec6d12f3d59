"""Cuts the answers of the Describe operations into pages.

A token remembers how the last item given sorts, so a listing stays right when items come and go between its pages.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from rollway.sandbox.errors import Refusal, invalid
from rollway.sandbox.sagemaker.constraints import Request

MOST: Final = 50

_T = TypeVar("_T")
SortKey = tuple[str, ...]


def cut_page(
    items: Sequence[_T], request: Request, key: Callable[[_T], SortKey], most: int = MOST
) -> tuple[Sequence[_T], Mapping[str, Any]]:
    """Return the page that a request asks for, and the ``NextToken`` member if there is more.

    Args:
        items: everything, sorted by ``key``.
        request: its ``MaxResults`` and ``NextToken`` count.
        key: how an item sorts; no two items may sort alike.
        most: the largest page, and the usual one.

    Raises:
        Refusal: ``ValidationException`` for a page size out of range, ``InvalidNextTokenException``.
    """
    size = int(request.get("MaxResults") or most)
    if not 1 <= size <= most:
        raise invalid(f"MaxResults must be between 1 and {most}, not {size}.")
    if token := request.get("NextToken"):
        last = _read(token)
        items = [item for item in items if key(item) > last]
    page = items[:size]
    return page, {"NextToken": _write(key(page[-1]))} if len(items) > size else {}


def _write(key: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(token: str) -> SortKey:
    try:
        parts: object = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:  # not base64, not UTF-8, or not JSON
        raise _unknown() from error
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in cast("list[object]", parts)):
        raise _unknown()
    return tuple(cast("list[str]", parts))


def _unknown() -> Refusal:
    return Refusal("InvalidNextTokenException", "The next token supplied was invalid.")
