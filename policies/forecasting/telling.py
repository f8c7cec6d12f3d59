"""A forecast's warnings and advice in words: the same in a terminal, in a plan and in a flow's log."""

from datetime import timedelta
from typing import Final

from policies.forecasting.forecast import Forecast, GateForecast, StageForecast
from policies.forecasting.ladder import Advice, write_stages
from policies.values import format_duration

_TO_MINUTES: Final = timedelta(minutes=2)


def tell_doubts(forecast: Forecast) -> list[str]:
    """Say, one sentence each, which gates may not have decided in time although their stage waits for them."""
    return [_tell_doubt(forecast, stage, gate) for stage, gate in forecast.doubts]


def tell_advice(advice: Advice) -> str:
    """Say what would let every gate decide in time."""
    if advice.ladder is not None:
        return f"These stages give every gate enough time, in nine of ten rollouts:\n\n{write_stages(advice.ladder)}"
    ways = [
        f"{advice.times_traffic:g} times the traffic" if advice.times_traffic else "",
        f"margins {advice.times_margin:g} times as wide" if advice.times_margin else "",
    ]
    would = " or ".join(way for way in ways if way)
    told = "No ladder that was tried lets every gate decide before the deadline"
    return f"{told}; {would} would." if would else f"{told}, nor would more traffic or wider margins alone."


def tell_time(length: timedelta | None) -> str:
    """Write how long something takes: rounded to minutes unless it is short."""
    if length is None:
        return "beyond the deadline"
    unit = timedelta(seconds=1) if length < _TO_MINUTES else timedelta(minutes=1)
    return format_duration(round(length / unit) * unit)


def _tell_doubt(forecast: Forecast, stage: StageForecast, gate: GateForecast) -> str:
    where = f"stage {stage.number} ({stage.share:g} %), {gate.gate}"
    if gate.need.typical is None:
        return f"{where}: cannot pass before the deadline ({format_duration(forecast.policy.deadline)})"
    half, most = tell_time(gate.need.typical), tell_time(gate.need.likely)
    needed = half if half == most else f"{half} in half of all rollouts, {most} in nine of ten"
    limit = "until the deadline" if gate.available < stage.patience else "with the bake's extension"
    return f"{where}: needs {needed}, and has {tell_time(gate.available)} {limit}"
