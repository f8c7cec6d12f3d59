"""Cuts the answers of the List operations into pages. A token is the key of the last item given, so it is never invalid."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from rollway.sandbox.sagemaker.constraints import Request

MOST: Final = 100

_T = TypeVar("_T")


def cut_page(items: Mapping[str, _T], request: Request) -> tuple[Sequence[_T], Mapping[str, str]]:
    """Return the page that a request asks for, sorted by key, and the ``NextToken`` member if there is more."""
    after, most = request.get("NextToken") or "", int(request.get("MaxResults") or MOST)
    keys = sorted(key for key in items if key > after)
    page = keys[:most]
    return [items[key] for key in page], {"NextToken": page[-1]} if len(keys) > most else {}
