"""Matching of actions and ARNs by IAM's wildcards: ``*`` for any text, ``?`` for one character."""

import re
from functools import lru_cache
from typing import Final

EVERY: Final = "*"
_PARTS: Final = 6
"""An ARN's parts between colons: ``arn``, partition, service, Region, account and resource, which may hold further colons."""


def is_like(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern; upper and lower case differ."""
    return _compile(pattern).fullmatch(text) is not None


def covers_action(pattern: str, action: str) -> bool:
    """Whether a pattern covers an action, for example ``s3:Get*`` and ``s3:GetObject``; upper and lower case are alike."""
    return is_like(pattern.lower(), action.lower())


def covers_resource(pattern: str, arn: str) -> bool:
    """Whether a pattern of a statement's ``Resource`` covers a resource.

    A ``*`` at the end of a part between colons may run on over them: ``arn:aws:s3:*`` covers every bucket. ``*`` alone covers every
    resource, and nothing else covers ``*``, which stands for an action that names no resource.
    """
    if EVERY in {pattern, arn}:
        return pattern == EVERY
    return _compile_resource(pattern).fullmatch(arn) is not None


def is_arn_like(pattern: str, arn: str) -> bool:
    """Whether an ARN matches one in a condition: a wildcard never reaches over the colon between two parts, except within the last one."""
    patterns, parts = pattern.split(":", _PARTS - 1), arn.split(":", _PARTS - 1)
    return len(patterns) == len(parts) and all(map(is_like, patterns, parts))


@lru_cache(maxsize=4096)
def _compile_resource(pattern: str) -> re.Pattern[str]:
    parts = pattern.split(":", _PARTS - 1)
    bounded = [
        re.sub(r"\\\*$", ".*", re.escape(part)).replace(r"\*", "[^:]*").replace(r"\?", "[^:]")
        for part in parts[: _PARTS - 1]
    ]
    free = [re.escape(part).replace(r"\*", ".*").replace(r"\?", ".") for part in parts[_PARTS - 1 :]]
    return re.compile(":".join([*bounded, *free]), re.DOTALL)


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
