"""What every test of the simulated AWS starts from: an account on a clock that moves only when told to."""

from datetime import UTC, datetime

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud


@pytest.fixture
def clock() -> VirtualClock:
    """A virtual clock, at noon of the first of June 2026."""
    return VirtualClock(datetime(2026, 6, 1, 12, tzinfo=UTC))


@pytest.fixture
def cloud(clock: VirtualClock) -> Cloud:
    """An empty simulated account with default settings."""
    return Cloud(clock)
