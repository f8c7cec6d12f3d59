"""A whole receiver: doors, inbox, desk and queues put together, and what runs in the background."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from cryptography.x509.verification import Store
from fastapi import FastAPI

from policies.errors import RolloutError
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.notices.signing import SENDER
from rollway.secrets import Secrets
from rollway.webhooks.app import make_app
from rollway.webhooks.approving.questions import Questions
from rollway.webhooks.approving.routes import add_approvals
from rollway.webhooks.desk import Desk, Handler
from rollway.webhooks.dispatcher import Dispatcher
from rollway.webhooks.doors import Door, make_doors
from rollway.webhooks.fetching import fetch
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Inbox
from rollway.webhooks.limits import Buckets, Limits
from rollway.webhooks.logs import fields
from rollway.webhooks.queue import WAIT_S, QueueReader
from rollway.webhooks.reception import Reception
from rollway.webhooks.senders import eventbridge
from rollway.webhooks.senders.certificates import Certificates, Fetch
from rollway.webhooks.workers import Workers

_log = logging.getLogger(__name__)

DRAIN_S: Final = 20
"""Seconds that requests and events under way get to end."""
_AT_WORK: Final = 16
_FETCHING: Final = 4
_REFRESH_S: Final = 60
_AFTER_TROUBLE_S: Final = 10


@dataclass(frozen=True)
class Senders:
    """Who may send.

    Attributes:
        secrets: of those that sign or carry a key.
        topics: ARNs of SNS topics.
        queues: URLs of SQS queues.
        key_header: the header with EventBridge's key.
    """

    secrets: Secrets
    topics: frozenset[str] = frozenset()
    queues: tuple[str, ...] = ()
    key_header: str = eventbridge.HEADER


@dataclass(frozen=True)
class Outside:
    """What a receiver needs of the world.

    Attributes:
        aws: the clients, for queues.
        store: the journal's.
        handle: sees to events.
        limits: what a request and a source may ask for.
        fetch: gets certificates and confirms subscriptions.
        roots: who may have issued SNS's certificate; by default whom this machine trusts.
    """

    aws: Aws
    store: ObjectStore
    handle: Handler
    limits: Limits = field(default_factory=Limits)
    fetch: Fetch = fetch
    roots: Store | None = None

    @property
    def now(self) -> Callable[[], datetime]:
        """Tells the time."""
        return self.store.now


class Receiver:
    """A receiver, ready to be served.

    Attributes:
        app: the web application; its lifespan runs the rest.
        desk: takes events to the handler.
        doors: where senders come in, whether they are open or not.
        queues: readers of the queues.
        figures: the counters.
        limits: what a request and a source may ask for.
        takes_answers: whether the page is there on which people answer stages that ask.
    """

    def __init__(self, senders: Senders, outside: Outside) -> None:
        """Put it together.

        Raises:
            RolloutError: a topic or a header is none.
        """
        self.figures = Figures()
        inbox = Inbox(outside.store)
        self._secrets = senders.secrets
        self.desk = Desk(inbox, outside.handle, self.figures)
        self._now = outside.now
        self._dispatcher: Dispatcher | None = None
        certificates = Certificates(outside.fetch, outside.roots)
        self.doors: tuple[Door, ...] = make_doors(senders.secrets, senders.topics, certificates, senders.key_header)
        self.queues = tuple(QueueReader(outside.aws, url, inbox, self.figures, outside.now) for url in senders.queues)
        self._reception = Reception(
            inbox=inbox,
            figures=self.figures,
            limits=outside.limits,
            fetch=outside.fetch,
            wake=self._wake,
            now=outside.now,
            buckets=Buckets(outside.limits, time.monotonic),
            workers=Workers("rollway-reception", _AT_WORK, outside.limits.work),
            fetchers=Workers("rollway-fetching", _FETCHING, outside.limits.work),
        )
        self.limits = outside.limits
        self.app: FastAPI = make_app(self.doors, self._reception, self._background)
        self.takes_answers = bool(senders.secrets.of(SENDER))
        if self.takes_answers:
            questions = Questions(outside.store, partial(senders.secrets.of, SENDER), outside.now)
            add_approvals(self.app, questions, self._reception)

    @property
    def open_doors(self) -> tuple[str, ...]:
        """The senders that can come in."""
        return tuple(door.sender for door in self.doors if door.is_open())

    def _wake(self) -> None:
        if self._dispatcher:
            self._dispatcher.wake()

    @asynccontextmanager
    async def _background(self) -> AsyncGenerator[None]:
        """Run the dispatcher, the queues' readers and the reading of secrets, until requests have ended."""
        expects_events = bool(
            self.open_doors or self.queues
        )  # what lies in the inbox is for a receiver that has bindings
        dispatcher = self._dispatcher = Dispatcher(self.desk, self._now)
        ending = asyncio.Event()
        threads = ThreadPoolExecutor(len(self.queues) + 1, "rollway-background")
        tasks = [
            *([asyncio.create_task(dispatcher.run())] if expects_events else []),
            asyncio.create_task(self._refresh(threads, ending)),
            *(asyncio.create_task(self._read(queue, threads, ending)) for queue in self.queues),
        ]
        try:
            yield
        finally:
            ending.set()
            await dispatcher.stop(DRAIN_S)
            await asyncio.wait(tasks, timeout=WAIT_S + 1)
            threads.shutdown(wait=False, cancel_futures=True)
            self._reception.workers.stop()
            self._reception.fetchers.stop()

    async def _read(self, queue: QueueReader, threads: ThreadPoolExecutor, ending: asyncio.Event) -> None:
        """Read a queue until the end; when it cannot be read, wait and try again."""
        loop = asyncio.get_running_loop()
        while not ending.is_set():
            try:
                if await loop.run_in_executor(threads, queue.take):
                    self._wake()
            except Exception as error:  # noqa: BLE001 - whatever it is, the queue keeps its messages and is read again
                why = str(error) if isinstance(error, RolloutError) else type(error).__name__
                _log.error("a queue cannot be read", extra=fields(queue=queue.url, why=why))
                await _pause(ending, _AFTER_TROUBLE_S)

    async def _refresh(self, threads: ThreadPoolExecutor, ending: asyncio.Event) -> None:
        """Read the secrets again, every minute."""
        while not ending.is_set():
            await _pause(ending, _REFRESH_S)
            try:
                problems = await asyncio.get_running_loop().run_in_executor(threads, self._secrets.refresh)
            except Exception as error:  # noqa: BLE001 - whatever it is, the secrets that were read last hold
                _log.error("secrets cannot be read again", extra=fields(why=type(error).__name__))
            else:
                self.figures.unread.set(len(problems))


async def _pause(ending: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond the end."""
    try:
        await asyncio.wait_for(ending.wait(), seconds)
    except TimeoutError:
        return
