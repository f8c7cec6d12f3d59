"""The chart of a study: a file of the asked kind, and a clear refusal without matplotlib."""

import sys
from pathlib import Path

import pytest

from rollway.calibration.chart import MissingPlots, check_plots, draw_chart
from rollway.calibration.study import Study, run_study
from rollway.calibration.worlds import IID
from tests.calibration.building import make_policy


def test_the_chart_names_what_it_shows(tmp_path: Path) -> None:
    """A chart is written in the form that its suffix says, and an .svg one names its rows and that they are simulated."""
    pytest.importorskip("matplotlib")
    study = Study(make_policy(), 100.0, runs=2, worlds={"iid": IID})
    cells = list(run_study(study))
    draw_chart(study, cells, tmp_path / "chart.svg")
    text = (tmp_path / "chart.svg").read_text("utf-8")
    assert "healthy: taken back" in text
    assert "SIMULATED" in text
    draw_chart(study, cells, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where matplotlib is not installed, the refusal says how to install it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPlots) as refused:
        check_plots()
    assert "rollway[plots]" in refused.value.hint
