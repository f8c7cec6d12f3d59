"""MLflow's webhooks (open source, from 3.3): signed over delivery id, time and body; a repeated try keeps all three.

Its own "test" sends made-up names (``example_model``) and cannot be told from the rest: the handler looks the model up.
"""

import re
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, JsonValue

from policies.bindings.event import Happening, Registry, RegistryEvent
from rollway.webhooks.senders.delivery import (
    Accepted,
    Delivery,
    Ignored,
    Reading,
    Refusal,
    forged,
    unsigned,
)
from rollway.webhooks.senders.signing import (
    SHA256_BASE64,
    as_bytes,
    base64_of,
    check_time,
    is_any,
    read_time,
    sign,
)

ID: Final = "x-mlflow-delivery-id"
TIME: Final = "x-mlflow-timestamp"
SIGNATURE: Final = "x-mlflow-signature"
HEADERS: Final = (ID, TIME, SIGNATURE)
_FORM: Final = re.compile(f"v1,{SHA256_BASE64}")


class Body(BaseModel):
    """What MLflow sends; fields that are not needed are not looked at.

    Attributes:
        entity: what it is about, for example ``model_version_alias``.
        action: what happened to it, for example ``created``.
        timestamp: when, in ISO 8601.
        data: the rest; which fields, entity and action say.
    """

    entity: str
    action: str
    timestamp: str = ""
    data: dict[str, JsonValue] = {}


class _Version(BaseModel):
    name: str
    version: str


class _Alias(_Version):
    alias: str


class _Tag(_Version):
    key: str
    value: str


def check_headers(delivery: Delivery, _secrets: Sequence[str]) -> Refusal | None:
    """Refuse what is not signed at all, not in MLflow's form, or not now."""
    given = [delivery.headers.get(name, "") for name in HEADERS]
    if not all(given):
        return unsigned(", ".join(HEADERS))
    _, time, signature = given
    return check_time(time, TIME, delivery.at) if _FORM.fullmatch(signature) else forged()


def read(delivery: Delivery, secrets: Sequence[str]) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body is not MLflow's.
    """
    refusal = check_headers(delivery, secrets) or _check_signature(delivery, secrets)
    if refusal:
        return refusal
    body = Body.model_validate_json(delivery.body)
    happened = _read_data(body)
    if happened is None:
        return Ignored(f"nothing to do for {body.entity[:40]}.{body.action[:40]}")
    happening, about, label = happened
    return Accepted(
        (
            RegistryEvent(
                registry=Registry.MLFLOW,
                id=delivery.headers[ID],
                happening=happening,
                model=about.name,
                version=about.version,
                label=label,
                at=read_time(body.timestamp, delivery.at),
            ),
        )
    )


def _check_signature(delivery: Delivery, secrets: Sequence[str]) -> Refusal | None:
    identity, time, signature = (as_bytes(delivery.headers[name]) for name in HEADERS)
    signed = (b"v1," + base64_of(sign(each.encode(), identity, time, delivery.body)) for each in secrets)
    return None if is_any(signature, signed) else forged()


def _read_data(body: Body) -> tuple[Happening, _Version, str] | None:
    match body.entity, body.action:
        case "model_version", "created":
            return Happening.VERSION_CREATED, _Version.model_validate(body.data), ""
        case "model_version_alias", "created":
            alias = _Alias.model_validate(body.data)
            return Happening.ALIAS_SET, alias, alias.alias
        case "model_version_tag", "set":
            tag = _Tag.model_validate(body.data)
            return Happening.TAG_SET, tag, f"{tag.key}={tag.value}"
        case _:
            return None
