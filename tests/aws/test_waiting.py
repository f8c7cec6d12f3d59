"""The waiter: when it looks, and when it gives up."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from policies.errors import DeadlineExceeded
from rollway.aws.waiting import JITTER, Timing, wait_until
from rollway.sandbox.clock import VirtualClock

SECOND = timedelta(seconds=1)


def after(looks: int) -> Callable[[], str | None]:
    """A condition that is fulfilled at the given look."""
    seen = iter([None] * (looks - 1) + ["there"])
    return lambda: next(seen)


def test_looks_at_once(timing: Timing, clock: VirtualClock) -> None:
    """What is true already costs no pause."""
    start = clock.now()
    assert wait_until(after(1), "it", deadline=SECOND, every=SECOND, timing=timing) == "there"
    assert clock.now() == start


def test_pauses_between_looks(timing: Timing, clock: VirtualClock) -> None:
    """Four looks are three pauses apart."""
    start = clock.now()
    wait_until(after(4), "it", deadline=10 * SECOND, every=2 * SECOND, timing=timing)
    assert clock.now() - start == 6 * SECOND


def test_says_what_it_waited_for_and_how_long(timing: Timing, clock: VirtualClock) -> None:
    """A wait ends exactly at its deadline, with words that a person understands."""
    start = clock.now()
    with pytest.raises(DeadlineExceeded, match="waited 5s for the config, in vain"):
        wait_until(lambda: None, "the config", deadline=5 * SECOND, every=2 * SECOND, timing=timing)
    assert clock.now() - start == 5 * SECOND


def test_looks_a_last_time_at_the_deadline(timing: Timing) -> None:
    """What becomes true in the last pause is still found."""
    assert wait_until(after(3), "it", deadline=2 * SECOND, every=SECOND, timing=timing) == "there"


def test_pauses_vary_around_the_mean() -> None:
    """Jitter is drawn anew for each pause, symmetrically around the wanted one."""
    asked: list[tuple[float, float]] = []
    pauses: list[float] = []

    def draw(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    wait_until(
        after(3),
        "it",
        deadline=60 * SECOND,
        every=10 * SECOND,
        timing=Timing(clock=lambda: 0.0, sleep=pauses.append, uniform=draw),
    )
    assert asked == [(1 - JITTER, 1 + JITTER)] * 2
    assert pauses == [10 * (1 + JITTER)] * 2
