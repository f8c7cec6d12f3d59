"""The fixtures of telling: a receiver on loopback, and the rehearsal of the loop's tests."""

from collections.abc import Generator

import pytest

from tests.loop.conftest import _botocore_does_not_pause, _credentials, rehearsal, seed
from tests.notices.receiving import Receiver, receiving

__all__ = ["_botocore_does_not_pause", "_credentials", "receiver", "rehearsal", "seed"]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    """Somebody who is told."""
    with receiving() as found:
        yield found
