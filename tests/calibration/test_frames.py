"""Simulated traffic as a table: the layout of the observation files, and agreement with the arrays that it was made from."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from policies.strata.arrays import BIN_RATIO
from policies.strata.checking import check_observations
from policies.strata.table import to_strata
from rollway.calibration.faults import Fault
from rollway.calibration.frames import to_frame
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import SHOCK

PLAN = TrafficPlan.staged(300.0, 5)
STRATA = draw(Scenario(PLAN, SHOCK), 3, 11)
START = datetime(2026, 5, 4, 10, tzinfo=UTC)


def test_the_table_agrees_with_the_arrays() -> None:
    """Reading the table back gives the very numbers of the run that was asked for."""
    minutes, back = to_strata(check_observations(to_frame(STRATA, 1, START)))
    assert minutes[0] == START
    assert len(minutes) == PLAN.minutes
    np.testing.assert_array_equal(back.stage, STRATA.stage)
    np.testing.assert_array_equal(back.share, STRATA.share)
    for name in ("invocations", "latency_count", "latency_sum_us"):
        np.testing.assert_array_equal(getattr(back, name).candidate, getattr(STRATA, name).candidate[1])
        np.testing.assert_array_equal(getattr(back, name).baseline, getattr(STRATA, name).baseline[1])
    for metric, drawn in STRATA.errors.items():
        np.testing.assert_array_equal(back.errors[metric].candidate, drawn.candidate[1])


def test_histograms_survive_the_table() -> None:
    """A histogram read back from the table has the same counts in the same bins, without the empty ones at the ends."""
    _, back = to_strata(check_observations(to_frame(STRATA, 2, START)))
    assert back.histograms is not None
    assert STRATA.histograms is not None
    first = back.histograms.lowest - STRATA.histograms.lowest
    counts = STRATA.histograms.counts.baseline[2]
    width = back.histograms.counts.baseline.shape[-1]
    np.testing.assert_array_equal(back.histograms.counts.baseline, counts[:, first : first + width])
    assert counts.sum() == back.histograms.counts.baseline.sum()


@pytest.mark.parametrize("histograms", [True, False])
def test_a_table_passes_the_checks_of_observation_files(*, histograms: bool) -> None:
    """What is simulated is accepted as observations, also at one request a minute, with silent minutes, without histograms."""
    sparse = draw(Scenario(TrafficPlan.steady(3.0, 30.0, 60)), 2, 3, histograms=histograms)
    frame = to_frame(sparse, 0, START)
    assert len(frame) < 120
    assert len(check_observations(frame)) == len(frame)


def test_rows_are_sorted_and_silence_has_none() -> None:
    """Rows run by minute and then by arm; an arm that falls silent has no rows from then on."""
    silent = draw(Scenario(PLAN, faults=(Fault(silences="candidate", onset=3),)), 1, 5)
    frame = to_frame(silent, 0, START)
    assert list(frame["arm"][:6]) == ["baseline", "candidate"] * 3
    assert list(frame["arm"][6:]) == ["baseline"] * 17
    assert frame["minute"].is_monotonic_increasing
    assert list(frame.index) == list(range(len(frame)))


def test_each_row_has_its_own_arms_share() -> None:
    """The shares of one minute's arms add up to all traffic."""
    shares = to_frame(STRATA, 0, START).pivot(index="minute", columns="arm", values="share")
    assert list(shares["candidate"]) == list(PLAN.share)
    assert np.all(shares.sum(axis=1) == 100)


def test_latencies_lie_between_least_and_greatest() -> None:
    """The least and the greatest latency lie in the outermost bins of the histogram, with the mean between them."""
    frame = to_frame(STRATA, 0, START)
    mean = frame["latency_sum_us"] / frame["latency_count"]
    assert (frame["latency_min_us"] <= mean).all()
    assert (mean <= frame["latency_max_us"]).all()
    for end, column in ((min, "latency_min_us"), (max, "latency_max_us")):
        bins = np.floor(np.log(frame[column]) / np.log(BIN_RATIO)).astype(int)
        assert list(bins) == [end(histogram) for histogram in frame["latency_histogram"]]


def test_a_start_in_another_zone_becomes_utc() -> None:
    """A start given with an offset is the same moment in UTC."""
    there = datetime(2026, 5, 4, 12, tzinfo=timezone(timedelta(hours=2)))
    pd.testing.assert_frame_equal(to_frame(STRATA, 0, there), to_frame(STRATA, 0, START))
