"""``make bench``: every measurement, one line each, with the figure that is promised where one is.

Absolute figures depend on the machine and on what else it does; compare them within one run only.
"""

import importlib
import sys
from typing import Final

_MEASUREMENTS: Final = {
    "the simulated AWS: invocations": ("benchmarks.invocations", "bench_invocations"),
    "the simulated AWS: GetMetricData, 500 queries over an hour": ("benchmarks.metrics", "bench_get_metric_data"),
    "the loop: one look": ("benchmarks.ticks", "bench_ticks"),
    "the loop: from a failed verdict to the request that takes the traffic back": (
        "benchmarks.returning",
        "bench_returning",
    ),
    "the judge: one look at five metrics, CPU time": ("benchmarks.judging", "bench_judging"),
    "the receiver: events of registries, and 10,000 hostile requests": ("benchmarks.receiver", "bench_receiver"),
    "the command: seconds to start, best of five": ("benchmarks.startup", "bench_startup"),
}
_PROMISES: Final = {
    "invocations_per_s": "promised: well above 1,000",
    "queries_cold_s": "promised: under 2",
    "hour_cold_ms": "promised: under 200",
    "thousand_endpoints_s": "promised: under 60",
    "verdict_to_weights_p99_ms": "promised: under 1,000",
    "help_s": "promised: under 0.5",
}


def main() -> int:
    """Run every measurement and print its figures."""
    for title, (module, function) in _MEASUREMENTS.items():
        sys.stdout.write(f"{title}\n")
        sys.stdout.flush()
        for name, value in getattr(importlib.import_module(module), function)().items():
            promise = f"   {_PROMISES[name]}" if name in _PROMISES else ""
            sys.stdout.write(f"  {name:<34} {value:>14,.2f}{promise}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
