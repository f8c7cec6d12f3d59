"""Choosing Prefect, or not; the flow itself is tested with the flows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rollway.cli.prefect_server import find_server

URL = "http://127.0.0.1:4200/api"


def write_profiles(folder: Path, content: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.toml").write_text(content, "utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Prefect's home folder."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    return tmp_path


def test_the_environment_names_the_server(home, monkeypatch):
    """PREFECT_API_URL wins over the profile, as it does in Prefect."""
    write_profiles(home, 'active = "a"\n[profiles.a]\nPREFECT_API_URL = "http://other/api"\n')
    monkeypatch.setenv("PREFECT_API_URL", URL)

    assert find_server() == URL


@pytest.mark.parametrize(
    ("profiles", "found"),
    [
        (f'active = "a"\n[profiles.a]\nPREFECT_API_URL = "{URL}"\n', URL),
        ('active = "ephemeral"\n[profiles.ephemeral]\nPREFECT_SERVER_ALLOW_EPHEMERAL_MODE = "true"\n', None),
        ('active = "gone"\n', None),
        ("active = [broken", None),
        ("", None),
    ],
)
def test_the_active_profile_names_the_server(home, profiles, found):
    """A profile counts as far as it can be read; a broken file is Prefect's to complain about."""
    write_profiles(home, profiles)

    assert find_server() == found


def test_without_any_setting_there_is_no_server(home):
    """No environment and no file: run without Prefect."""
    assert not list(home.iterdir())
    assert find_server() is None


def test_an_unreachable_server_is_told_before_anything_is_touched(home):
    """With Prefect asked for and its server away, run exits 2 and says how to go on without."""
    command = ["run", "e", "--model", "m", "--policy", "canary", "--journal", "s3://bucket", "--prefect"]
    environment = os.environ | {"PREFECT_HOME": str(home), "PREFECT_API_URL": "http://127.0.0.1:9/api"}

    done = subprocess.run(
        [sys.executable, "-m", "rollway.cli", *command], capture_output=True, text=True, check=False, env=environment
    )

    assert done.returncode == 2, done.stderr
    assert "--no-prefect" in done.stderr
    assert "Traceback" not in done.stderr
