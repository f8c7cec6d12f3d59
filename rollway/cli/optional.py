"""What is said where an optional part of Rollway is not installed, before anything of it is imported."""

from importlib.util import find_spec
from typing import Final

from rollway.cli.failures import UsageProblem

SANDBOX: Final = ("flask", "httptools", "moto", "sklearn", "werkzeug")
"""The packages of the extra ``sandbox`` that the simulated AWS and the demo import."""


def check_sandbox() -> None:
    """Check that the simulated AWS can be imported.

    Raises:
        UsageProblem: the extra ``sandbox`` is not installed, or not all of it.
    """
    missing = [name for name in SANDBOX if find_spec(name) is None]
    if missing:
        packages = f"{', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        raise UsageProblem(f"the simulated AWS needs {packages}", "pip install 'rollway[sandbox]'")
