"""Secrets in addresses: filled in from the environment or from files, and kept out of everything that is logged or told."""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from policies.errors import Problem

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE: Final = "file:"
_PIECES: Final = (re.compile(r"[/?&\s]+"), re.compile(r"[/:@?&=,#\s]+"))
"""Where an address is taken apart, coarsely and finely: a password may hold what separates others."""
_SHORTEST: Final = 6
"""Characters from which on a piece of an address is taken for a secret; shorter ones are words such as https."""
_MASK: Final = "***"
_WHO_LOGS: Final = ("apprise", "urllib3.connectionpool", "urllib3.util.retry")
"""Loggers of those who may say where a message goes."""


def fill_in(address: str, where: str) -> str | list[Problem]:
    """Return an address with its secrets filled in, or what keeps it from being complete.

    A secret that is only a part of the address is percent-encoded, so that a password may hold any character.

    Args:
        address: the address, with secrets as ``${VARIABLE}`` or ``${file:/path}``.
        where: the address's place in the file, for messages.
    """
    whole = _PLACEHOLDER.fullmatch(address.strip()) is not None
    found = {match[1]: _look_up(match[1], where) for match in _PLACEHOLDER.finditer(address)}
    problems = [value for value in found.values() if isinstance(value, Problem)]
    if problems:
        return problems

    def fill(match: re.Match[str]) -> str:
        secret = str(found[match[1]])
        return secret if whole else quote(secret, safe="")

    return _PLACEHOLDER.sub(fill, address.strip())


def _look_up(name: str, where: str) -> str | Problem:
    if name.startswith(_FILE):
        path = name.removeprefix(_FILE)
        try:
            secret, what = Path(path).read_text("utf-8").strip(), f"file {path}"
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            return Problem(where, f"cannot read file {path}: {why}")
    elif _VARIABLE.fullmatch(name):
        secret, what = os.environ.get(name, "").strip(), f"variable {name}"
    else:
        return Problem(where, "holds a placeholder of no known form", "write ${VARIABLE} or ${file:/path}")
    return secret or Problem(where, f"{what} is empty or not set", "it shall hold the secret")


class Mask(logging.Filter):
    """Takes the pieces of addresses out of texts. As a filter, out of what others log.

    Attributes:
        pieces: what is taken out, the longest first.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        super().__init__()
        self.pieces = sorted({piece for address in addresses for piece in _pieces(address)}, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """Return a text without any piece of an address in it."""
        for piece in self.pieces:
            text = text.replace(piece, _MASK)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass, with nothing in it that is secret. Python calls it."""
        told = record.getMessage()
        hidden = self.hide(told)
        if hidden != told:
            record.msg, record.args = hidden, ()
        if record.exc_info and record.name == "apprise":
            record.exc_info, record.exc_text = None, None  # a traceback may quote the address
        return True

    def put_on(self) -> None:
        """Filter from now on what the parts say that know the addresses."""
        for logger in map(logging.getLogger, _WHO_LOGS):
            if not any(isinstance(each, Mask) and each.pieces == self.pieces for each in logger.filters):
                logger.addFilter(self)


def _pieces(address: str) -> Iterator[str]:
    for piece in (address, *(piece for way in _PIECES for piece in way.split(address))):
        yield from (form for form in {piece, unquote(piece), quote(unquote(piece), safe="")} if len(form) >= _SHORTEST)
