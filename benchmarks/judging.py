"""What one look of the judge costs: five metrics compared over an hour and over a day, from scratch and with a memory of the look before.

All traffic is SIMULATED (`rollway.calibration`). A look is everything between the metrics as read and the verdicts of all gates, intervals
and sentences included; reading from AWS is not. Times are of this process's own CPU, so that a busy machine disturbs them less.
"""

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any, Final

import numpy as np
import pandas as pd

from policies.compare.memory import FORGETFUL, Forgetful, Memory
from policies.gates.evidence import Window, gather_evidence
from policies.gates.judging import judge_gates
from policies.loading import parse_policy
from policies.observation import Metrics
from policies.spec import Policy
from policies.verdict import GateVerdict
from rollway.calibration.frames import START, to_frame
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import OVER_AR

SHARES: Final = (5.0, 25.0, 50.0, 95.0)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = 60
_DAY: Final = 24 * _HOUR
_REQUESTS_A_MINUTE: Final = 5000.0
_ROLLOUTS: Final = 12
_LOOKS: Final = 10
_ENDPOINTS: Final = 1000
_GATES: Final[dict[str, Any]] = {
    "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "0.5%"}},
    "client_errors": {"metric": "errors_4xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "0.5%"}},
    "model_errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.5}},
    "latency": {"metric": "latency", "no_worse_than": "10%"},
    "tail": {"metric": "latency", "quantile": 0.99, "no_worse_than": "10%"},
}


@dataclass(frozen=True)
class Watched:
    """A simulated rollout that has been watched for a while.

    Attributes:
        policy: five comparisons, a minimum sample and a check of the split.
        strata: a row per minute and arm, as read from CloudWatch.
        minutes_each: length of each stage in minutes.
    """

    policy: Policy
    strata: pd.DataFrame
    minutes_each: int

    def read(self, minutes: int) -> Metrics:
        """Return what is known after so many minutes."""
        until = START + minutes * _MINUTE
        return Metrics(self.strata[self.strata["minute"] < until], {}, until)

    def look(self, metrics: Metrics, memory: Forgetful = FORGETFUL) -> tuple[GateVerdict, ...]:
        """Judge."""
        windows = [window for window in self._windows() if window.start < metrics.settled_until]
        evidence = gather_evidence(self.policy, metrics, windows, memory)
        return judge_gates(self.policy.gates | self.policy.guardrails, evidence)

    def _windows(self) -> list[Window]:
        starts = [START + index * self.minutes_each * _MINUTE for index in range(len(SHARES) + 1)]
        return [
            Window(stage=index, share=share, start=starts[index], end=starts[index + 1])
            for index, share in enumerate(SHARES)
        ]


def bench_judging() -> dict[str, float]:
    """Return CPU milliseconds of a look, and CPU seconds of one more look at each of a thousand endpoints."""
    hour = simulate(_HOUR, _ROLLOUTS)
    (day,) = simulate(_DAY, 1)
    _time_look(hour[0], _HOUR, FORGETFUL)
    more = [spent for watched in hour for spent in _time_minutes(watched)]
    return {
        "hour_cold_ms": median(_time_look(watched, _HOUR, FORGETFUL) for watched in hour),
        "one_more_minute_p50_ms": median(more),
        "one_more_minute_p99_ms": float(np.quantile(more, 0.99)),
        "day_cold_ms": _time_look(day, _DAY, FORGETFUL),
        "thousand_endpoints_s": sum(more) / len(more) * _ENDPOINTS / 1000,
    }


def simulate(minutes: int, rollouts: int) -> list[Watched]:
    """Simulate rollouts with four stages, in a world in which each arm has noise of its own."""
    each = minutes // len(SHARES)
    stages = [{"share": share, "bake": f"{each}m"} for share in SHARES]
    policy = parse_policy({"strategy": "canary", "stages": stages, "gates": _GATES, "deadline": "3d"})
    drawn = draw(Scenario(TrafficPlan.staged(_REQUESTS_A_MINUTE, each), OVER_AR), rollouts, seed=1)
    frames = [to_frame(drawn, run).drop(columns=["stage", "share"]) for run in range(rollouts)]
    return [Watched(policy, frame, each) for frame in frames]


def _time_minutes(watched: Watched) -> list[float]:
    """Time the last looks of an hour, each a minute after the one before."""
    memory = Memory()
    return [_time_look(watched, minutes, memory) for minutes in range(_HOUR - _LOOKS, _HOUR + 1)][1:]


def _time_look(watched: Watched, minutes: int, memory: Forgetful) -> float:
    metrics = watched.read(minutes)
    began = time.process_time()
    watched.look(metrics, memory)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    print(json.dumps(bench_judging(), indent=1))  # noqa: T201 - the result of a command
