"""What senders prove themselves with: from the environment, a file or Secrets Manager; up to two at a time, so that they can be changed.

Files and Secrets Manager are read again and again. Where that fails, what was read before goes on holding: an event that is turned away may
be lost.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from policies.errors import PolicyError, Problem, RolloutError

_log = logging.getLogger(__name__)

SHORTEST: Final = 16
"""Characters of a secret; a shorter one can be guessed by whoever has seen a signed request."""
_MOST: Final = 2
_GENERATE: Final = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"

ReadStored = Callable[[str], Sequence[str]]
"""Reads the secret of an ARN in Secrets Manager: the present text, and the one before."""


class SecretsError(PolicyError):
    """Secrets that cannot be used: every problem with them, all at once."""

    code = "invalid_secrets"


class Secrets:
    """The secrets of every sender. May be shared between threads."""

    def __init__(self, senders: Iterable[str], read_stored: ReadStored) -> None:
        """Read every secret.

        Args:
            senders: their names.
            read_stored: reads Secrets Manager.

        Raises:
            SecretsError: with everything that is wrong with them.
        """
        self._senders = tuple(senders)
        self._read_stored = read_stored
        self._known: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        problems = self._read()
        if problems:
            raise SecretsError("the senders' secrets", problems)

    def of(self, sender: str) -> tuple[str, ...]:
        """Return a sender's secrets; none when it has none, so that its door is not there."""
        with self._lock:
            return self._known.get(sender, ())

    def refresh(self) -> tuple[Problem, ...]:
        """Read all of them again, and return what could not be read; that stays as it was."""
        problems = self._read()
        for problem in problems:
            _log.error("a secret cannot be read, and the one before holds: %s", problem)
        return problems

    def _read(self) -> tuple[Problem, ...]:
        problems: list[Problem] = []
        for sender in self._senders:
            found, wrong = self._read_one(sender)
            problems += wrong
            if not wrong:
                with self._lock:
                    self._known[sender] = found
        return tuple(problems)

    def _read_one(self, sender: str) -> tuple[tuple[str, ...], list[Problem]]:
        """Return a sender's secrets and what is wrong with them, which never repeats any."""
        prefix = f"ROLLWAY_{sender.upper()}_SECRET"
        ways = {name: value for name in _names(prefix) if (value := os.environ.get(name, "").strip())}
        places = {name.removeprefix(prefix).removesuffix("_2") for name in ways}
        if len(places) > 1:
            return (), [Problem(prefix, f"given in several ways: {', '.join(ways)}", "give it in one")]
        try:
            found = tuple(dict.fromkeys(self._get(prefix, ways)))
        except (OSError, UnicodeError, RolloutError) as error:
            told = str(error) if isinstance(error, RolloutError) else type(error).__name__
            return (), [Problem(next(iter(ways)), f"cannot be read: {told}", "check the place and the permissions")]
        if ways and not found:
            return (), [Problem(next(iter(ways)), "holds no secret", "one secret a line, two at most")]
        return found, [problem for each in found for problem in _check(next(iter(ways)), each)]

    def _get(self, prefix: str, ways: Mapping[str, str]) -> list[str]:
        if f"{prefix}_FILE" in ways:
            lines = Path(ways[f"{prefix}_FILE"]).read_text("utf-8").splitlines()
            return [line.strip() for line in lines if line.strip()][:_MOST]
        if f"{prefix}_ARN" in ways:
            return [each.strip() for each in self._read_stored(ways[f"{prefix}_ARN"]) if each.strip()][:_MOST]
        return list(ways.values())


def _names(prefix: str) -> tuple[str, ...]:
    return (prefix, f"{prefix}_2", f"{prefix}_FILE", f"{prefix}_ARN")


def _check(where: str, secret: str) -> list[Problem]:
    """Return what is wrong with a secret. Senders put it into headers or encode it, each in its own way: ASCII is safe in all."""
    problems: list[Problem] = []
    if len(secret) < SHORTEST:
        what = f"a secret of {len(secret)} characters, of {SHORTEST} at least"
        problems.append(Problem(where, what, _GENERATE))
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        what = "a secret with characters other than printable ASCII without spaces"
        problems.append(Problem(where, what, _GENERATE))
    return problems
