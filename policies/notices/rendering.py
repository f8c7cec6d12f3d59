"""From a notice to a message: a title, and a body in plain text and in HTML.

Apprise makes each service's own Markdown from the HTML; what a person wrote is text in every form.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from policies.notices.notice import Level, Notice
from policies.values import Frozen

_PREFIX: Final = {Level.INFO: "", Level.WARNING: "", Level.CRITICAL: "CRITICAL: "}


class Link(Frozen):
    """Where to look.

    Attributes:
        name: what is there.
        place: an address, or a place in S3.
    """

    name: str
    place: str


@dataclass(frozen=True)
class Message:
    """A notice as it is sent.

    Attributes:
        title: its first line.
        plain: the rest, as plain text.
        html: the same in HTML.
    """

    title: str
    plain: str
    html: str


def render(notice: Notice, links: Sequence[Link] = (), doubt: str = "") -> Message:
    """Write a notice down.

    Args:
        notice: the notice.
        links: where to look.
        doubt: why it may have been told before; empty on the first try.
    """
    title = f"{_PREFIX[notice.level]}{notice.headline}"
    plain, html = ("\n\n".join(filter(None, form(notice, links, doubt))) for form in (_plain, _html))
    return Message(title, plain or title, html or f"<p>{escape(title)}</p>")  # no service takes an empty body


def render_text(title: str, text: str) -> Message:
    """Write a message down that tells of no event."""
    return Message(title, text, f"<p>{escape(text)}</p>")


def _plain(notice: Notice, links: Sequence[Link], doubt: str) -> Iterator[str]:
    yield notice.reason
    yield "\n".join(notice.numbers)
    if notice.commands:
        yield "\n".join(["What to do:", *(f"  {command}" for command in notice.commands)])
    yield "\n".join(f"{link.name}: {link.place}" for link in links)
    yield doubt


def _html(notice: Notice, links: Sequence[Link], doubt: str) -> Iterator[str]:
    yield f"<p>{escape(notice.reason)}</p>" if notice.reason else ""
    yield _list(map(escape, notice.numbers))
    if notice.commands:
        yield "<p>What to do:</p>" + _list(f"<code>{escape(command)}</code>" for command in notice.commands)
    yield _list(map(_anchor, links))
    yield f"<p>{escape(doubt)}</p>" if doubt else ""


def _list(items: Iterable[str]) -> str:
    told = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{told}</ul>" if told else ""


def _anchor(link: Link) -> str:
    name, place = escape(link.name), escape(link.place)
    linked = link.place.startswith(("http://", "https://"))
    return f'<a href="{place}">{name}</a>' if linked else f"{name}: <code>{place}</code>"
