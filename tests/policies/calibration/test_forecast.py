"""A forecast's approximation, held against rollouts drawn at random (simulated traffic)."""

import numpy as np
import pytest

from policies.forecasting.crossing import fail_times, pass_times
from policies.forecasting.timing import LIKELY, MEDIAN
from policies.forecasting.traffic import Traffic
from policies.forecasting.typical import Fault
from policies.gates.weighing import weigh
from policies.loading import load_policy
from policies.strata.shaping import shape
from rollway.calibration import faults as simulated
from rollway.calibration.traffic import Scenario, TrafficPlan, draw

RUNS = 60
SERVICE = simulated.Service(slow_share=0.0, sigma=float(np.log(4) / 2.3263478740408408))
"""What `Traffic` assumes by default: 1 % errors, p50 50 ms, p99 200 ms (2.326 is the normal law's 99 % quantile)."""
POLICY = load_policy("canary")
WITHIN = 1.5
SLACK_MINUTES = 2
"""A decision falls on a whole minute; below a few minutes no factor means anything."""


def play(requests, share, minutes, fault=simulated.Fault()):  # noqa: B008 - a frozen value
    scenario = Scenario(TrafficPlan.steady(requests, share, minutes), service=SERVICE, faults=(fault,))
    strata = draw(scenario, RUNS, seed=20)
    return weigh(POLICY, shape(strata, np.zeros(minutes, dtype=bool)))


def decided_by(looks, part):
    """The minute by which a part of the runs has decided; infinite for never."""
    first = np.where(looks.any(axis=-1), looks.argmax(axis=-1) + 1.0, np.inf)
    return float(np.sort(first)[int(np.ceil(part * RUNS)) - 1])


@pytest.mark.parametrize(
    ("requests", "share", "minutes", "gates"),
    [
        (500, 5, 70, ("latency",)),
        (500, 25, 60, ("latency", "tail")),
        (2000, 50, 60, ("errors", "latency", "tail")),
        (5000, 10, 60, ("errors", "latency", "tail")),
    ],
)
def test_gates_pass_when_they_are_forecast_to(requests, share, minutes, gates):
    """Half of the simulated rollouts of an equal candidate pass within a factor 1.5 of the forecast, nine in ten by its later time."""
    forecast, weighed = pass_times(POLICY, Traffic(requests), share, minutes), play(requests, share, minutes)

    for gate in gates:
        half = decided_by(weighed.passes[gate], 0.5)
        expected = MEDIAN * forecast[gate]
        assert expected / WITHIN - SLACK_MINUTES <= half <= expected * WITHIN + SLACK_MINUTES, gate
        assert decided_by(weighed.passes[gate], 0.9) <= LIKELY * forecast[gate] * 1.25 + SLACK_MINUTES, gate


@pytest.mark.parametrize(
    ("requests", "share", "size"),
    [(500, 25, {"error_added": 0.05}), (500, 5, {"latency_ratio": 1.25}), (5000, 50, {"error_ratio": 2.0})],
)
def test_faults_are_found_when_they_are_forecast_to_be(requests, share, size):
    """Half of the simulated rollouts of a worse candidate fail within a factor 1.5 of the forecast."""
    (forecast,) = fail_times(POLICY, Traffic(requests), share, [Fault("fault", **size)], 60)

    half = decided_by(play(requests, share, 60, simulated.Fault(**size)).joint >= np.log(20), 0.5)

    expected = MEDIAN * forecast
    assert expected / WITHIN - SLACK_MINUTES <= half <= expected * WITHIN + SLACK_MINUTES
