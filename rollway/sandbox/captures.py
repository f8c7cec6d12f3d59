"""The simulated data capture: what SageMaker keeps of requests and answers, as JSON lines for S3, late and in files of its own making.

Files are ``<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<name>.jsonl``, by the UTC hour of the request. Not documented by AWS, and
chosen here: a request that failed has its input alone; a copy for a shadow is captured under the shadow's name, by default with an event id
of its own and drawn by chance of its own. Nothing here knows S3: somebody who does puts a way to write in.
"""

import base64
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final, TypeAlias
from uuid import UUID

from rollway.sandbox.clock import Clock
from rollway.sandbox.runtime.messages import Invocation, Reply
from rollway.sandbox.sagemaker.serving import CaptureRule, Serving
from rollway.sandbox.settings import Capture

Write: TypeAlias = Callable[[str, str, Callable[[], bytes]], bool]
"""Writes a file by bucket, key and what makes its content; says whether there is such a bucket."""

_SCHEME: Final = "s3://"
_ALL: Final = 100


@dataclass(frozen=True, slots=True)
class Ticket:
    """Asks for one request to one variant to be captured.

    Attributes:
        rule: what is kept.
        place: the endpoint's and the variant's name.
        invocation: the request.
        event_id: its id.
        at: when it came.
    """

    rule: CaptureRule
    place: tuple[str, str]
    invocation: Invocation
    event_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Folder:
    """Where files of one variant and hour go."""

    destination: str
    place: tuple[str, str]
    hour: str


class Captures:
    """Keeps what is captured until it is written.

    Attributes:
        settings: how it goes about what is not documented.
        write: writes a file. Until somebody puts a way in there, there are no buckets.
    """

    def __init__(self, clock: Clock, settings: Capture, seed: int) -> None:
        self._clock = clock
        self.settings = settings
        self._rng = Random(f"{seed}/capture")  # noqa: S311 - seeded chance, not a secret
        self._waiting: dict[_Folder, list[tuple[Ticket, Reply]]] = {}
        self._lock = threading.Lock()
        self.write: Write = _nowhere

    def draw(self, serving: Serving, variants: Sequence[str], invocation: Invocation) -> list[Ticket | None]:
        """Decide for each variant that gets a request, or a copy of it, whether it is captured there."""
        rule = serving.capture
        if rule is None:
            return [None] * len(variants)
        alike = self._rng.random() if self.settings.sampled_alike else None
        one_id = self._new_id() if self.settings.shared_event_ids else None
        tickets: list[Ticket | None] = []
        for variant in variants:
            kept = (self._rng.random() if alike is None else alike) * _ALL < rule.percentage
            place = (serving.endpoint, variant)
            ticket = Ticket(rule, place, invocation, one_id or self._new_id(), self._clock.now()) if kept else None
            tickets.append(ticket)
        return tickets

    def take(self, ticket: Ticket, reply: Reply) -> None:
        """Keep a request with its reply."""
        folder = _Folder(ticket.rule.destination, ticket.place, f"{ticket.at:%Y/%m/%d/%H}")
        with self._lock:
            self._waiting.setdefault(folder, []).append((ticket, reply))

    def tick(self) -> None:
        """Write the files that are due; what has no bucket to go to is lost, as with SageMaker."""
        now = self._clock.now()
        with self._lock:
            due = [folder for folder, kept in self._waiting.items() if kept[0][0].at + self.settings.delay <= now]
            files = {folder: self._waiting.pop(folder) for folder in due}
        for folder, kept in files.items():
            self._write(folder, kept, now)

    def _write(self, folder: _Folder, kept: list[tuple[Ticket, Reply]], now: datetime) -> None:
        bucket, _, prefix = folder.destination.removeprefix(_SCHEME).partition("/")
        endpoint, variant = folder.place
        name = f"{now:%M-%S}-{now.microsecond // 1000:03d}-{self._new_id()}.jsonl"
        parts = (prefix.strip("/"), endpoint, variant, folder.hour, name)
        self.write(bucket, "/".join(part for part in parts if part), lambda: _render(kept))

    def _new_id(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))


def _nowhere(bucket: str, key: str, render: Callable[[], bytes]) -> bool:
    del bucket, key, render
    return False


def _render(kept: list[tuple[Ticket, Reply]]) -> bytes:
    return b"".join(json.dumps(_record(ticket, reply)).encode() + b"\n" for ticket, reply in kept)


def _record(ticket: Ticket, reply: Reply) -> dict[str, Any]:
    rule, invocation = ticket.rule, ticket.invocation
    data: dict[str, Any] = {}
    if rule.inputs:
        data["endpointInput"] = _side("INPUT", invocation.content_type, invocation.body, rule)
    if rule.outputs and reply.succeeded:
        data["endpointOutput"] = _side("OUTPUT", reply.content_type, reply.body, rule)
    caller = {"inferenceId": invocation.inference_id} if invocation.inference_id else {}
    metadata = {"eventId": ticket.event_id, **caller, "inferenceTime": f"{ticket.at:%Y-%m-%dT%H:%M:%SZ}"}
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def _side(mode: str, content_type: str, body: bytes, rule: CaptureRule) -> dict[str, str]:
    """Write one side down as text if its type is named as CSV or JSON and it is text, else as Base64."""
    bare = content_type.partition(";")[0].strip().lower()
    encoding = "CSV" if bare in rule.csv_types else "JSON" if bare in rule.json_types else "BASE64"
    try:
        text = body.decode() if encoding != "BASE64" else base64.b64encode(body).decode()
    except UnicodeDecodeError:
        encoding, text = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}
