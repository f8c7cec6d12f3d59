"""Which HTTP requests the sandbox answers: those of programs on this machine, never those of a web page.

Any page that a browser shows can send requests to loopback ports: forms and images need no permission, and a page whose name its owner
points at 127.0.0.1 (DNS rebinding) counts as the same origin. Every server of the sandbox therefore asks here before it does anything.
"""

import re
from collections.abc import Mapping
from typing import Final

MARKS: Final = ("origin", "referer", "sec-fetch-site", "sec-fetch-dest")
"""Headers that browsers add by themselves, that a page cannot take away, and that no AWS client sends.

``sec-fetch-mode`` is not among them: Node.js sends it too, and no browser sends it alone.
"""

_BROWSER_AGENT: Final = "Mozilla/"  # how every browser's User-Agent begins, also of those that send none of the marks
_LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)


def find_refusal(method: str, headers: Mapping[str, str]) -> str | None:
    """Return why a request is refused, or None for one that may be answered.

    Args:
        method: the HTTP method.
        headers: all headers; names in lower case.
    """
    host = headers.get("host", "")
    if not _LOOPBACK.fullmatch(host):
        return _refused(f"its Host is {host!r}", "Use 127.0.0.1, localhost or [::1].")
    if method == "OPTIONS":
        return _refused("OPTIONS asks whether a web page may send a request", "None may.")
    for mark in MARKS:
        if mark in headers:
            return _refused(f"it has the header {mark}: {headers[mark]}, so a browser sent it", "Use an AWS client.")
    agent = headers.get("user-agent", "")
    if agent.startswith(_BROWSER_AGENT):
        return _refused(f"its User-Agent is a browser's, {agent!r}", "Use an AWS client.")
    return None


def _refused(why: str, remedy: str) -> str:
    return f"The sandbox answers programs on this machine only. This request is refused: {why}. {remedy}"
