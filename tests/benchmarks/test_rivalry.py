"""The benchmark that puts Rollway beside its rivals."""

import numpy as np
import pytest

from benchmarks.rivalry import CANDIDATES, HEALTHY, JUDGES, OWN, Cell, Result, _read, cells, main, measure, tabulate
from benchmarks.rivals.calls import NEVER, Calls
from rollway.calibration.traffic import Scenario, TrafficPlan, draw

SLOW = Cell("latency × 2", "drift", "500/min, 5 %")


def test_every_question_is_asked_at_every_plan() -> None:
    """Four worlds of healthy candidates and four faults, at two volumes and three shares."""
    assert len(cells()) == len(set(cells())) == (4 + len(CANDIDATES) - 1) * 6


def test_all_judges_see_the_same_traces() -> None:
    """A cell is measured for every judge, alike each time, and Rollway finds a doubled latency at once."""
    found = measure(SLOW, 20, 1)
    assert list(found) == list(JUDGES)
    assert found[OWN].rolled_back == 1.0
    assert found[OWN].minutes <= 5
    assert measure(SLOW, 20, 1) == found


def test_served_requests_count_to_the_call_or_to_the_end() -> None:
    """What a candidate answered counts up to and with the minute of the call, or all of it."""
    traces = draw(Scenario(TrafficPlan.steady(500, 5.0)), 2, 4, histograms=False)
    minutes, served = _read(Calls(np.array([2, NEVER]), np.array([NEVER, 59])), traces)
    assert minutes.tolist() == [3.0, np.inf]
    requests = traces.invocations.candidate
    assert served.tolist() == [requests[0, :3].sum(), requests[1].sum()]


def test_tables_hold_every_judge() -> None:
    """Each table has a line per judge, shares as percent, and a dash for a median that was never reached."""
    results = dict.fromkeys(JUDGES, Result(0.125, np.inf, 1234.0))
    healthy = Cell(HEALTHY, "iid", "500/min, 5 %")
    text = tabulate({healthy: results, SLOW: results}, runs=8, seed=3)
    assert text.count(f"| {OWN} |") == 3
    assert "| 12.5 |" in text
    assert "| 12 / – / 1,234 |" in text


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    """The command explains itself."""
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--runs" in capsys.readouterr().out
