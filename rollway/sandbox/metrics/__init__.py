"""The metrics of the SIMULATED CloudWatch: raw observations in, statistics out, with AWS's rules of time and notation.

Pure: no moto, no HTTP, no clock of its own. ``MetricStore`` is all that the rest of the sandbox needs.

Simplified against AWS: every metric keeps detail below a minute (for three hours), as if it were high-resolution;
data older than the retention (15 days) are gone rather than kept at five minutes and an hour; metric math is
arithmetic, comparisons, ``IF`` and ``FILL``. Whatever else is not simulated is refused with a message that says so,
never answered with nothing.
"""

from rollway.sandbox.metrics.distribution import StatisticSet
from rollway.sandbox.metrics.store import Gap, MetricStore

__all__ = ["Gap", "MetricStore", "StatisticSet"]
