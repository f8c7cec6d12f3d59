"""Runs one fuzzer: nothing but a result or the project's own error comes of any input, within bounded work."""

from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS
from tests.fuzz.work import bounded_work

_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def fuzz(name: str, examples: int, *, derandomize: bool) -> None:
    """Give a parser so many inputs.

    Raises:
        BaseException: what the parser raised on the smallest input that was found.
    """
    target = TARGETS[name]
    phases = (Phase.generate, Phase.shrink)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=derandomize,
        suppress_health_check=_CHECKS,
        phases=phases,
    )
    @given(mutated(target.seeds, target.tokens))
    def once(content: bytes) -> None:
        with suppress(*target.errors), bounded_work():
            target.run(content)

    once()
