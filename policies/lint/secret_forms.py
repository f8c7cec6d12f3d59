"""Telling secrets among environment variables by their names, and by the known forms of their values."""

import re
from typing import Final

_NAME: Final = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY(?:_ID)?|SECRET_?KEY|PRIVATE_?KEY|CREDENTIALS?)(?:_|$)"
)
_REFERENCE: Final = re.compile(r"_(?:ARN|NAME|ID|PATH|FILE|DIR|URL|URI|LOCATION|REF|TTL|HEADER|LENGTH|LIMIT)$")
"""How names end that lead to a secret instead of holding it."""
_ELSEWHERE: Final = re.compile(r"arn:aws|/|\{\{resolve:|s3://|ssm:", re.IGNORECASE)
_HARMLESS: Final = re.compile(r"|[\d.]+|true|false|none|null|yes|no", re.IGNORECASE)
_FORMS: Final = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "a Slack token": re.compile(r"\bxox[abposr]-[\w-]{10,}"),
    "an API key": re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"),
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."),
    "an address with a password": re.compile(r"\w+://[^/\s:@]+:[^/\s:@]+@"),
}


def looks_secret(name: str, value: object) -> str:
    """Say by what an environment variable looks like a secret, without repeating its value; an empty text when it does not."""
    if not isinstance(value, str):
        return ""
    for form, pattern in _FORMS.items():
        if pattern.search(value):
            return f"its value has the form of {form}"
    words = _split_words(name)
    if not _NAME.search(words) or (_REFERENCE.search(words) and "ACCESS_KEY_ID" not in words):
        return ""
    if _HARMLESS.fullmatch(value) or _ELSEWHERE.match(value):
        return ""
    return "its name says so"


def _split_words(name: str) -> str:
    """Write a name in capitals with underscores: ``apiKey`` and ``api-key`` become ``API_KEY``."""
    return re.sub(r"[-.]", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).upper()
