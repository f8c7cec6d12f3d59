"""Whatever a file or a request holds, its parser gives a result or an error of our own, after bounded work."""

import os

import pytest

from tests.fuzz.running import fuzz
from tests.fuzz.targets import TARGETS
from tests.fuzz.work import TooMuchWork, bounded_work

EXAMPLES = 5_000 if os.environ.get("ROLLWAY_CHAOS") == "full" else 25


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", TARGETS)
def test_parsers_give_a_result_or_an_error_of_their_own(name):
    """No exception of a library, and no loop without end, comes out of a parser."""
    fuzz(name, EXAMPLES, derandomize=True)


def test_work_without_end_is_stopped():
    """The fuzzers would hang on a loop without end if nothing counted its calls."""
    with pytest.raises(TooMuchWork), bounded_work(1000):
        _loop()


def _loop() -> None:
    while True:
        len("")
