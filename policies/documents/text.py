"""From the bytes of a file to its text: UTF-8, or UTF-16 as PowerShell writes it, and never more than a limit."""

import codecs
import re
from pathlib import Path
from typing import Final

LARGEST: Final = 1024 * 1024
"""Bytes of a document; a fleet of five thousand endpoints has half of that."""
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""What YAML calls not printable."""


class Unreadable(ValueError):
    """Bytes that are no text.

    Attributes:
        where: the line and column where known, else ``(file)``.
        remedy: what to do about it.
    """

    def __init__(self, what: str, remedy: str = "", where: str = "(file)") -> None:
        super().__init__(what)
        self.where = where
        self.remedy = remedy


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """Read a file, and one byte at most more of it than is allowed: it may be a device, or a log.

    Raises:
        Unreadable: there is no such file.
    """
    try:
        with path.open("rb") as file:
            return file.read(largest + 1)
    except OSError as error:
        raise Unreadable(error.strerror or "cannot be read") from None
    except ValueError:  # a NUL or half a character in the name
        raise Unreadable("this is not the name of a file") from None


def decode(content: bytes, largest: int = LARGEST) -> str:
    """Return the text of a file, without its byte order mark.

    Raises:
        Unreadable: it is too large; or with the line and column of the first thing that is no text.
    """
    if len(content) > largest:
        raise Unreadable(f"is larger than {largest:,} bytes", "give a file of the right kind")
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        whole = error.object[: error.start].decode(error.encoding, "ignore")
        raise Unreadable(
            f"is not text in {error.encoding.upper()}", "save it as UTF-8", place(whole, len(whole))
        ) from None
    control = find_control(text)
    if control is not None:
        remedy = "save it as UTF-8, without control characters"
        raise Unreadable("has a character that is not printable", remedy, place(text, control))
    return text


def decode_loosely(content: bytes, largest: int = LARGEST) -> str:
    """Return the text of a file of which only the part in ASCII counts; what is no text is replaced.

    Raises:
        Unreadable: it is too large.
    """
    if len(content) > largest:
        raise Unreadable(f"is larger than {largest:,} bytes", "give a file of the right kind")
    return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig", "replace")


def find_control(text: str) -> int | None:
    """Return the place of the first character that is not printable, half a character among them; None where there is none."""
    match = _NO_TEXT.search(text)
    return match.start() if match else None


def place(text: str, position: int) -> str:
    """Say in which line and column a position is; both count from 1."""
    before = text[:position]
    return f"line {before.count(chr(10)) + 1}, column {position - before.rfind(chr(10))}"


def show(value: object, longest: int = 60) -> str:
    """Return a value as a message quotes it: in one line, and short."""
    return shorten(repr(value[: longest + 1]) if isinstance(value, str) else repr(value), longest)


def shorten(text: str, longest: int = 600) -> str:
    """Return a text, or as much of it as a message may have."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
