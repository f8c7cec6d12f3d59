"""MLflow's webhooks (open source, from 3.3): signed over delivery id, time and body; a repeated try keeps all three.

Its own "test" sends made-up names (``example_model``) and cannot be told from the rest: the handler looks the model up.
"""

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
    not_understood,
    stale,
    unsigned,
)
from rollway.webhooks.senders.signing import (
    TOLERANCE_S,
    as_bytes,
    base64_of,
    is_any,
    is_near,
    read_seconds,
    read_time,
    sign,
)

ID: Final = "x-mlflow-delivery-id"
TIME: Final = "x-mlflow-timestamp"
SIGNATURE: Final = "x-mlflow-signature"
HEADERS: Final = (ID, TIME, SIGNATURE)


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


def read(delivery: Delivery, secrets: Sequence[str]) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body is not MLflow's.
    """
    refusal = _check(delivery, secrets)
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


def _check(delivery: Delivery, secrets: Sequence[str]) -> Refusal | None:
    given = [delivery.headers.get(name, "") for name in HEADERS]
    if not all(given):
        return unsigned(", ".join(HEADERS))
    identity, time, signature = map(as_bytes, given)
    signed = (b"v1," + base64_of(sign(each.encode(), identity, time, delivery.body)) for each in secrets)
    if not is_any(signature, signed):
        return forged()
    sent_at = read_seconds(given[1])
    if sent_at is None:
        return not_understood(f"{TIME} is no time")
    return None if is_near(sent_at, delivery.at) else stale(TOLERANCE_S)


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
