"""Hugging Face's webhooks: no signature, the secret itself in a header; no id and no time, so an event is named by its content.

A tag that is set is an alias; new content on ``main`` is a new version. A tag that is deleted and set again says what it said before, so
the content names an event only until something else was said: the inbox keeps that apart.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

from policies.bindings.event import Happening, Registry, RegistryEvent
from rollway.webhooks.senders.delivery import Accepted, Delivery, Ignored, Reading, Refusal
from rollway.webhooks.senders.signing import check_key, name_by_content

SECRET: Final = "x-webhook-secret"  # noqa: S105 - the header's name
HEADERS: Final = (SECRET,)

_TAG: Final = "refs/tags/"
_MAIN: Final = "refs/heads/main"


class Event(BaseModel):
    """What was done (``create``, ``update``, …) to what (``repo``, ``repo.content``, …)."""

    action: str
    scope: str


class Repo(BaseModel):
    """The repository.

    Attributes:
        type: ``model``, ``dataset`` or ``space``.
        name: owner and name.
        headSha: the newest commit of ``main``.
    """

    type: str
    name: str
    headSha: str = ""  # noqa: N815 - their name


class Ref(BaseModel):
    """A branch or tag that moved; one without a new commit was deleted."""

    ref: str
    oldSha: str | None = None  # noqa: N815 - their name
    newSha: str | None = None  # noqa: N815 - their name


class Body(BaseModel):
    """What Hugging Face sends; fields that are not needed are not looked at."""

    event: Event
    repo: Repo
    updatedRefs: list[Ref] = []  # noqa: N815 - their name


def check_headers(delivery: Delivery, secrets: Sequence[str]) -> Refusal | None:
    """Refuse what does not have the secret."""
    return check_key(delivery, SECRET, secrets)


def read(delivery: Delivery, secrets: Sequence[str]) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body is not Hugging Face's.
    """
    refusal = check_headers(delivery, secrets)
    if refusal:
        return refusal
    body = Body.model_validate_json(delivery.body)
    if body.repo.type != "model" or body.event.scope != "repo.content":
        return Ignored("nothing to do for anything but the content of a model's repository")
    read_refs = (_read_ref(body, ref, delivery) for ref in body.updatedRefs)
    events = tuple(event for event in read_refs if event)
    return Accepted(events) if events else Ignored("no tag was set, and main did not move")


def _read_ref(body: Body, ref: Ref, delivery: Delivery) -> RegistryEvent | None:
    if not ref.newSha or not (ref.ref == _MAIN or ref.ref.startswith(_TAG)):
        return None
    repo, scope = body.repo, body.event.scope
    return RegistryEvent(
        registry=Registry.HUGGING_FACE,
        id=name_by_content(repo.name, repo.headSha, scope, ref.ref, ref.oldSha or "", ref.newSha),
        named_by="content",
        happening=Happening.VERSION_CREATED if ref.ref == _MAIN else Happening.ALIAS_SET,
        model=repo.name,
        version=ref.newSha,
        label="" if ref.ref == _MAIN else ref.ref.removeprefix(_TAG),
        at=delivery.at,
    )
