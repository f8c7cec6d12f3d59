"""``rollway calibrate``: the tables, the document and the chart of a study, and what it refuses."""

import json

import pytest

from rollway.cli import main

FEW = ["--runs", "10", "--processes", "1", "--world", "iid"]


@pytest.fixture
def quick(policy_file):
    """A policy of one short stage."""
    return policy_file(
        stages=[{"share": 50, "bake": "6m"}],
        gates={"latency": {"metric": "latency", "no_worse_than": "21%"}},
        metrics={},
        deadline="1h",
    )


def test_the_document_holds_every_figure(capsys, quick):
    """Every case has its shares with exact intervals, and the document says that all of it is simulated."""
    assert main(["calibrate", quick, *FEW, "--requests-per-minute", "300", "--output", "json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["simulated"] is True
    assert document["ladder"] == [{"share": 50.0, "periods": 11}]
    cells = {cell["candidate"]: cell for cell in document["cells"]}
    assert cells["as good as baseline"]["rolled_back"] | {"high": 0} == {
        "hits": 0, "runs": 10, "share": 0.0, "low": 0.0, "high": 0,
    }  # fmt: skip
    assert cells["latency × 2"]["rolled_back"]["share"] == 1.0
    assert "wrongly_passed" in cells["latency"]


def test_the_tables_say_what_is_simulated_and_what_is_not(capsys, tmp_path, quick):
    """The text names the simulation, its limits, and the chart is written beside it."""
    pytest.importorskip("matplotlib")
    chart = tmp_path / "chart.svg"
    assert main(["calibrate", quick, *FEW, "--error-rate", "2%", "--plot", str(chart)]) == 0

    told = capsys.readouterr().out
    for part in ("SIMULATED", "2% of them fail", "healthy: taken back", "Not simulated, and so not promised"):
        assert part in told
    assert chart.stat().st_size


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--error-rate", "1"], "write it with its sign"),
        (["--extend", "5"], "10m"),
        (["--world", "calm"], "over_ar"),
        (["--plot", "chart.pdf"], ".svg or .png"),
        (["--plot", "nowhere/chart.svg"], "a folder that exists"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_anything_is(capsys, quick, wrong, told):
    """Wrong options end with exit code 2 and say what to write, without simulating anything."""
    assert main(["calibrate", quick, *FEW, *wrong]) == 2
    assert told in capsys.readouterr().err


def test_documented_command(capsys):
    """The command of the how-to guide runs on the policy that ships with Rollway (with fewer runs, in one world)."""
    line = "rollway calibrate canary --requests-per-minute 500"
    assert main([*line.split()[1:], *FEW]) == 0
    assert "canary@" in capsys.readouterr().out


def test_documented_command_with_a_chart(capsys, tmp_path, monkeypatch):
    """The how-to guide's command for a chart writes it into the folder that it is called in (with fewer runs)."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    line = "rollway calibrate canary --requests-per-minute 500 --world shock --runs 1000 --plot chart.svg"
    assert main([*line.split()[1:], "--runs", "10", "--processes", "1"]) == 0
    assert "shock" in capsys.readouterr().out
    assert (tmp_path / "chart.svg").stat().st_size
