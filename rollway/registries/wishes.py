"""What registries were last seen to ask for, kept in the journal: one object for each binding, changed by compare-and-set."""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from policies.bindings.spec import Binding
from policies.bindings.wish import Wish
from policies.errors import AlreadyExists
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import Document, read_document, write_document

_FOLDER: Final = "bindings/wishes/"


class _Noted(Document):
    wish: Wish


_NOTED: Final = TypeAdapter(_Noted)


@dataclass(frozen=True)
class Known:
    """What was last seen.

    Attributes:
        wish: the wish; None before the first look.
        etag: names exactly this content; empty before the first look.
    """

    wish: Wish | None = None
    etag: str = ""


def read_wish(store: ObjectStore, binding: Binding) -> Known:
    """Return what a binding's registry was last seen to ask for.

    Raises:
        JournalError: this version of Rollway cannot read it.
        AwsError: the journal cannot be read.
    """
    found = read_document(store, _key(binding), _NOTED)
    return Known(found[0].wish, found[1].etag) if found else Known()


def note_wish(store: ObjectStore, binding: Binding, known: Known, wish: Wish) -> bool:
    """Note what the registry asks for, and say whether that was possible: not where somebody else noted something since ``known`` was read.

    The registry has to be asked after ``known`` was read. Then no answer that is older than a noted one is ever noted.

    Raises:
        AwsError: the journal cannot be written.
    """
    if known.wish == wish:
        return True
    body = write_document(_Noted(wish=wish))
    try:
        if known.wish is None:
            store.create(_key(binding), body)
        else:
            store.replace(_key(binding), body, known.etag)
    except (AlreadyExists, ObjectChanged):
        return False
    return True


def _key(binding: Binding) -> str:
    return f"{_FOLDER}{binding.name}.json"
