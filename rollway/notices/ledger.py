"""What was told, in the journal: one object per event, written before anything is sent and again when it was.

Whoever creates the object sends the message, so two processes never both do. One that dies in between leaves the object behind as it is,
and the next one sends once more and says so.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from policies.errors import AlreadyExists, JournalError
from policies.notices.delivering import ABANDONED_AFTER, Delivery, begin, conclude, follow_up
from policies.notices.notice import Notice
from policies.notices.rendering import Link, render
from policies.notices.routing import choose
from policies.notices.spec import NotifySpec
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import Document, read_document, write_document
from rollway.notices.dispatch import Dispatch
from rollway.notices.signing import Signer

log = logging.getLogger(__name__)

FOLDER: Final = "notices/"
_SUFFIX: Final = ".json"
_CLOSED: Final = "all_told"


class Memo(Document):
    """What the journal keeps of a notice.

    Attributes:
        notice: the notice.
        links: where it says to look.
        deliveries: how far each address has got.
    """

    notice: Notice
    links: tuple[Link, ...] = ()
    deliveries: dict[str, Delivery]


_MEMO: Final = TypeAdapter(Memo)


@dataclass(frozen=True)
class _Kept:
    """A memo as it lies in the store."""

    memo: Memo
    etag: str


@dataclass(frozen=True)
class Office:
    """What every ledger of this process has in common.

    Attributes:
        dispatch: sends messages.
        now: tells this machine's time.
        links: where messages say to look, beside the journal.
        signer: makes the links by which people answer; None where there are none.
    """

    dispatch: Dispatch
    now: Callable[[], datetime]
    links: tuple[Link, ...] = ()
    signer: Signer | None = None

    def links_to_answer(self, notice: Notice) -> tuple[Link, ...]:
        """Return where what a notice asks can be answered. Whoever has such a link may, so none is written into the journal."""
        if self.signer is None or notice.asks is None:
            return ()
        return (self.signer.link_to(notice.asks, self.now()),)


class Ledger:
    """The notices about one rollout, or about the halts."""

    def __init__(self, store: ObjectStore, name: str, office: Office, after: str = "") -> None:
        """Open a ledger; notices whose keys sort before ``after`` count as told."""
        self._store = store
        self._folder = f"{FOLDER}{name}/"
        self._office = office
        self._after = after
        self._known: set[str] | None = None
        self._open: dict[str, _Kept | None] = {}
        self._unwritten: dict[str, _Kept] = {}

    @property
    def owes(self) -> bool:
        """Whether something is still to be sent, or to be written down."""
        return bool(self._open or self._unwritten)

    def is_closed(self) -> bool:
        """Say whether everything was told that there will ever be to tell.

        Raises:
            AwsError: the store cannot be read.
        """
        return self._store.read(self._key(_CLOSED)) is not None

    def close(self) -> None:
        """Note that there will never be anything to tell any more.

        Raises:
            AwsError: the store cannot be reached.
        """
        with suppress(AlreadyExists):
            self._store.create(self._key(_CLOSED), "{}\n")

    def tell(self, notice: Notice, notify: NotifySpec, links: tuple[Link, ...] = ()) -> None:
        """Remember a notice and send it to those who want it, unless that was done before.

        Raises:
            AwsError: the store cannot be reached; it may be told again.
        """
        if notice.key in self._look_up():
            return
        dispatch = self._office.dispatch
        names = dispatch.names_of(choose(dispatch.routes, notice, notify))
        if not names:
            return
        now = self._office.now()
        memo = Memo(notice=notice, links=(*self._office.links, *links), deliveries=dict.fromkeys(names, begin(now)))
        try:
            written = self._store.create(self._key(notice.key), write_document(memo))
        except AlreadyExists:
            self._note(notice.key, None)
        else:
            self._send(notice.key, _Kept(memo, written.etag))

    def follow_up(self) -> None:
        """Write down what could not be written before, try again what is due, and go on with what another process has left behind.

        Raises:
            AwsError: the store cannot be reached.
        """
        self._look_up()
        for key, kept in list(self._unwritten.items()):
            self._record(key, kept)
        for key, kept in list(self._open.items()):
            if kept is not None and not self._is_due(kept.memo):
                continue
            try:
                self._go_on(key)
            except JournalError as error:
                log.warning("cannot read what was told: %s", error)
                del self._open[key]

    def _is_due(self, memo: Memo) -> bool:
        """Whether something may have to be done, as far as this process knows: if not, nothing needs to be read."""
        now, deliveries = self._office.now(), memo.deliveries.values()
        return any(each.stand == "sending" or follow_up(each, now, abandoned=False) != each for each in deliveries)

    def _go_on(self, key: str) -> None:
        found = read_document(self._store, self._key(key), _MEMO)
        if found is None:
            del self._open[key]
            return
        memo, stored = found
        self._note(key, _Kept(memo, stored.etag))
        before, now = memo.deliveries, self._office.now()
        abandoned = stored.read_at - stored.modified_at >= ABANDONED_AFTER
        if not abandoned and any(each.stand == "sending" for each in before.values()):
            return  # a process is at it
        after = {name: follow_up(each, now, abandoned=abandoned) for name, each in before.items()}
        if after == before:
            return
        claimed = memo.model_copy(update={"deliveries": after})
        _complain(memo, claimed)
        try:
            written = self._store.replace(self._key(key), write_document(claimed), stored.etag)
        except ObjectChanged:
            self._note(key, None)
        else:
            self._send(key, _Kept(claimed, written.etag))

    def _send(self, key: str, kept: _Kept) -> None:
        """Send what this process has claimed, and write down what became of it."""
        memo, dispatch = kept.memo, self._office.dispatch
        self._note(key, kept)
        due = {name: each for name, each in memo.deliveries.items() if each.stand == "sending"}
        links = (*self._office.links_to_answer(memo.notice), *memo.links)
        messages = {name: render(memo.notice, links, each.doubt) for name, each in due.items()}
        answers = dispatch.send(messages, memo.notice.level, self._office.now())
        if not answers:
            return
        now = self._office.now()
        done = {name: conclude(due[name], why, now) for name, why in answers.items()}
        concluded = memo.model_copy(update={"deliveries": memo.deliveries | done})
        _complain(memo, concluded)
        self._record(key, _Kept(concluded, kept.etag))

    def _record(self, key: str, kept: _Kept) -> None:
        """Write an outcome in place of the claim that it belongs to; where that fails, the next time."""
        self._unwritten[key] = kept
        try:
            written = self._store.replace(self._key(key), write_document(kept.memo), kept.etag)
        except ObjectChanged:
            self._note(key, None)  # another process took this one for dead, or our own answer was lost
        else:
            self._note(key, _Kept(kept.memo, written.etag))
        del self._unwritten[key]

    def _note(self, key: str, kept: _Kept | None) -> None:
        """Remember that a key is taken, and whether something is left to do about it; ``None``: its object has to be read."""
        self._look_up().add(key)
        if kept is None or any(each.is_open for each in kept.memo.deliveries.values()):
            self._open[key] = kept
        else:
            self._open.pop(key, None)

    def _look_up(self) -> set[str]:
        """Return the keys that are taken; what others have told may still be owed."""
        if self._known is None:
            listed = self._store.list_keys(self._folder, after=f"{self._folder}{self._after}" if self._after else "")
            self._known = {key.removeprefix(self._folder).removesuffix(_SUFFIX) for key in listed} - {_CLOSED}
            self._open = dict.fromkeys(sorted(self._known), None)
        return self._known

    def _key(self, name: str) -> str:
        return f"{self._folder}{name}{_SUFFIX}"


def _complain(before: Memo, after: Memo) -> None:
    """Log what went wrong since."""
    for name, each in after.deliveries.items():
        if each == before.deliveries[name] or not each.why:
            continue
        if each.stand == "given up":
            log.error("gave up telling %s: %s; not told: %s", name, each.why, before.notice.headline)
        elif each.stand == "owed":
            log.warning(
                "could not tell %s, it is tried again: %s; not told yet: %s", name, each.why, before.notice.headline
            )
