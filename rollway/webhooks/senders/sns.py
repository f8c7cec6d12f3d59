"""SNS over HTTPS: a JSON envelope, signed with a certificate whose place it names, around an event of EventBridge.

What a message names is trusted only after it was checked against the topics that the user allows: a certificate and a subscription URL have
to lie with SNS in the topic's own Region.
"""

import base64
import re
from collections.abc import Collection
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from pydantic import BaseModel, Field

from rollway.webhooks.senders.certificates import Certificates, Unavailable, Untrusted
from rollway.webhooks.senders.delivery import (
    Confirmation,
    Delivery,
    Ignored,
    Reading,
    Refusal,
    forged,
    not_understood,
    stale,
)
from rollway.webhooks.senders.model_packages import read_event

TYPE: Final = "x-amz-sns-message-type"
HEADERS: Final = (TYPE,)
TOPIC: Final = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):sns:(?P<region>[a-z0-9-]{4,30}):[0-9]{12}:[\w-]{1,256}"
)

_OLDEST_S: Final = 3600
_AHEAD_S: Final = 300
_RETRY_S: Final = 30
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_HASHES: Final = {"1": SHA1, "2": SHA256}
_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class Message(BaseModel):
    """SNS's envelope, with the fields that are signed or needed."""

    Type: str
    MessageId: str
    TopicArn: str
    Message: str
    Timestamp: str
    SignatureVersion: str
    Signature: str
    SigningCertURL: str = Field(max_length=1024)
    Subject: str | None = None
    SubscribeURL: str | None = Field(default=None, max_length=4096)
    Token: str | None = None


def read(delivery: Delivery, topics: Collection[str], certificates: Certificates) -> Reading:
    """Check who sent it and read it.

    Args:
        delivery: what arrived.
        topics: ARNs of the topics that may send.
        certificates: has SNS's certificates.

    Raises:
        ValidationError: the body is not SNS's, or its message no event of EventBridge.
    """
    message = Message.model_validate_json(delivery.body)
    refusal = _check_place(message, topics) or _check_time(message, delivery.at)
    refusal = refusal or _check_signature(message, certificates, delivery.at)
    if refusal:
        return refusal
    match message.Type:
        case "Notification":
            return read_event(message.Message, delivery.at)
        case "SubscriptionConfirmation":
            return _read_confirmation(message)
        case _:
            return Ignored("the subscription has ended")


def _check_place(message: Message, topics: Collection[str]) -> Refusal | None:
    if message.Type not in _SIGNED or message.SignatureVersion not in _HASHES:
        return not_understood("an unknown Type or SignatureVersion")
    if message.TopicArn not in topics:
        return Refusal(
            403, "wrong_topic", "the topic is not one of those that are allowed here", "rollway serve --topic ARN"
        )
    url = urlsplit_or_none(message.SigningCertURL)
    if url is None or not _is_sns(url, message.TopicArn) or url[3] or not _CERTIFICATE.fullmatch(url[2]):
        return Refusal(403, "wrong_certificate_url", "the certificate does not lie with SNS in the topic's Region")
    return None


def _check_time(message: Message, now: datetime) -> Refusal | None:
    try:
        age_s = (now - datetime.fromisoformat(message.Timestamp)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return not_understood("Timestamp")
    return None if -_AHEAD_S <= age_s <= _OLDEST_S else stale(_OLDEST_S)


def _check_signature(message: Message, certificates: Certificates, now: datetime) -> Refusal | None:
    try:
        signature = base64.b64decode(message.Signature, validate=True)
        key = certificates.key(message.SigningCertURL, _names(message.TopicArn), now)
        key.verify(signature, string_to_sign(message), PKCS1v15(), _HASHES[message.SignatureVersion]())
    except Unavailable as error:
        return Refusal(503, error.code, "SNS's certificate cannot be fetched now", retry_after_s=_RETRY_S)
    except Untrusted as error:
        return Refusal(403, error.code, str(error))
    except (InvalidSignature, ValueError):  # Base64 has several errors, all of this kind
        return forged()
    return None


def string_to_sign(message: Message) -> bytes:
    """Return what SNS signs: the type's fields by name, each name and value on a line of its own."""
    fields = ((name, getattr(message, name)) for name in _SIGNED[message.Type])
    return "".join(f"{name}\n{value}\n" for name, value in fields if value is not None).encode()


def host_of(topic: str) -> str:
    """Return SNS's host in a topic's Region; nothing for what is no topic."""
    match = TOPIC.fullmatch(topic)
    return f"sns.{match['region']}.amazonaws.com{'.cn' if match['partition'] == 'aws-cn' else ''}" if match else ""


def urlsplit_or_none(text: str) -> tuple[str, str, str, str] | None:
    """Return a URL's scheme, host with port and user, path, and query with fragment; None for what is no URL."""
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    return url.scheme, url.netloc, url.path, url.query + url.fragment


def _is_sns(url: tuple[str, str, str, str], topic: str) -> bool:
    """Say whether a URL leads to SNS in a topic's Region, with nothing around it: no port, no user."""
    return url[:2] == ("https", host_of(topic))


def _names(topic: str) -> tuple[str, ...]:
    """Return whom SNS's certificates are issued to: differs by Region (the AWS SDK for Java keeps the same list)."""
    host = host_of(topic)
    regional = host.removeprefix("sns.")
    return ("sns.amazonaws.com", host, f"sns-signing.{regional}", f"sns-{regional}")


def _read_confirmation(message: Message) -> Confirmation | Refusal:
    url = urlsplit_or_none(message.SubscribeURL or "")
    asked = parse_qs(url[3]) if url else {}
    is_right = asked.get("Action") == ["ConfirmSubscription"] and asked.get("TopicArn") == [message.TopicArn]
    if url is None or not _is_sns(url, message.TopicArn) or url[2] not in {"", "/"} or not is_right:
        return Refusal(403, "wrong_subscribe_url", "the subscription is not confirmed with SNS in the topic's Region")
    return Confirmation(message.SubscribeURL or "")
