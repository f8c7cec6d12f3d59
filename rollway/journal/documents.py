"""What every object of the journal has in common: indented JSON that names the version of its form, under a key that can be foreseen.

Nothing is guessed: what this version of Rollway cannot read is reported with its place and what to do about it.
"""

from datetime import UTC, datetime
from typing import Final, Literal, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from policies.errors import JournalError
from policies.values import Frozen
from rollway.aws.objects import ForeignObject, ObjectStore, StoredObject

T = TypeVar("T")

SCHEMA: Final = 1
"""Version of the documents' form; raised when a reader of the old form could misread the new one."""


class Document(Frozen):
    """The root of every document.

    Attributes:
        schema_version: version of its form.
    """

    schema_version: Literal[1] = SCHEMA


def read_document(store: ObjectStore, key: str, form: TypeAdapter[T]) -> tuple[T, StoredObject] | None:
    """Return the document under a key and the object that holds it, or None when the key is free.

    Raises:
        JournalError: this version of Rollway cannot read it.
        AwsError: the store cannot be read.
    """
    try:
        stored = store.read(key)
    except ForeignObject as error:
        raise _not_ours(store.url(key)) from error
    if stored is None:
        return None
    try:
        return form.validate_json(stored.body), stored
    except ValidationError as error:
        raise _explain(store.url(key), stored.body) from error


def write_document(document: BaseModel) -> str:
    """Return a document's text, for people as well."""
    return document.model_dump_json(indent=2)


def stamp(at: datetime) -> str:
    """Return a time for a key: keys that begin with it sort by time."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}Z"


def read_stamp(text: str) -> datetime | None:
    """Return the time that ``stamp`` wrote, or None when the text is no such thing."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None


class _Version(BaseModel):
    """The one field that every version has."""

    schema_version: int = SCHEMA


def _explain(url: str, body: str) -> JournalError:
    try:
        version = _Version.model_validate_json(body).schema_version
    except ValidationError:
        return _not_ours(url)
    if version <= SCHEMA:
        return _not_ours(url)
    return JournalError(
        f"{url} was written by a newer Rollway: its form has version {version}, this one reads up to {SCHEMA}",
        hint="Upgrade Rollway here: python -m pip install --upgrade rollway",
    )


def _not_ours(url: str) -> JournalError:
    return JournalError(
        f"{url} is not what Rollway writes there",
        hint="Look at it. If it is foreign, move it away or give the journal a prefix of its own; if it is damaged, restore its "
        "first version where the bucket keeps versions.",
    )
