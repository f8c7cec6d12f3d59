"""The doors of the receiver: one path for each sender, there only where the user has set the sender up."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from pydantic import BaseModel, ValidationError

from policies.errors import RolloutError
from rollway.notices.signing import SENDER
from rollway.secrets import Secrets
from rollway.webhooks.senders import eventbridge, generic, hugging_face, mlflow, model_packages, sns, wandb
from rollway.webhooks.senders.certificates import Certificates
from rollway.webhooks.senders.delivery import Delivery, Reading, Refusal, malformed

SENDERS: Final = ("mlflow", "wandb", "huggingface", "generic", "eventbridge")
"""Senders that have a secret."""

SECRETS: Final = (*SENDERS, SENDER)
"""Everything that has a secret: the senders, and the links by which people answer."""

JSON: Final = frozenset({"application/json"})
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True)
class Door:
    """Where one sender comes in.

    Attributes:
        sender: its name, which is also the path.
        is_open: says whether it is set up.
        check_headers: refuses what the headers alone rule out, before the body is waited for; never raises. ``read`` checks the same again.
        read: checks a delivery and reads it; never raises.
        headers: what it goes by, in lower case; refused when there twice.
        media: content types that it takes.
        body: the form of its body.
        fetches: whether reading may fetch something, and so take a while.
    """

    sender: str
    is_open: Callable[[], bool]
    check_headers: Callable[[Delivery], Refusal | None]
    read: Callable[[Delivery], Reading]
    headers: tuple[str, ...]
    body: type[BaseModel]
    media: frozenset[str] = JSON
    fetches: bool = False


def make_doors(
    secrets: Secrets, topics: Collection[str], certificates: Certificates, key_header: str = eventbridge.HEADER
) -> tuple[Door, ...]:
    """Return every door, also those that are not open.

    Args:
        secrets: of the senders.
        topics: ARNs of the SNS topics that may send.
        certificates: has SNS's certificates.
        key_header: the header with EventBridge's key.

    Raises:
        RolloutError: a topic or the header is none.
    """
    _check(topics, key_header)
    header = key_header.lower()
    bridge = _Checks(partial(eventbridge.check_headers, header=header), partial(eventbridge.read, header=header))
    return (
        _signed("mlflow", secrets, _Checks(mlflow.check_headers, mlflow.read), mlflow.HEADERS, mlflow.Body),
        _signed("wandb", secrets, _Checks(wandb.check_headers, wandb.read), wandb.HEADERS, wandb.Body),
        _signed(
            "huggingface",
            secrets,
            _Checks(hugging_face.check_headers, hugging_face.read),
            hugging_face.HEADERS,
            hugging_face.Body,
        ),
        _signed("generic", secrets, _Checks(generic.check_headers, generic.read), generic.HEADERS, generic.Body),
        _signed("eventbridge", secrets, bridge, (header,), model_packages.Event),
        Door(
            sender="sns",
            is_open=lambda: bool(topics),
            check_headers=lambda _: None,  # SNS signs inside the body
            read=_total(lambda delivery: sns.read(delivery, topics, certificates)),
            headers=sns.HEADERS,
            body=sns.Message,
            media=JSON | {"text/plain"},
            fetches=True,
        ),
    )


class _Checks(NamedTuple):
    """What a sender's module checks: by the headers alone, and altogether."""

    check_headers: Callable[[Delivery, Sequence[str]], Refusal | None]
    read: Callable[[Delivery, Sequence[str]], Reading]


def _signed(
    sender: str,
    secrets: Secrets,
    checks: _Checks,
    headers: tuple[str, ...],
    body: type[BaseModel],
) -> Door:
    return Door(
        sender=sender,
        is_open=lambda: bool(secrets.of(sender)),
        check_headers=lambda delivery: checks.check_headers(delivery, secrets.of(sender)),
        read=_total(lambda delivery: checks.read(delivery, secrets.of(sender))),
        headers=headers,
        body=body,
    )


def _total(read: Callable[[Delivery], Reading]) -> Callable[[Delivery], Reading]:
    """Make a refusal of what cannot be read."""

    def total(delivery: Delivery) -> Reading:
        try:
            return read(delivery)
        except ValidationError as error:
            return malformed(error)

    return total


def _check(topics: Collection[str], key_header: str) -> None:
    for topic in topics:
        if not sns.TOPIC.fullmatch(topic):
            raise RolloutError(f"{topic!r} is no ARN of an SNS topic", hint="arn:aws:sns:REGION:ACCOUNT:NAME")
    if not _HEADER.fullmatch(key_header):
        raise RolloutError(f"{key_header!r} is no name of a header", hint="Letters, digits and dashes: X-Api-Key.")
