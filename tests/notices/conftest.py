"""The fixtures of telling: a receiver on loopback, an empty journal, and the rehearsal of the loop's tests."""

from collections.abc import Generator

import pytest

from tests.journal.conftest import aws, clock, cloud, store
from tests.loop.conftest import _botocore_does_not_pause, _credentials, rehearsal, seed
from tests.notices.receiving import Receiver, receiving

__all__ = [
    "_botocore_does_not_pause",
    "_credentials",
    "aws",
    "clock",
    "cloud",
    "receiver",
    "rehearsal",
    "seed",
    "store",
]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    """Somebody who is told."""
    with receiving() as found:
        yield found
