"""Whoever takes messages: Apprise's services, behind one call that ends in time and says why it failed."""

import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any, Final, Self

from policies.notices.notice import Level
from policies.notices.rendering import Message
from rollway.notices.secrecy import Mask

LIMIT: Final = timedelta(seconds=10)
"""How long a service may take for one message."""
_MOST_TOLD: Final = 300
"""Characters of a service's own words that are kept as the reason of a failure."""


@dataclass(frozen=True)
class Service:
    """One address.

    Attributes:
        kind: the service's name, as Apprise calls it.
        mask: keeps the address out of texts.
    """

    kind: str
    mask: Mask = field(repr=False)
    _plugin: Any = field(repr=False)

    def send(self, message: Message, level: Level, limit: timedelta = LIMIT) -> str | None:
        """Send a message; return why that failed, or None when the service took it. Never raises."""
        answers: SimpleQueue[str | None] = SimpleQueue()
        threading.Thread(target=lambda: answers.put(self._send(message, level)), daemon=True).start()
        try:
            return answers.get(timeout=limit.total_seconds())
        except Empty:
            return f"no answer within {limit.total_seconds():g} s"

    def _send(self, message: Message, level: Level) -> str | None:
        from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415 - as below

        text = self._plugin.notify_format == NotifyFormat.TEXT
        body, form = (message.plain, NotifyFormat.TEXT) if text else (message.html, NotifyFormat.HTML)
        kinds = {Level.INFO: NotifyType.INFO, Level.WARNING: NotifyType.WARNING, Level.CRITICAL: NotifyType.FAILURE}
        apprise: Any = Apprise(asset=self._plugin.asset)
        apprise.add(self._plugin)
        with _Overheard() as overheard:
            try:
                sent = apprise.notify(body, message.title, kinds[level], body_format=form)
            except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the message was not taken
                overheard.said.append(f"{type(error).__name__}: {error}")
                sent = False
        if sent:
            return None
        told = self.mask.hide(" ".join(" ".join(overheard.said).split()))[:_MOST_TOLD]
        return told or "the service did not take it, and said nothing"


def open_service(address: str) -> Service | None:
    """Return the service of an address, or None when Apprise cannot use it."""
    from apprise import Apprise, AppriseAsset, OverflowMode  # noqa: PLC0415 - takes a second, which only who is told has to wait

    asset = AppriseAsset(app_id="Rollway", app_desc="Rollway", async_mode=False)
    services: Any = Apprise
    with _Overheard():
        plugin = services.instantiate(address, asset=asset)
    if not plugin:
        return None
    plugin.overflow_mode = OverflowMode.TRUNCATE  # one message each; what matters comes first
    return Service(str(plugin.service_name), Mask([address]), plugin)


class _Overheard(logging.Filter):
    """Keeps what Apprise logs in this thread to itself: it returns no reasons, and its details hold addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        """Take in what is said in this thread, and remember complaints; let everything else pass."""
        if record.thread != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self.said.append(record.getMessage())
        return False

    def __enter__(self) -> Self:
        logging.getLogger("apprise").addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeFilter(self)
