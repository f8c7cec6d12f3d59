"""``python -m tests.fuzz --minutes 10 [--only calendar]``: each fuzzer for so many minutes, with other inputs each time."""

import argparse
import sys
import time
import traceback

from tests.fuzz.running import fuzz
from tests.fuzz.targets import TARGETS

_BATCH = 200


def main() -> int:
    """Run the fuzzers; return 1 when one of them found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long each of them runs")
    parser.add_argument("--only", action="append", choices=list(TARGETS), help="this one alone; repeatable")
    given = parser.parse_args()
    found = [name for name in given.only or TARGETS if not _run(name, given.minutes)]
    sys.stdout.write(f"found something: {', '.join(found)}\n" if found else "found nothing\n")
    return 1 if found else 0


def _run(name: str, minutes: float) -> bool:
    """Run one for a while; say whether nothing was found."""
    until, inputs = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < until:
        try:
            fuzz(name, _BATCH, derandomize=False)
        except BaseException:  # noqa: BLE001 - TooMuchWork is none of Exception's
            traceback.print_exc()
            return False
        inputs += _BATCH
    sys.stdout.write(f"{name}: {inputs:,} inputs\n")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    sys.exit(main())
