"""``rollway judge`` and ``rollway replay``: verdicts on files, receipts, and what is refused."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from policies.verdict import EValue
from rollway.cli import main
from rollway.cli.world import World
from rollway.reports.judgement import tell_evidence
from rollway.sandbox.clock import VirtualClock
from tests.policies.unit.observed import REFUSED, UNDECIDED, as_csv, make_quick, observe

EXAMPLES = Path(__file__).parents[2] / "examples" / "observations"
NOW = datetime(2026, 11, 22, 12, 17, tzinfo=UTC)


@pytest.fixture
def policy(tmp_path):
    """The file of a policy of one quick stage."""
    path = tmp_path / "quick.yaml"
    path.write_text(yaml.safe_dump(make_quick().model_dump(mode="json", exclude_none=True)), "utf-8")
    return str(path)


@pytest.fixture
def judge(policy, tmp_path, capsys):
    """Judge a table at a moment of virtual time: exit code, stdout and stderr."""

    def run(frame, *options, now=NOW):
        path = tmp_path / "observed.csv"
        path.write_text(as_csv(frame), "utf-8")
        code = main(["judge", policy, str(path), *options], World(VirtualClock(now)))
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("frame", "code", "told"),
    [
        (observe(), 0, "PROMOTE at stage 0, 2026-11-22 12:15 UTC · every gate passes at 50 %"),
        (observe(errors=(200, 5)), 3, "ROLLBACK at stage 0"),
        (observe(5), 5, "CONTINUE"),
        (observe().drop(columns="model_errors"), 5, "INCONCLUSIVE"),
    ],
)
def test_each_decision_has_its_exit_code(judge, frame, code, told):
    """The decision comes first, and its exit code is that of a rollout with such an end."""
    done, out, _ = judge(frame, now=frame["minute"].iloc[-1] + timedelta(minutes=3))
    headline = out.splitlines()[1]
    assert (done, headline[: len(told)]) == (code, told)


def test_every_gate_has_a_line_with_its_evidence(judge):
    """Each gate tells its answer and its numbers; evidence that nobody needs to read digit by digit is cut short."""
    _, out, _ = judge(observe(errors=(200, 5)))
    lines = {line.split()[1]: line for line in out.splitlines() if line.startswith(("✓", "✗", "?"))}
    assert {name: line.split()[2] for name, line in lines.items()} == {
        "errors": "FAIL",
        "sample": "PASS",
        "split": "PASS",
    }
    assert "40.00% of the candidate's requests failed against 1.00%" in lines["errors"]
    assert "evidence that it is worse: beyond 1,000,000 of the 20 that suffice" in out


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (7e164, "beyond 1,000,000 of the 60 that suffice"),
        (1234.5, "1,234 of the 60 that suffice"),
        (3.52, "3.5 of the 60 that suffice"),
        (3e-15, "below 0.01 of the 60 that suffice"),
    ],
)
def test_evidence_in_words(value, told):
    """E-values are written as numbers that mean something to a person."""
    assert tell_evidence(EValue(value=value, threshold=60.0)) == told


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_files_are_refused(judge, case):
    """What cannot have happened ends with exit code 2 and names row and column, on stderr or as JSON."""
    make, where = REFUSED[case]
    code, out, err = judge(make())
    assert (code, out) == (2, "")
    assert where in err
    code, out, _ = judge(make(), "--output", "json")
    assert code == 2
    assert where in json.loads(out)["error"]["message"]


@pytest.mark.parametrize("case", UNDECIDED)
@pytest.mark.parametrize("moment", ["now", "last"])
def test_files_that_say_too_little_do_not_pass(judge, case, moment):
    """Too little is never a pass, whenever it is judged."""
    make, told = UNDECIDED[case]
    code, out, _ = judge(make(), "--as-of", moment)
    assert code == 5
    assert moment == "now" or told in " ".join(out.split())


def test_the_moment_of_judging(judge):
    """Old minutes pass nobody now, and the way to judge them as of then is named; later ones do not count for a moment in the past."""
    late = {"now": NOW + timedelta(hours=1)}
    code, out, _ = judge(observe(), **late)
    assert code == 5
    assert "no requests measured lately" in out
    assert "The newest observation is 1h3m old. To judge as of then: --as-of last" in out
    assert judge(observe(), "--as-of", "last", **late)[0] == 0
    assert judge(observe(), "--as-of", "2026-11-22T12:17Z", **late)[0] == 0
    assert "12:05 UTC" in judge(observe(), "--as-of", "2026-11-22T13:07:30+01:00", **late)[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--as-of", "tomorrow"], "neither now, last nor a time"),
        (["--as-of", "2026-11-22T12:17"], "has no time zone"),
        (["--receipt", "nowhere/receipt.json"], "the receipt cannot be written to nowhere/receipt.json"),
    ],
)
def test_options_that_cannot_be(judge, options, told):
    """Wrong options end with exit code 2 and say what to write."""
    code, _, err = judge(observe(), *options)
    assert code == 2
    assert told in err


def test_clocks_that_cannot_be_right(judge):
    """Minutes of the future, and older ones than CloudWatch keeps, are no look at a running rollout."""
    assert "is in the future" in judge(observe(), now=NOW - timedelta(minutes=10))[2]
    assert "older than the 455 days" in judge(observe(), now=NOW + timedelta(days=456))[2]


def test_files_that_cannot_be_read(policy, capsys):
    """A file that is not there is told as that."""
    assert main(["judge", policy, "nowhere.csv"]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_the_document_is_the_receipt(judge, tmp_path):
    """JSON on stdout is the receipt, byte for byte."""
    path = tmp_path / "receipt.json"
    _, out, _ = judge(observe(), "--output", "json", "--receipt", str(path))
    assert out.encode() == path.read_bytes()


def test_the_documented_commands(tmp_path, monkeypatch, capsys):
    """The how-to guide's commands work from the top of the project: the receipt replays, until somebody alters it."""
    shutil.copytree(EXAMPLES, tmp_path / "examples" / "observations")
    monkeypatch.chdir(tmp_path)
    judged = "rollway judge canary examples/observations/slower.csv --as-of last --receipt receipt.json"
    replayed = "rollway replay receipt.json"

    assert main(judged.split()[1:]) == 3
    assert main(replayed.split()[1:]) == 0
    assert "the same, to the byte\nROLLBACK" in capsys.readouterr().out

    receipt = Path("receipt.json")
    receipt.write_text(receipt.read_text("utf-8").replace('"decision": "ROLLBACK"', '"decision": "PROMOTE"'), "utf-8")
    assert main([*replayed.split()[1:], "--output", "json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["same"] is False
    assert document["differences"] == ['verdict.decision: in the receipt "PROMOTE", now "ROLLBACK"']
    assert main(replayed.split()[1:]) == 2
    assert "NOT the same" in capsys.readouterr().out


def test_what_is_no_receipt(tmp_path, capsys):
    """A file that is no receipt, or not there, is told as that."""
    path = tmp_path / "receipt.json"
    assert main(["replay", str(path)]) == 2
    path.write_text("{}", "utf-8")
    assert main(["replay", str(path)]) == 2
    assert "cannot be read" in (told := capsys.readouterr().err)
    assert "this is no receipt: rollway: Field required" in told
