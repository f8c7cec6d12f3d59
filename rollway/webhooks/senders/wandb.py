"""Webhook automations of Weights & Biases: signed over the body alone, or only with a bearer token; no id and no time.

Their body is whatever the user writes; docs/how-to/receive-registry-events.md has the template that is read here. An event is named by its
content until something else was said: an alias that comes back to a version says what it said before, and is another event.

W&B's ``${artifact_version_string}`` ends in an alias, which is not a version: it is refused, with the variable that is one.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import BaseModel, Field

from policies.bindings.event import Happening, Registry, RegistryEvent
from policies.bindings.immutable import is_immutable
from rollway.webhooks.senders.delivery import Accepted, Delivery, Ignored, Reading, Refusal, forged, moving, unsigned
from rollway.webhooks.senders.signing import SHA256_BASE64, as_bytes, base64_of, is_any, name_by_content, sign

TOKEN: Final = "authorization"  # noqa: S105 - the header's name
SIGNATURE: Final = "x-wandb-signature"
HEADERS: Final = (TOKEN, SIGNATURE)

_FORM: Final = re.compile(rf"{SHA256_BASE64}|(sha256=)?[0-9a-f]{{64}}")
_BEARER: Final = re.compile(r"[Bb]earer +(\S+)")
_HAPPENINGS: Final = {
    "LINK_ARTIFACT": Happening.VERSION_CREATED,
    "LINK_MODEL": Happening.VERSION_CREATED,
    "CREATE_ARTIFACT": Happening.VERSION_CREATED,
    "ADD_ARTIFACT_ALIAS": Happening.ALIAS_SET,
    "ADD_ARTIFACT_TAG": Happening.TAG_SET,
}


class Body(BaseModel):
    """What the template makes W&B send.

    Attributes:
        event_type: ``${event_type}``.
        model: the collection, ``${artifact_collection_name}``.
        version: ``${artifact_version}``, the id of one version; or a name that ends in the version's number, such as ``fraud:v7``.
        alias: ``${alias}``, in an automation for aliases.
        tag: ``${tag}``, in an automation for tags.
    """

    event_type: str
    model: str = Field(min_length=1)
    version: str = ""
    alias: str = ""
    tag: str = ""


def check_headers(delivery: Delivery, secrets: Sequence[str]) -> Refusal | None:
    """Refuse what has no signature in one of its forms and, where there is none, not the token."""
    signature = delivery.headers.get(SIGNATURE, "")
    if signature:
        return None if _FORM.fullmatch(signature) else forged()
    bearer = _BEARER.fullmatch(delivery.headers.get(TOKEN, ""))
    if bearer is None:
        return unsigned(f"{SIGNATURE}, or {TOKEN} with a bearer token")
    return None if is_any(as_bytes(bearer[1]), (each.encode() for each in secrets)) else forged()


def read(delivery: Delivery, secrets: Sequence[str]) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body is not what the template makes.
    """
    refusal = check_headers(delivery, secrets) or _check_signature(delivery, secrets)
    if refusal:
        return refusal
    body = Body.model_validate_json(delivery.body)
    happening = _HAPPENINGS.get(body.event_type)
    if happening is None:
        return Ignored("nothing to do for this type of event")
    if body.version and not is_immutable(Registry.WANDB, body.version):
        return moving(Registry.WANDB, body.version)
    label = {Happening.ALIAS_SET: body.alias, Happening.TAG_SET: body.tag}.get(happening, "")
    event = RegistryEvent(
        registry=Registry.WANDB,
        id=name_by_content(delivery.body),
        named_by="content",
        happening=happening,
        model=body.model,
        version=body.version,
        label=label,
        at=delivery.at,
    )
    return Accepted((event,))


def _check_signature(delivery: Delivery, secrets: Sequence[str]) -> Refusal | None:
    """Check the signature where there is one; otherwise the token has proven it."""
    signature = delivery.headers.get(SIGNATURE, "")
    proven = not signature or is_any(as_bytes(signature), _signatures(delivery.body, secrets))
    return None if proven else forged()


def _signatures(body: bytes, secrets: Sequence[str]) -> Iterable[bytes]:
    """Yield the spellings of the signature that are in use: their documentation says Base64, receivers in the field expect hex."""
    for secret in secrets:
        raw = sign(secret.encode(), body)
        yield base64_of(raw)
        yield raw.hex().encode()
        yield b"sha256=" + raw.hex().encode()
