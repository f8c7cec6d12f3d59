"""Reading and writing leases in the journal's store: one object per endpoint, changed by compare-and-set only."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from pydantic import TypeAdapter

from policies.errors import JournalError
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import read_document, write_document
from rollway.journal.lease import Lease, Standing

log = logging.getLogger(__name__)

_READERS: Final = 8
"""Leases that are read at a time: each takes the store tens of milliseconds, and a fleet has hundreds."""
_FOLDER: Final = "endpoints/"
_SUFFIX: Final = ".json"
_LEASE: Final = TypeAdapter(Lease)


@dataclass(frozen=True)
class Standings:
    """The leases of all endpoints; iterating gives pairs of endpoint and standing.

    Attributes:
        found: endpoint and standing, by the endpoint's name.
        skipped: why an object could not be read as a lease, one sentence for each.
    """

    found: tuple[tuple[str, Standing], ...]
    skipped: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[str, Standing]]:
        return iter(self.found)


def read_standing(store: ObjectStore, endpoint: str) -> Standing | None:
    """Return the lease of an endpoint, or None when no rollout ever took it.

    Raises:
        JournalError: the object is not one that this version of Rollway can read.
        AwsError: the store cannot be read.
    """
    found = read_document(store, _key(endpoint), _LEASE)
    if found is None:
        return None
    lease, stored = found
    age = max(stored.read_at - stored.modified_at, timedelta(0))
    return Standing(lease, age, stored.etag, stored.modified_at)


def list_standings(store: ObjectStore) -> Standings:
    """Return the leases of all endpoints; what is no lease is skipped and told.

    Raises:
        AwsError: the store cannot be read.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        read = list(pool.map(partial(_read_or_explain, store), store.list_keys(_FOLDER)))
    skipped = tuple(each for each in read if isinstance(each, str))
    for reason in skipped:
        log.warning("skipped among the leases: %s", reason)
    return Standings(tuple(each for each in read if not isinstance(each, str)), skipped)


def write_lease(store: ObjectStore, endpoint: str, lease: Lease, found: Standing | None) -> Standing:
    """Put a lease where another, or none, was found.

    Raises:
        AlreadyExists: by now there is one.
        ObjectChanged: by now there is another.
        AwsError: the store cannot be reached; the lease may have been written all the same.
    """
    key, body = _key(endpoint), write_document(lease)
    written = store.create(key, body) if found is None else store.replace(key, body, found.etag)
    return Standing(lease, timedelta(0), written.etag, written.at)


def _read_or_explain(store: ObjectStore, key: str) -> tuple[str, Standing] | str:
    endpoint = key.removeprefix(_FOLDER).removesuffix(_SUFFIX)
    if key != _key(endpoint):
        return f"{store.url(key)} is not named after an endpoint"
    try:
        standing = read_standing(store, endpoint)
    except JournalError as error:
        return str(error)
    return f"{store.url(key)} is gone again" if standing is None else (endpoint, standing)


def _key(endpoint: str) -> str:
    return f"{_FOLDER}{endpoint}{_SUFFIX}"
