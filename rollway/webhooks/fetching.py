"""Getting something small from a URL that a stranger may have named: no redirects, little time, few bytes."""

import time
from typing import Final

import httpx

from rollway.webhooks.senders.certificates import Unavailable

_MOST_BYTES: Final = 65_536
_MOST_S: Final = 8.0
_SILENCE_S: Final = 4.0
_PLAIN: Final = {"accept-encoding": "identity"}
"""Nothing is unpacked, so nothing can be longer than it came."""


def fetch(url: str) -> bytes:
    """Return what is at a URL.

    Raises:
        Unavailable: there is nothing, it leads elsewhere, is too long or takes too long.
    """
    until = time.monotonic() + _MOST_S
    found = b""
    try:
        with httpx.stream("GET", url, headers=_PLAIN, timeout=_SILENCE_S, follow_redirects=False) as answer:
            if not answer.is_success:
                raise Unavailable(f"the answer has status {answer.status_code}")
            for part in answer.iter_raw(chunk_size=8192):
                found += part
                if len(found) > _MOST_BYTES:
                    raise Unavailable(f"the answer is longer than {_MOST_BYTES} bytes")
                if time.monotonic() > until:
                    raise Unavailable(f"the answer takes longer than {_MOST_S:g} s")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"there is no answer: {type(error).__name__}") from error
    return found
