"""An outage of the journal is reported once when it begins and once when it is over, however many requests fail in between."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from policies.errors import AccessDenied, AwsError, JournalError, RolloutError, Throttled, TransientAwsError
from policies.lifecycle import Outcome, Phase
from rollway.loop.outages import Outages
from rollway.sandbox.fault_menu import Outage
from tests.loop.rehearsal import BUCKET, QUICK, Rehearsal
from tests.loop.test_trouble import at

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture):
    """The warnings about the journal so far."""
    caplog.set_level(logging.WARNING)
    return lambda: [
        each.getMessage()
        for each in caplog.records
        if each.levelno >= logging.WARNING and "journal" in each.getMessage()
    ]


def failure(kind: type[AwsError] = TransientAwsError) -> AwsError:
    return kind("no answer", operation="GetObject")


@pytest.mark.parametrize("phase", [Phase.BAKING, Phase.SHIFTING, Phase.PROMOTING, Phase.CLEANING])
@pytest.mark.parametrize("minutes", [4, 20])
def test_an_outage_of_s3_is_reported_at_its_beginning_and_at_its_end(rehearsal: Rehearsal, told, phase, minutes):
    """In every phase one warning says since when and what it means, and one line for how long it lasted."""
    planted = Outage(service="s3", prefix=BUCKET, duration=f"{minutes}m")
    rehearsal.watch = at(phase, 0 if phase is Phase.SHIFTING else 1, lambda each: each.cloud.faults.plant(planted))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    lines = [line for line in told() if line.startswith("the journal s3://")]
    assert [line.split("rollway/ ")[1].split(" since")[0].split(",")[0] for line in lines][:2] in (
        ["cannot be reached", "can be used again"],
        ["cannot be reached"],  # the rollout was over before the outage was
    )
    assert len(lines) <= 2


def test_a_second_outage_is_reported_like_the_first(rehearsal: Rehearsal, told):
    """What is over is over: the next outage is news again."""
    for after in ("3m", "15m"):
        rehearsal.cloud.faults.plant(Outage(service="s3", prefix=BUCKET, duration="3m", after=after))

    assert rehearsal.play(QUICK | {"stages": [{"share": 20, "bake": "20m"}]}).outcome is Outcome.PROMOTED

    assert [("cannot be reached" in line, "can be used again" in line) for line in told()] == [
        (True, False),
        (False, True),
    ] * 2


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["read fails"] * 4, ["cannot be reached"]),
        (["read fails", "write fails", "read works", "read fails", "read works"], ["cannot be reached"]),
        (["write fails", "read works", "read works", "write works"], ["cannot be reached", "can be used again"]),
        (["write denied", "read works", "write denied"], ["turns requests down"]),
        (["read fails", "read denied", "read denied"], ["cannot be reached", "turns requests down"]),
        (["read fails", "read throttled"], ["cannot be reached"]),
        (["read damaged", "read damaged", "read works"], ["cannot be read", "can be used again"]),
        (["read works", "write works"], []),
    ],
)
def test_reading_and_writing_may_fail_apart(told, steps: list[str], expected: list[str]):
    """An outage lasts until whatever failed works again; within it only a failure of another kind is news."""
    outages, now = Outages("s3://b/"), NOON
    errors: dict[str, RolloutError] = {
        "fails": failure(),
        "throttled": failure(Throttled),
        "denied": failure(AccessDenied),
        "damaged": JournalError("not ours"),
    }
    for step in steps:
        access, what = step.split()
        assert access in {"read", "write"}
        side = "read" if access == "read" else "write"
        if what == "works":
            outages.succeeded(side, now)
        else:
            outages.failed(side, "renew the lease", errors[what], now)
        now += MINUTE

    found = told()
    assert len(found) == len(expected)
    assert all(part in line for part, line in zip(expected, found, strict=True))


def test_the_end_says_how_long_it_lasted(told):
    """From the first failure to the first look at which everything worked, and how many requests failed."""
    outages = Outages("s3://b/")
    for minute in range(5):
        outages.failed("read", "read the signals", failure(), NOON + minute * MINUTE)
        outages.failed("write", "renew the lease", failure(), NOON + minute * MINUTE)
    outages.succeeded("read", NOON + 5 * MINUTE)
    outages.succeeded("write", NOON + 6 * MINUTE)

    assert "since 12:00:00 UTC" in told()[0]
    assert told()[1] == "the journal s3://b/ can be used again, after 6m in which 10 requests failed"
