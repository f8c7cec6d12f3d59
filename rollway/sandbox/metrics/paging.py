"""Tokens that carry a request's next page: opaque to the caller, without state here.

A token holds where to go on and a fingerprint of the request, so that it cannot be used with another one.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from hashlib import blake2s
from typing import Any

from rollway.sandbox.errors import Refusal


def next_token(request: Mapping[str, Any], position: Mapping[str, int]) -> str:
    """Return the token with which the same request goes on from a position."""
    return urlsafe_b64encode(json.dumps([_fingerprint(request), dict(position)]).encode()).decode()


def position_in(request: Mapping[str, Any], error_code: str) -> dict[str, int] | None:
    """Return the position that the request's ``NextToken`` carries, or None when it asks for the first page.

    Raises:
        Refusal: with ``error_code``, when the token was not given out for this request.
    """
    token = request.get("NextToken")
    if not token:
        return None
    position: dict[str, int] = {}
    try:
        fingerprint, position = json.loads(urlsafe_b64decode(token))
    except (NotBase64, ValueError, TypeError):
        fingerprint = None
    if fingerprint != _fingerprint(request):
        raise Refusal(
            error_code,
            f"The NextToken {token} was not returned by this request: send the same request, or start again without.",
        )
    return position


def _fingerprint(request: Mapping[str, Any]) -> str:
    content = {name: value for name, value in request.items() if name not in {"NextToken", "MaxDatapoints"}}
    return blake2s(json.dumps(content, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()
