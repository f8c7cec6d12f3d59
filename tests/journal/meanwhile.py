"""What happens in the very moment between our reading and our writing, or between our writing and its answer."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta

from botocore.awsrequest import AWSPreparedRequest

from rollway.aws.objects import ObjectStore
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import LostAnswer, Outage


@contextmanager
def before_next_write(store: ObjectStore, act: Callable[[], object]) -> Generator[None]:
    """Do something once the next write is under way and before it arrives."""
    with _before_writes(store, [act]):
        yield


@contextmanager
def cut_off_by_next_write(store: ObjectStore, cloud: Cloud) -> Generator[None]:
    """Have the next write arrive and its answer get lost, and the store be out of reach for the rest of the block."""

    def lose() -> None:
        cloud.plant(LostAnswer(operation="PutObject"))

    def cut_off() -> None:
        cloud.plant(Outage(service="s3", duration=timedelta(hours=1)))

    try:
        with _before_writes(store, [lose, cut_off]):
            yield
    finally:
        cloud.clear_faults()


@contextmanager
def _before_writes(store: ObjectStore, acts: list[Callable[[], object]]) -> Generator[None]:
    """Do one thing before each of the next writes; botocore's repetitions count."""
    left = list(acts)

    def intervene(request: AWSPreparedRequest, **_: object) -> None:
        del request
        if left:
            left.pop(0)()

    events = store.aws.s3.meta.events
    events.register_first("before-send.s3.PutObject", intervene)
    try:
        yield
    finally:
        events.unregister("before-send.s3.PutObject", intervene)
