"""Observations are checked as a whole before anything is computed from them: every mistake is told, no number is changed."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from policies.strata.checking import check_observations
from policies.strata.findings import MOST_SHOWN, ObservationError
from tests.policies.unit.strata_tables import MINUTES, change, make_rows

CELLS: list[tuple[str, object, str]] = [
    ("minute", "", "an empty cell is no point in time"),
    ("minute", "yesterday", "'yesterday' is no point in time"),
    ("minute", 1763632800, "1763632800 is no point in time"),
    ("minute", "2026-11-20T10:01:00", "'2026-11-20T10:01:00' lacks its time zone"),
    ("minute", "2006-11-20T10:01:00Z", "'2006-11-20T10:01:00Z' is before 2017-11-29, when SageMaker did not exist yet"),
    ("minute", "0001-01-01T00:00:00+05:00", "'0001-01-01T00:00:00+05:00' is no point in time"),
    ("arm", "canary", "'canary' is no arm"),
    ("arm", None, "an empty cell is no arm"),
    ("stage", "-1", "'-1' is not a whole number from 0 to 1e15"),
    ("stage", "first", "'first' is not a whole number from 0 to 1e15"),
    ("share", "0", "'0' is not a percentage above 0 and at most 100"),
    ("share", "100.5", "'100.5' is not a percentage above 0 and at most 100"),
    ("share", "nan", "'nan' is not a percentage above 0 and at most 100"),
    ("invocations", "", "an empty cell is not a whole number from 0 to 1e15"),
    ("invocations", "many", "'many' is not a whole number from 0 to 1e15"),
    ("invocations", True, "True is not a whole number from 0 to 1e15"),
    ("errors_5xx", "0.5", "'0.5' is not a whole number from 0 to 1e15"),
    ("errors_4xx", "inf", "'inf' is not a whole number from 0 to 1e15"),
    ("model_errors", "-2", "'-2' is not a whole number from 0 to 1e15"),
    ("errors_5xx", "6", "6 is more than the 5 invocations"),
    ("model_errors", "6", "6 is more than the 5 invocations"),
    ("latency_sum_us", "-1", "'-1' is not a number of microseconds from 0 up"),
    ("latency_sum_us", "", "is empty, though 5 latencies were counted"),
    ("latency_sum_us", "inf", "'inf' is not a number of microseconds from 0 up"),
    (
        "latency_sum_us",
        "50000",
        "50,000 is outside 235,002.5 to 290,000, which 5 latencies between minimum and maximum can sum to",
    ),
    (
        "latency_histogram",
        "{",
        "'{' is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    ("latency_histogram", "[5]", "'[5]' is no JSON object"),
    ("latency_histogram", '{"a":5}', "'{\"a\":5}' has the bin 'a', which is no whole number from -100 to 300"),
    ("latency_histogram", '{"1":5.0}', "'{\"1\":5.0}' has counts that are not whole numbers"),
    ("latency_histogram", '{"1":{"2":5}}', '\'{"1":{"2":5}}\' has counts that are not whole numbers'),
    ("latency_histogram", '{"1":1,"1":5}', '\'{"1":1,"1":5}\' has a bin twice'),
    ("latency_histogram", '{"1":6,"2":-1}', '\'{"1":6,"2":-1}\' has counts from -1 to 6, outside 0 to 1e15'),
    ("latency_histogram", '{"9999":5}', "'{\"9999\":5}' has the bin '9999', which is no whole number from -100 to 300"),
    ("latency_histogram", '{"1":4}', "its counts add up to 4, latency_count is 5"),
    ("latency_histogram", {301: 5}, "{301: 5} has the bin 301, which is no whole number from -100 to 300"),
    ("latency_histogram", {1.5: 5}, "{1.5: 5} has bins or counts that are not whole numbers"),
    ("latency_histogram", 5, "5 is neither a JSON object nor a dictionary"),
    ("CPUUtilization", "high", "'high' is not a finite number"),
    ("CPUUtilization", "-inf", "'-inf' is not a finite number"),
]
TABLES: list[tuple[list[tuple[int, str, Any]], list[tuple[str, str]]]] = [
    (
        [(4, "latency_count", "6")],
        [
            ("row 4, latency_count", "6 is more than the 5 invocations"),
            (
                "row 4, latency_sum_us",
                "250,000 is outside 282,003 to 348,000, which 6 latencies between minimum and maximum can sum to",
            ),
            ("row 4, latency_histogram", "its counts add up to 5, latency_count is 6"),
        ],
    ),
    (
        [(4, "latency_min_us", "58001"), (4, "latency_sum_us", "290002")],
        [("row 4, latency_min_us", "58,001 is more than the maximum, 58,000")],
    ),
    (
        [(4, "arm", "baseline"), (4, "share", "95")],
        [("row 4, minute", "2026-11-20T10:01Z has more than one row of the baseline")],
    ),
    (
        [(1, "minute", MINUTES[1]), (2, "minute", MINUTES[1]), (3, "minute", MINUTES[0]), (4, "minute", MINUTES[0])],
        [("row 3, minute", "2026-11-20T10:00Z is earlier than the row before")],
    ),
    (
        [(3, "minute", "2026-11-20T10:01:07Z"), (4, "minute", "2026-11-20T10:01:07Z")],
        [("row 3, minute", "2026-11-20T10:01:07Z is off the grid of the others, 60 s apart")],
    ),
    (
        [(3, "minute", "2026-11-20T10:00:00.5Z"), (4, "minute", "2026-11-20T10:00:00.5Z")],
        [("row 3, minute", "2026-11-20T10:00:00.500Z is less than one second after another")],
    ),
    (
        [(row, "stage", "2") for row in (1, 2, 3, 4)],
        [("row 5, stage", "1 comes after stage 2 had begun")],
    ),
    (
        [(row, "stage", "0") for row in (7, 8)] + [(7, "share", "95"), (8, "share", "5")],
        [("row 7, stage", "0 comes after stage 1 had begun")],
    ),
    (
        [(4, "stage", "1"), (4, "share", "50"), (3, "share", "50"), (1, "share", "50"), (2, "share", "50")],
        [("row 4, stage", "2026-11-20T10:01Z is in stage 0 and in stage 1")],
    ),
    (
        [(1, "share", "90"), (3, "share", "90")],
        [
            ("row 2, share", "the shares of 2026-11-20T10:00Z add up to 95, not to 100"),
            ("row 4, share", "the shares of 2026-11-20T10:01Z add up to 95, not to 100"),
        ],
    ),
    (
        [(3, "share", "90"), (4, "share", "10")],
        [
            ("row 3, share", "90 differs from 95, which this arm had earlier in the same stage"),
            ("row 4, share", "10 differs from 5, which this arm had earlier in the same stage"),
        ],
    ),
]


def problems_of(table: pd.DataFrame) -> list[tuple[str, str]]:
    with pytest.raises(ObservationError) as caught:
        check_observations(table)
    assert all(problem.remedy for problem in caught.value.problems)
    return [(problem.where, problem.what) for problem in caught.value.problems]


@pytest.mark.parametrize(("column", "value", "what"), CELLS)
def test_a_cell_that_cannot_be_is_told_once(column: str, value: object, what: str):
    """A wrong cell is named by its row in the file, its column and its value, and nothing follows from it."""
    assert problems_of(change((4, column, value))) == [(f"row 4, {column}", what)]


@pytest.mark.parametrize(("cells", "problems"), TABLES)
def test_rows_that_contradict_are_told(cells: list[tuple[int, str, Any]], problems: list[tuple[str, str]]):
    """Cells that are fine each but cannot be true together are a problem."""
    assert problems_of(change(*cells)) == problems


def test_all_problems_are_told_in_the_order_of_the_file():
    """Whoever corrects a file reads it once, from the top."""
    table = change((8, "invocations", "x"), (2, "arm", "b"), (5, "share", "-5")).drop(columns="stage")

    assert [where for where, _ in problems_of(table)] == ["stage", "row 2, arm", "row 5, share", "row 8, invocations"]


def test_a_flood_of_one_mistake_does_not_hide_another():
    """Of very many problems the first of each kind is shown, and how many there are."""
    table = pd.concat([make_rows()] * 10, ignore_index=True).assign(errors_4xx="?")
    table.loc[79, "CPUUtilization"] = "?"

    with pytest.raises(ObservationError, match=r"^file\.csv: \d+ problems, 20 of them shown\n") as caught:
        check_observations(table, "file.csv")

    error = caught.value
    assert len(error.problems) == MOST_SHOWN
    assert error.count > 80
    assert "row 80, CPUUtilization" in [problem.where for problem in error.problems]


@pytest.mark.parametrize("column", ["minute", "stage", "arm", "share", "invocations"])
def test_required_columns_are_required(column: str):
    """Without its time, stage, arm, share or requests a row says nothing."""
    assert problems_of(make_rows().drop(columns=column)) == [(column, "this column is missing")]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ({"latency_count": "n"}, ("latency_count", "this column is missing, though there is latency_sum_us")),
        ({"errors_4xx": "errors_5xx"}, ("errors_5xx", "there are several columns of this name")),
        ({"CPUUtilization": ""}, ("(header)", "a column has no name")),
    ],
)
def test_a_header_that_cannot_be_understood_is_told(header: dict[str, str], problem: tuple[str, str]):
    """Which column is meant is never guessed."""
    assert problems_of(make_rows().rename(columns=header)) == [problem]


def test_text_becomes_values_of_the_promised_types():
    """The same table comes out of text as later code relies on, to the last digit."""
    checked = check_observations(change((3, "CPUUtilization", "0.1"), (4, "latency_histogram", "")))

    assert str(checked["minute"].dtype) == "datetime64[us, UTC]"
    assert checked["minute"][2] == datetime(2026, 11, 20, 10, 1, tzinfo=UTC)
    assert [str(checked[column].dtype) for column in ("stage", "invocations", "latency_count")] == ["int64"] * 3
    assert [str(checked[column].dtype) for column in ("share", "latency_sum_us", "CPUUtilization")] == ["float64"] * 3
    assert checked["arm"].tolist() == ["baseline", "candidate"] * 4
    assert (checked["CPUUtilization"][2], checked["latency_min_us"][2]) == (0.1, 47000.5)
    assert checked["latency_histogram"][1:4].tolist() == [{113: 3, 115: 2}, {113: 60, 114: 35}, None]


def test_a_checked_table_passes_unchanged():
    """Checking twice is checking once."""
    checked = check_observations(make_rows())

    assert_frame_equal(check_observations(checked), checked)


def test_the_given_table_is_left_alone():
    """Checking returns a new table."""
    table = make_rows()

    check_observations(table)

    assert_frame_equal(table, make_rows())


def test_absent_columns_stay_absent():
    """What nobody measured is not zero."""
    table = make_rows()[["arm", "minute", "share", "stage", "invocations"]]

    assert check_observations(table).columns.tolist() == ["minute", "stage", "arm", "share", "invocations"]


def test_no_rows_are_no_problem():
    """A rollout that has just begun has a table without rows, and the same types."""
    checked = check_observations(make_rows()[:0])

    assert len(checked) == 0
    assert checked.dtypes.equals(check_observations(make_rows()).dtypes)


def test_other_offsets_are_converted():
    """A time with its offset is a point in time, wherever it was written."""
    table = make_rows()
    table["minute"] = table["minute"].str.replace("T10", "T19").str.replace("Z", "+09:00")

    assert_frame_equal(check_observations(table), check_observations(make_rows()))


def test_timestamps_of_another_zone_are_converted():
    """A column of timestamps is as good as text."""
    checked = check_observations(make_rows())
    elsewhere = checked.assign(minute=checked["minute"].dt.tz_convert("Asia/Tokyo").dt.as_unit("ns"))

    assert_frame_equal(check_observations(elsewhere), checked)


def test_timestamps_without_a_zone_are_refused():
    """A timestamp without its zone is no point in time, whatever its type."""
    checked = check_observations(make_rows())
    naive = checked.assign(minute=checked["minute"].dt.tz_localize(None))

    assert problems_of(naive)[0] == ("row 1, minute", "2026-11-20 10:00:00 lacks its time zone")


def test_gaps_of_whole_periods_are_allowed():
    """A minute in which nothing was measured does not spoil the others."""
    assert len(check_observations(make_rows().drop(index=[2, 3]))) == 6


def test_a_lone_arm_is_allowed():
    """An arm that was silent has no row; the other one's share needs no counterpart."""
    assert len(check_observations(make_rows().drop(index=[3]))) == 7


def test_latencies_may_be_empty_where_none_were_counted():
    """An arm whose requests all failed before the model has no latency, in CloudWatch too."""
    empty = {
        "latency_count": "0",
        "latency_sum_us": "",
        "latency_min_us": "",
        "latency_max_us": "",
        "latency_histogram": "",
    }

    checked = check_observations(change(*((4, column, value) for column, value in empty.items())))

    assert np.isnan([checked[column][3] for column in ("latency_sum_us", "latency_min_us", "latency_max_us")]).all()


def test_rounded_latencies_are_accepted():
    """Minimum, maximum and sum are each rounded by whoever wrote them; that is no contradiction."""
    even = [(4, "latency_min_us", "50000"), (4, "latency_max_us", "50000"), (4, "latency_sum_us", "250002")]

    assert check_observations(change(*even))["latency_sum_us"][3] == 250_002


def test_histograms_may_hold_numbers_of_numpy():
    """Histograms that come from arrays are dictionaries of plain integers afterwards."""
    checked = check_observations(change((4, "latency_histogram", {np.int64(113): np.int64(5)})))

    assert [type(number) for pair in checked["latency_histogram"][3].items() for number in pair] == [int, int]
