"""From a notice to a message: a title, and a body in the forms that services take."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from policies.notices.notice import Level, Notice
from policies.values import Frozen

_PREFIX: Final = {Level.INFO: "", Level.WARNING: "", Level.CRITICAL: "CRITICAL: "}
_MARKUP: Final = re.compile(r"[\\`*\[<]|(?<!\w)_|_(?!\w)")
"""What would become markup in CommonMark as well as in what chats make of it. Escapes that only some of them know are no help."""


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
        markdown: the same in Markdown.
        html: the same in HTML.
    """

    title: str
    plain: str
    markdown: str
    html: str


def render(notice: Notice, links: Sequence[Link] = (), doubt: str = "") -> Message:
    """Write a notice down.

    Args:
        notice: the notice.
        links: where to look.
        doubt: why it may have been told before; empty on the first try.
    """
    title = f"{_PREFIX[notice.level]}{notice.headline}"
    forms = (_plain, _markdown, _html)
    plain, markdown, html = ("\n\n".join(filter(None, form(notice, links, doubt))) for form in forms)
    return Message(title, plain, markdown, html)


def render_text(title: str, text: str) -> Message:
    """Write a message down that tells of no event."""
    return Message(title, text, _literal(text), f"<p>{escape(text)}</p>")


def _plain(notice: Notice, links: Sequence[Link], doubt: str) -> Iterator[str]:
    yield notice.reason
    yield "\n".join(notice.numbers)
    if notice.commands:
        yield "\n".join(["What to do:", *(f"  {command}" for command in notice.commands)])
    yield "\n".join(f"{link.name}: {link.place}" for link in links)
    yield doubt


def _markdown(notice: Notice, links: Sequence[Link], doubt: str) -> Iterator[str]:
    yield _literal(notice.reason)
    yield _bullets(map(_literal, notice.numbers))
    if notice.commands:
        yield "What to do:"
        yield _bullets(f"`{command}`" for command in notice.commands)
    yield _bullets(map(_point, links))
    yield _literal(doubt)


def _html(notice: Notice, links: Sequence[Link], doubt: str) -> Iterator[str]:
    yield f"<p>{escape(notice.reason)}</p>" if notice.reason else ""
    yield _list(map(escape, notice.numbers))
    if notice.commands:
        yield "<p>What to do:</p>" + _list(f"<code>{escape(command)}</code>" for command in notice.commands)
    yield _list(map(_anchor, links))
    yield f"<p>{escape(doubt)}</p>" if doubt else ""


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _list(items: Iterable[str]) -> str:
    told = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{told}</ul>" if told else ""


def _is_address(link: Link) -> bool:
    return link.place.startswith(("http://", "https://"))


def _point(link: Link) -> str:
    return f"[{link.name}](<{link.place}>)" if _is_address(link) else f"{link.name}: `{link.place}`"


def _anchor(link: Link) -> str:
    name, place = escape(link.name), escape(link.place)
    return f'<a href="{place}">{name}</a>' if _is_address(link) else f"{name}: <code>{place}</code>"


def _literal(text: str) -> str:
    """Let nothing in a person's words, or in a model's name, become markup."""
    return _MARKUP.sub(r"\\\g<0>", text)
