"""A receiver in a process of its own, with the code that users run, which may kill itself at a set moment."""

import hashlib
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal

from policies.bindings.event import Handled, RegistryEvent
from policies.errors import AlreadyExists
from rollway.aws.objects import ObjectStore, Written
from rollway.aws.session import connect
from rollway.secrets import Secrets
from rollway.webhooks.doors import SENDERS
from rollway.webhooks.logs import log_as_json
from rollway.webhooks.proxies import Proxies
from rollway.webhooks.receiver import Outside, Receiver, Senders
from rollway.webhooks.serving import listen, serve

BUCKET = "journal"
PREFIX = "rollway"
SECRET = "served-secret-0123456789"  # noqa: S105 - of this story only
Moment = Literal["never", "marked", "known", "handling", "handled", "settled"]


def name(event_id: str) -> str:
    """What an event's id becomes in keys."""
    return hashlib.sha256(event_id.encode()).hexdigest()


@dataclass(frozen=True)
class Site:
    """Where a receiver runs, and when it dies.

    Attributes:
        url: the simulated AWS.
        death: after which write, or around the handler's effect, the process kills itself.
        victim: the id of the event at which it does.
        handling_s: how long the handler takes.
        port: where it listens; 0 takes a free one.
    """

    url: str
    death: Moment = "never"
    victim: str = ""
    handling_s: float = 0.0
    port: int = 0

    def die_at(self, moment: Moment, key: str) -> None:
        """Die the hard way if this is the moment; the key has the event's name."""
        if moment == self.death and name(self.victim) in key:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class MortalStore(ObjectStore):
    """A real store, after whose writes the process may die."""

    site: Site = Site("")

    def create(self, key: str, body: str) -> Written:
        """Write, and die or not."""
        written = super().create(key, body)
        moments: dict[str, Moment] = {"open": "marked", "events": "known", "settled": "settled"}
        self.site.die_at(moments.get(key.split("/")[1], "never"), key)
        return written


def connected(url: str) -> ObjectStore:
    """The journal, on the simulated AWS."""
    simulated = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "simulated", "AWS_SECRET_ACCESS_KEY": "simulated"}
    os.environ.update(simulated)
    return ObjectStore(connect("us-east-1"), BUCKET, PREFIX)


def run(site: Site, report: Connection) -> None:
    """Serve on a free port, which is reported, until the process is ended."""
    os.environ["ROLLWAY_MLFLOW_SECRET"] = SECRET
    log_as_json()
    plain = connected(site.url)
    store = MortalStore(plain.aws, BUCKET, PREFIX, plain.now, site)

    def handle(event: RegistryEvent) -> Handled:
        """Start something under a key of its own, as Prefect does: a second time, nothing starts."""
        key = name(event.id)
        site.die_at("handling", key)
        with suppress(AlreadyExists):
            plain.create(f"began/{key}", "")
        time.sleep(site.handling_s)
        with suppress(AlreadyExists):
            plain.create(f"effects/{key}", event.model)
        site.die_at("handled", key)
        return Handled(started=(key,), why="as bound")

    receiver = Receiver(Senders(Secrets(SENDERS, lambda _: ())), Outside(plain.aws, store, handle))
    with listen("127.0.0.1", site.port) as sock:
        report.send(sock.getsockname()[1])
        serve(receiver, sock, Proxies())
