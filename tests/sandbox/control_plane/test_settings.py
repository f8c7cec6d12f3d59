"""Settings are read from YAML, and a wrong file is told what is wrong in it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from rollway.sandbox.durations import Duration
from rollway.sandbox.fault_menu import Slow, Throttle
from rollway.sandbox.settings import SandboxSettings, SettingsError, load_settings


def test_no_file_means_defaults() -> None:
    """A sandbox needs no settings file."""
    assert load_settings(None) == SandboxSettings()


def test_every_setting_is_read(tmp_path: Path) -> None:
    """What the user writes is what the sandbox gets: durations, images, faults."""
    path = tmp_path / "sandbox.yaml"
    path.write_text("""
account_id: "210987654321"
delays: {updating: 6m, weights: 250ms}
images: {"shop:1": "python serve.py --name 'my shop'"}
faults:
  - {fault: throttle, operation: UpdateEndpoint, times: 3}
  - {fault: slow, variant: candidate, share: 10, by: 1.5s, after: 1h30m}
""")
    settings = load_settings(path)
    assert settings.account_id == "210987654321"
    assert settings.delays.updating == timedelta(minutes=6)
    assert settings.delays.weights == timedelta(milliseconds=250)
    assert settings.images["shop:1"] == ("python", "serve.py", "--name", "my shop")
    assert settings.faults == (
        Throttle(operation="UpdateEndpoint", times=3),
        Slow(variant="candidate", share=10, by=timedelta(seconds=1.5), after=timedelta(minutes=90)),
    )


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    """The error names each wrong field with its path, so one reading is enough to mend the file."""
    path = tmp_path / "sandbox.yaml"
    path.write_text("{delays: {updating: soon}, colour: blue, faults: [{fault: slow, variant: v, share: 200, by: 1s}]}")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    places = [problem.split(":")[0] for problem in caught.value.problems]
    assert sorted(places) == ["colour", "delays.updating", "faults.0.slow.share"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("environment: [PROMPT, PYTHONPATH]", "environment.1: Value error, PYTHONPATH decides which programs run"),
        ("environment: [LD_PRELOAD]", "LD_PRELOAD decides which programs run"),
        ("environment: ['*']", "environment.0: String should match pattern"),
        ("models: [os; id]", "models.0: String should match pattern"),
    ],
)
def test_what_nobody_should_allow_is_refused(tmp_path: Path, written: str, problem: str) -> None:
    """Variables that decide which programs run are set where the sandbox is started; names are names, not patterns."""
    path = tmp_path / "sandbox.yaml"
    path.write_text(written)
    with pytest.raises(SettingsError, match=re.escape(problem)):
        load_settings(path)


@pytest.mark.parametrize("content", ["[1, 2", "- a list"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    """Broken YAML and YAML of another shape give a settings error, not a traceback."""
    path = tmp_path / "sandbox.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError):
        load_settings(path)


@pytest.mark.parametrize(
    ("written", "seconds"), [("90s", 90), ("1h 30m", 5400), ("PT2M", 120), (2.5, 2.5), ("0.5m", 30), ("1d", 86400)]
)
def test_durations_are_read(written: object, seconds: float) -> None:
    """Lengths of time can be written the usual ways."""
    assert TypeAdapter[timedelta](Duration).validate_python(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["-5s", "5 parsecs", "s", -1])
def test_impossible_durations_are_refused(written: object) -> None:
    """Negative or unknown lengths of time never pass silently."""
    with pytest.raises(ValidationError):
        TypeAdapter[timedelta](Duration).validate_python(written)
