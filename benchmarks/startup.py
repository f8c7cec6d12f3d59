"""How long the quick verbs take, as a user feels it: from the shell's start of the process to its end."""

import json
import subprocess
import sys
import time
from typing import Final

_VERBS: Final = {"help": ["--help"], "version": ["version"], "validate": ["validate", "canary"]}
_ROUNDS: Final = 5


def bench_startup() -> dict[str, float]:
    """Return seconds for ``rollway --help``, ``rollway version`` and ``rollway validate canary``, the best of five each."""
    return {f"{name}_s": min(_time(arguments) for _ in range(_ROUNDS)) for name, arguments in _VERBS.items()}


def _time(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "rollway.cli", *arguments], check=True, capture_output=True)  # noqa: S603 - our own
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(bench_startup()))  # noqa: T201 - the result of a command
