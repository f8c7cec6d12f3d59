"""A forecast as a document and as a picture: stage by stage, how long each gate needs and has, and what the stage can find."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.forecasting.forecast import Forecast, GateForecast, StageForecast
from policies.forecasting.ladder import Advice, write_stages
from policies.forecasting.telling import tell_advice, tell_doubts, tell_time
from policies.forecasting.traffic import Traffic
from policies.values import format_duration, format_percent

_COLUMNS = ("stage", "gate", "half pass by", "nine in ten by", "it has", "")


def describe_prospects(policy: str, forecast: Forecast, advice: Advice | None) -> dict[str, Any]:
    """Return a forecast as a document; times are seconds, and None what is not expected before the deadline.

    Args:
        policy: the policy's name.
        forecast: its forecast.
        advice: what to do about gates that may not decide in time; None where all of them do.
    """
    return {
        "policy": policy,
        "traffic": _describe_traffic(forecast.traffic),
        "stages": [_describe_stage(stage) for stage in forecast.stages],
        "in_time": not forecast.doubts,
        "doubts": tell_doubts(forecast),
        "advice": None if advice is None else _describe_advice(advice),
        "changed": False,
    }


def draw_prospects(policy: str, forecast: Forecast, advice: Advice | None) -> RenderableType:
    """Draw a forecast for a person."""
    doubts = [Text(f"! {doubt}", "yellow") for doubt in tell_doubts(forecast)]
    verdict = doubts or [Text("✓ every gate can decide in time, in nine of ten rollouts", "green")]
    remedy = [] if advice is None else ["", Text(tell_advice(advice))]
    headline = Text.assemble((policy, "bold"), f" at {_tell_traffic(forecast.traffic)}")
    return Group(headline, "", _gates(forecast), "", _findings(forecast), "", *verdict, *remedy)


def _tell_traffic(traffic: Traffic) -> str:
    rates = sorted({format_percent(rate) for rate in traffic.error_rates.values()})
    p50, p99 = (traffic.latency.quantile_ms(quantile) for quantile in (0.5, 0.99))
    return (
        f"{traffic.requests_per_minute:,.4g} requests a minute, {' / '.join(rates)} errors, "
        f"latency p50 {p50:.3g} ms, p99 {p99:.3g} ms"
    )


def _gates(forecast: Forecast) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in _COLUMNS:
        table.add_column(column)
    for stage in forecast.stages:
        title = f"{stage.number}  {stage.share:g} %, bake {format_duration(stage.bake)}"
        for gate in stage.gates:
            if gate.need.likely != timedelta(0):
                table.add_row(title, *_gate_row(gate))
                title = ""
    return table


def _gate_row(gate: GateForecast) -> Iterator[Text]:
    style = "" if gate.required else "dim"
    texts = (gate.gate, tell_time(gate.need.typical), tell_time(gate.need.likely), tell_time(gate.available))
    yield from (Text(text, style) for text in texts)
    if not gate.required:
        yield Text("not required here", "dim")
    else:
        yield Text("✓", "green") if gate.in_time else Text("✗" if gate.hopeless else "?", "yellow")


def _findings(forecast: Forecast) -> Table:
    """Draw after how long each fault is found, and the least one that is found within the bake."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("finds at", *forecast.stages[0].faults, "within the bake, at least"):
        table.add_column(column)
    for stage in forecast.stages:
        times = ("–" if time is None else tell_time(time) for time in stage.faults.values())
        table.add_row(f"{stage.number}  {stage.share:g} %", *times, _tell_least(stage))
    return table


def _tell_least(stage: StageForecast) -> str:
    errors, ratio = stage.least_added_errors, stage.least_latency_ratio
    found = [
        "" if errors is None else f"errors + {errors * 100:g} points",
        "" if ratio is None else f"latency × {ratio:g}",
    ]
    return ", ".join(each for each in found if each) or "nothing that was tried"


def _describe_traffic(traffic: Traffic) -> dict[str, Any]:
    return {
        "requests_per_minute": traffic.requests_per_minute,
        "error_rates": dict(traffic.error_rates),
        "latency_p50_ms": traffic.latency.quantile_ms(0.5),
        "latency_p99_ms": traffic.latency.quantile_ms(0.99),
    }


def _describe_stage(stage: StageForecast) -> dict[str, Any]:
    return {
        "number": stage.number,
        "share": stage.share,
        "begins_s": stage.begins.total_seconds(),
        "bake_s": stage.bake.total_seconds(),
        "gates": [_describe_gate(gate) for gate in stage.gates],
        "found_after_s": {name: _seconds(time) for name, time in stage.faults.items()},
        "least_added_errors_within_bake": stage.least_added_errors,
        "least_latency_ratio_within_bake": stage.least_latency_ratio,
    }


def _describe_gate(gate: GateForecast) -> dict[str, Any]:
    return {
        "gate": gate.gate,
        "required": gate.required,
        "half_pass_after_s": _seconds(gate.need.typical),
        "nine_in_ten_pass_after_s": _seconds(gate.need.likely),
        "available_s": gate.available.total_seconds(),
        "in_time": gate.in_time,
    }


def _describe_advice(advice: Advice) -> dict[str, Any]:
    return {
        "stages": None
        if advice.ladder is None
        else [stage.model_dump(mode="json", exclude_none=True) for stage in advice.ladder],
        "yaml": None if advice.ladder is None else write_stages(advice.ladder),
        "times_traffic": advice.times_traffic,
        "times_margin": advice.times_margin,
    }


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()
