"""AWS's time, as its answers state it: right whatever the local clock says, and steady while that clock is right."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.aws.server_time import ServerTime
from rollway.aws.session import Aws
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Outage

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OFFSETS = [timedelta(minutes=10), timedelta(minutes=-10), timedelta(days=1), timedelta(days=-1), timedelta(seconds=3)]

lengths = st.floats(0, 3).map(lambda seconds: timedelta(seconds=seconds))
skews = st.floats(-1e5, 1e5).map(lambda seconds: timedelta(seconds=seconds))


@given(skew=skews, steps=st.lists(st.tuples(lengths, lengths, lengths), min_size=1, max_size=20))
def test_it_is_right_within_a_second_and_the_way_of_an_answer(
    skew: timedelta, steps: list[tuple[timedelta, timedelta, timedelta]]
) -> None:
    """However wrong the local clock, after any answers the time is off by no more than the last one leaves open."""
    real, now = START, [START + skew]
    clock = ServerTime(lambda: now[0])
    for pause, out, back in steps:
        stamped = real + pause + out
        real = stamped + back
        now[0] = real + skew
        clock.hear(stamped.replace(microsecond=0), out + back)
        assert -SECOND - back <= clock.now() - real <= SECOND + out + timedelta(microseconds=2)


@given(steps=st.lists(st.tuples(lengths, lengths, lengths), min_size=1, max_size=20))
def test_a_clock_that_is_right_is_left_alone(steps: list[tuple[timedelta, timedelta, timedelta]]) -> None:
    """However slow AWS answers, a right clock is not taken for a wrong one, so nothing loses its precision."""
    now = [START]
    clock = ServerTime(lambda: now[0])
    for pause, out, back in steps:
        stamped = now[0] + pause + out
        now[0] = stamped + back
        clock.hear(stamped.replace(microsecond=0), out + back)
        assert clock.offset == timedelta(0)


def test_a_process_that_was_stopped_before_it_read_the_answer_does_not_lose_its_time() -> None:
    """An answer that is read minutes late leaves everything possible, so it changes nothing."""
    clock = ServerTime(lambda: START + 5 * timedelta(minutes=1))
    clock.hear(START, 5 * timedelta(minutes=1))
    assert clock.offset == timedelta(0)


def test_a_clock_that_is_set_right_is_followed() -> None:
    """A machine whose clock is corrected meanwhile needs no offset any more."""
    skew = [timedelta(minutes=-10)]
    clock = ServerTime(lambda: START + skew[0])
    clock.hear(START, timedelta(0))
    assert clock.now() == START
    skew[0] = timedelta(0)
    clock.hear(START, timedelta(0))
    assert clock.now() == START


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("service", ["sagemaker", "s3", "cloudwatch", "scheduler", "application_autoscaling"])
def test_every_service_tells_the_time(
    aws: Aws, cloud: Cloud, clock: VirtualClock, service: str, offset: timedelta
) -> None:
    """One answer of any service is enough, an error as well."""
    del cloud
    time = aws.answers.correct(lambda: clock.now() + offset)
    call = {
        "sagemaker": aws.sagemaker.list_endpoints,
        "s3": aws.s3.list_buckets,
        "cloudwatch": aws.cloudwatch.describe_alarms,
        "scheduler": aws.scheduler.list_schedules,
        "application_autoscaling": lambda: aws.application_autoscaling.describe_scalable_targets(
            ServiceNamespace="sagemaker"
        ),
    }
    call[service]()
    assert time.now() == clock.now()


def test_an_error_tells_the_time_as_well(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A process that is denied everything knows at least when it is."""
    time = aws.answers.correct(lambda: clock.now() - timedelta(days=1))
    cloud.plant(Outage(service="sagemaker", duration=timedelta(hours=1)))
    with pytest.raises(aws.sagemaker.exceptions.ClientError):
        aws.sagemaker.list_endpoints()
    assert time.now() == clock.now()
