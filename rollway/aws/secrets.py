"""Secrets in Secrets Manager: the present one and the one before, so that both hold while a sender is told the new one."""

from typing import Final

from policies.errors import NotFound
from rollway.aws.errors import translating
from rollway.aws.session import Aws

_STAGES: Final = ("AWSCURRENT", "AWSPREVIOUS")


def read_secrets(aws: Aws, arn: str) -> tuple[str, ...]:
    """Return a secret's present text and its previous one, where there is one.

    Raises:
        NotFound: there is no such secret, or it holds bytes.
        AwsError: AWS turned the request down.
    """
    current, previous = (_read(aws, arn, stage) for stage in _STAGES)
    if not current:
        raise NotFound(f"secret {arn} has no text", operation="GetSecretValue", hint="Store the secret as plain text.")
    return (current, previous) if previous else (current,)


def _read(aws: Aws, arn: str, stage: str) -> str:
    try:
        with translating("GetSecretValue", f"secret {arn}"):
            answer = aws.secretsmanager.get_secret_value(SecretId=arn, VersionStage=stage)
    except NotFound:
        if stage == _STAGES[0]:
            raise
        return ""
    return str(answer.get("SecretString", ""))
