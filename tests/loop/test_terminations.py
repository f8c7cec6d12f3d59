"""The registry of what hears SIGTERM and SIGINT: everybody hears, and the handlers from before are put back."""

import asyncio
import signal
import threading

import pytest

from rollway.loop.terminations import terminations_sent_to

SIGNALS = [signal.SIGTERM, signal.SIGINT]


async def heard_by(number: signal.Signals, *lists: list[str]) -> None:
    signal.raise_signal(number)
    while not all(lists):  # noqa: ASYNC110 - likewise
        await asyncio.sleep(0)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_listener_hears(number, count):
    """However many rollouts a process drives, each hears each signal once, with its name."""
    lists = [[] for _ in range(count)]

    async def drive(heard):
        with terminations_sent_to(heard.append):
            while not heard:  # noqa: ASYNC110 - heard is what the test is about
                await asyncio.sleep(0)

    async def drive_all():
        tasks = [asyncio.create_task(drive(heard)) for heard in lists]
        await asyncio.sleep(0)
        signal.raise_signal(number)
        await asyncio.gather(*tasks)

    asyncio.run(drive_all())

    assert lists == [[f"{number.name} received"]] * count


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_who_stays_hears_after_others_have_left(order):
    """A rollout that ends takes no other's signal away, in whatever order they end."""

    async def play():
        lists = [[], [], []]
        blocks = [terminations_sent_to(heard.append) for heard in lists]
        for block in blocks:
            block.__enter__()
        for position, leaving in enumerate(order):
            staying = [lists[each] for each in order[position:]]
            for heard in lists:
                heard.clear()
            await heard_by(signal.SIGTERM, *staying)
            assert [bool(heard) for heard in lists] == [each in order[position:] for each in range(3)]
            blocks[leaving].__exit__(None, None, None)

    before = signal.getsignal(signal.SIGTERM)
    asyncio.run(play())

    assert signal.getsignal(signal.SIGTERM) is before


def test_earlier_handlers_are_restored():
    """What handled the signals before handles them again afterwards, as Prefect's handler in a flow's process must."""
    caught = []

    def earlier(number, frame):
        del frame
        caught.append(number)

    async def play():
        heard = []
        before = signal.signal(signal.SIGTERM, earlier)
        try:
            with terminations_sent_to(heard.append):
                await heard_by(signal.SIGTERM, heard)
            assert caught == []
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, before)

    asyncio.run(play())

    assert caught == [signal.SIGTERM]


def test_an_error_inside_the_block_restores_the_handlers():
    """A rollout that fails leaves nothing behind."""
    before = [signal.getsignal(number) for number in SIGNALS]

    async def fail():
        inside = [signal.getsignal(signal.SIGTERM)]
        with terminations_sent_to(inside.append):
            assert signal.getsignal(signal.SIGTERM) is not before[0]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())

    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_outside_of_the_main_thread_nothing_is_installed():
    """Python delivers signals to the main thread only: elsewhere driving goes on without them."""
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    async def play():
        with terminations_sent_to(seen.append):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=lambda: asyncio.run(play()))
    thread.start()
    thread.join()

    assert seen == [before]
