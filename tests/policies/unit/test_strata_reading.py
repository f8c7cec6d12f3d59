"""Files of observations: what is read is what was written, and a file that cannot be read says why."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from policies.strata.checking import check_observations
from policies.strata.findings import ObservationError
from policies.strata.reading import read_observations, write_observations
from policies.strata.table import find_period, to_strata
from tests.policies.unit.strata_tables import change, make_rows

EXAMPLES = Path(__file__).parents[3] / "examples" / "observations"


def refusal_of(path: Path) -> str:
    with pytest.raises(ObservationError) as caught:
        read_observations(path)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("name", ["o.csv", "o.parquet", "O.CSV"])
def test_what_is_written_is_read(tmp_path: Path, name: str):
    """Neither kind of file changes a number, a type or an empty cell."""
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    awkward = change(
        (4, "latency_histogram", ""), (3, "CPUUtilization", "0.30000000000000004"), (5, "CPUUtilization", "")
    )

    write_observations(awkward, tmp_path / name)

    assert_frame_equal(read_observations(tmp_path / name), check_observations(awkward))


@pytest.mark.parametrize("name", ["o.csv", "o.parquet"])
def test_a_table_without_rows_is_read(tmp_path: Path, name: str):
    """Nothing observed yet is a valid file."""
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")

    write_observations(make_rows()[:0], tmp_path / name)

    assert_frame_equal(read_observations(tmp_path / name), check_observations(make_rows()[:0]))


def test_parquet_may_hold_text_or_timestamps(tmp_path: Path):
    """Parquet written elsewhere is accepted: times as text, and a time that was made the index."""
    pytest.importorskip("pyarrow")
    checked = check_observations(make_rows())
    make_rows().to_parquet(tmp_path / "text.parquet")
    plain = checked.assign(latency_histogram=make_rows()["latency_histogram"])
    plain.set_index("minute").to_parquet(tmp_path / "index.parquet")

    assert_frame_equal(read_observations(tmp_path / "text.parquet"), checked)
    assert_frame_equal(read_observations(tmp_path / "index.parquet"), checked)


def test_a_csv_from_a_spreadsheet_is_read(tmp_path: Path):
    """A byte order mark, Windows line ends and a blank line at the end do no harm."""
    file = tmp_path / "o.csv"
    file.write_bytes(b"\xef\xbb\xbf" + make_rows().to_csv(index=False, lineterminator="\r\n").encode() + b"\r\n")

    assert_frame_equal(read_observations(file), check_observations(make_rows()))


@pytest.mark.parametrize(
    ("name", "content", "refusal"),
    [
        (
            "o.xlsx",
            b"",
            "(file): its name does not tell what kind it is: it ends in '.xlsx' — use .csv or .parquet",
        ),
        ("o.csv", b"minute,arm\n\xe9", "(file): is not UTF-8: line 2 has the byte 0xe9 — save it as CSV in UTF-8"),
        ("o.csv", b'minute\n"x"y\n', "(file): is no CSV: ',' expected after '\"'"),
        ("o.csv", b"minute,arm\n1,2\n1\n", "row 2: has 1 cells — write 2, as in the header, and quote histograms"),
    ],
)
def test_a_file_that_is_no_table_says_why(tmp_path: Path, name: str, content: bytes, refusal: str):
    """What is wrong with a file as a whole is told like what is wrong in it."""
    (tmp_path / name).write_bytes(content)

    assert refusal_of(tmp_path / name) == f"FILE: 1 problem\n  {refusal}"


def test_an_empty_file_lacks_the_columns(tmp_path: Path):
    """A file without even a header is no empty table."""
    (tmp_path / "o.csv").touch()

    assert "(header): has none of the columns minute, stage" in refusal_of(tmp_path / "o.csv")


def test_a_missing_file_is_told(tmp_path: Path):
    """A path that leads nowhere is refused with the system's reason."""
    assert refusal_of(tmp_path / "o.csv") == "FILE: 1 problem\n  (file): No such file or directory"


def test_problems_name_the_file(tmp_path: Path):
    """Problems in a file are told with the file's path and the row as it counts there."""
    change((3, "arm", "b")).to_csv(tmp_path / "o.csv", index=False)

    assert refusal_of(tmp_path / "o.csv").startswith("FILE: 1 problem\n  row 3, arm: 'b' is no arm")


@pytest.mark.parametrize("damage", [b"", b"PAR1 and nothing else"])
def test_a_damaged_parquet_file_is_told(tmp_path: Path, damage: bytes):
    """Whatever Arrow stumbles over, the user reads about the file."""
    pytest.importorskip("pyarrow")
    (tmp_path / "o.parquet").write_bytes(damage)

    assert "(file): is no Parquet file: " in refusal_of(tmp_path / "o.parquet")


def test_parquet_text_that_is_no_utf8_is_told(tmp_path: Path):
    """Arrow reads text late; damaged text is still told as a damaged file."""
    pytest.importorskip("pyarrow")
    file = tmp_path / "o.parquet"
    make_rows().to_parquet(file, compression=None, engine="pyarrow")
    file.write_bytes(file.read_bytes().replace(b"candidate", b"candi\xffate"))

    assert "(file): is no Parquet file: " in refusal_of(file)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Parquet is optional: who lacks the package is told the one command that brings it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "o.parquet").touch()
    refusal = (
        "FILE: 1 problem\n"
        "  (file): Parquet needs the package pyarrow, which is not installed — pip install 'rollway[parquet]'"
    )

    assert refusal_of(tmp_path / "o.parquet") == refusal
    with pytest.raises(ObservationError, match="pyarrow"):
        write_observations(make_rows(), tmp_path / "new.parquet")


def test_wrong_observations_are_not_written(tmp_path: Path):
    """A file that could not be read back is not made."""
    with pytest.raises(ObservationError):
        write_observations(change((1, "arm", "b")), tmp_path / "o.csv")

    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize(("name", "slower"), [("healthy.csv", 1.0), ("slower.csv", 1.3)])
def test_examples_are_what_the_reference_says(name: str, slower: float):
    """The example files hold 40 minutes at 5, 25 and 50 %, the candidate as fast as its name says (made so; within 3 %)."""
    minutes, strata = to_strata(read_observations(EXAMPLES / name))

    candidate, baseline = (
        total / count
        for total, count in (
            (strata.latency_sum_us.candidate.sum(), strata.latency_count.candidate.sum()),
            (strata.latency_sum_us.baseline.sum(), strata.latency_count.baseline.sum()),
        )
    )

    assert len(minutes) == 40
    assert minutes[0] == pd.Timestamp("2026-11-20T10:00:00Z")
    assert find_period(minutes).total_seconds() == 60
    assert strata.share.tolist() == [5.0] * 13 + [25.0] * 13 + [50.0] * 14
    assert candidate / baseline == pytest.approx(slower, rel=0.03)
