"""``rollway backtest``: how a recorded rollout would have gone, as a table, in sentences and as a document."""

import json

import pandas as pd
import pytest
import yaml

from rollway.cli import main
from tests.policies.unit.observed import REFUSED, as_csv, make_quick, observe

TWO_STAGES = [{"share": 50, "bake": "10m"}, {"share": 95, "bake": "10m"}]


@pytest.fixture
def backtest(tmp_path, capsys):
    """Backtest a table: exit code, stdout and stderr."""

    def run(frame, *options, **fields):
        policy, path = tmp_path / "quick.yaml", tmp_path / "observed.csv"
        policy.write_text(yaml.safe_dump(make_quick(**fields).model_dump(mode="json", exclude_none=True)), "utf-8")
        path.write_text(as_csv(frame), "utf-8")
        code = main(["backtest", str(policy), str(path), *options])
        told = capsys.readouterr()
        return code, " ".join(told.out.split()), told.err

    return run


def test_a_rollback(backtest):
    """A candidate that turns bad is taken back, with when, after how much traffic and why."""
    frame = pd.concat([observe(5), observe(errors=(250, 5)).iloc[10:]], ignore_index=True)
    code, out, _ = backtest(frame)
    assert code == 3
    assert (
        "It would have been rolled back at 12:06 UTC, after 6m and 3,000 candidate requests, of which 275 failed" in out
    )
    assert "errors: 9.17% of the candidate's requests failed against 1.00% of the baseline's" in out


def test_a_promotion(backtest):
    """A good candidate moves on from the first stage and is promoted at the last, each with its moment."""
    second = observe(30).iloc[30:].assign(stage=1, share=[95.0, 5.0] * 15)
    frame = pd.concat([observe(15), second], ignore_index=True)
    split = {"share_within": "95%"}
    gates = {"errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.5, "or_absolute": "5%"}}, "split": split}
    code, out, _ = backtest(frame, stages=TWO_STAGES, gates=gates)
    assert code == 0
    assert "Stage 0 would have let it go on at 12:10 UTC." in out
    assert (
        "It would have been promoted at 12:25 UTC, after 25m and 12,500 candidate requests, of which 125 failed." in out
    )


def test_no_decision(backtest):
    """Without a decision it says what was missing; failures that nobody counted are not told as none."""
    code, out, _ = backtest(observe().drop(columns=["model_errors", "errors_5xx", "errors_4xx"]))
    assert code == 5
    told = (
        "It would not have been decided by 12:15 UTC, after 15m and 7,500 candidate requests: errors: model_errors was"
    )
    assert told in out


def test_the_table_has_a_line_per_change(backtest):
    """Minutes with the same decision and answers are one line, with how many they are."""
    _, out, _ = backtest(observe())
    table = out[out.index("split") : out.index("passes")].split("11-22 ")[1:]
    assert sum(int(line.split()[4]) for line in table) == 15
    assert [line.split()[5] for line in table] == ["CONTINUE", "CONTINUE", "PROMOTE"]
    assert all(line.split()[1:4] == ["0", "50", "%"] for line in table)


def test_the_document_holds_every_minute(backtest):
    """JSON holds every minute's verdict with each gate's answer, and the summary."""
    code, out, _ = backtest(observe(), "--output", "json")
    document = json.loads(out)
    assert code == 0
    assert [verdict["at"][11:16] for verdict in document["verdicts"]] == [f"12:{minute:02}" for minute in range(1, 16)]
    assert all(
        {gate["gate"] for gate in each["gates"]} == {"errors", "sample", "split"} for each in document["verdicts"]
    )
    assert document["course"] | {"reason": ""} == {
        "decision": "PROMOTE",
        "at": "2026-11-22T12:10:00+00:00",
        "after_s": 600.0,
        "candidate_requests": 5000,
        "candidate_failures": 50,
        "moved_on": {"0": "2026-11-22T12:10:00+00:00"},
        "reason": "",
    }


def test_nothing_observed(backtest):
    """A table without rows is no promotion."""
    code, out, _ = backtest(observe().iloc[:0])
    assert code == 5
    assert "there are no observations at all" in out


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_files_are_refused(backtest, case):
    """What cannot have happened is not backtested either."""
    make, where = REFUSED[case]
    code, out, err = backtest(make())
    assert (code, out) == (2, "")
    assert where in err
