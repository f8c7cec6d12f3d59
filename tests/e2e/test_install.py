"""Rollway as a package: what `pip install .` puts on a machine works away from the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(180)
def test_the_installed_package_validates_the_policies_that_ship_with_it(tmp_path):
    """The wheel holds every package and the policy library, and its command runs outside the checkout."""
    pip = [sys.executable, "-m", "pip", "install", ".", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-build-isolation", "--target", str(tmp_path / "site")]
    subprocess.run([*pip, *alone], cwd=ROOT, check=True, capture_output=True, timeout=120)

    script = "import rollway.cli, policies, sys; print(policies.__file__); sys.exit(rollway.cli.main(['validate', 'canary']))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout
    assert "canary@" in done.stdout
