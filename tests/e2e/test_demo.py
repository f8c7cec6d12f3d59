"""The demo as a user runs it: real processes, real models, real requests, a local Prefect server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROLLWAY = Path(sys.executable).with_name("rollway")
LONG = 420


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without anything that points at an AWS or a Prefect."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PREFECT_", "ROLLWAY_"))}
    return kept | more


@pytest.mark.timeout(LONG)
def test_make_demo_shows_one_promotion_and_one_rollback():
    """`make demo` ends well, promotes the good model, rolls the bad one back, counts its requests, reads the endpoint back."""
    done = subprocess.run(
        ["make", "demo"], cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False, timeout=LONG
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Prefect's UI: http://127.0.0.1:" in done.stderr
    assert "PROMOTED at" in done.stdout
    assert "ROLLED_BACK at" in done.stdout
    assert "Before that, digits-failing had answered" in done.stdout
    assert "variant AllTraffic: model digits-better, weight 1, 2 instances" in done.stdout


@pytest.mark.timeout(LONG)
def test_sigterm_leaves_no_process_behind(tmp_path):
    """A demo that is stopped in the middle takes its servers, its models and its users with it."""
    demo = subprocess.Popen(
        [ROLLWAY, "demo", "--no-prefect", "--keep-open", "--folder", tmp_path],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if "$ rollway run" in line:
            break
    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=60)

    give_up = time.monotonic() + 30
    while left := alive_with(str(tmp_path)):
        assert time.monotonic() < give_up, left
        time.sleep(0.2)


def alive_with(mark: str) -> list[str]:
    """The command lines of living processes that mention a path."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in listed if mark in line]
