"""``rollway forecast``: what a policy can show at some traffic, and a ladder on which every gate can decide. Changes nothing."""

import re
from typing import Final, Unpack

import click

from policies.forecasting.forecast import forecast
from policies.forecasting.ladder import advise
from policies.forecasting.traffic import DEFAULT_ERROR_RATE, DEFAULT_P50_MS, DEFAULT_P99_MS, Traffic, lognormal
from policies.loading import load_policy
from policies.spec import Policy
from policies.strata.columns import ERROR_COLUMNS
from policies.values import format_percent, parse_percent
from rollway.aws.session import connect
from rollway.aws.traffic import measure_traffic
from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.cli.options import OnAws, aws_options
from rollway.cli.output import emit
from rollway.cli.words import name_policy
from rollway.cli.world import current_world
from rollway.reports.prospects import describe_prospects, draw_prospects

_LATENCY: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s)")


class Options(OnAws):
    """The verb's options."""

    policy: str
    endpoint: str | None
    requests_per_minute: float | None
    errors: float
    latency_p50: float
    latency_p99: float


def _read_errors(context: click.Context, option: click.Parameter, value: str) -> float:
    """Read an error rate such as ``1%``."""
    try:
        return parse_percent(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from error


def _read_latency(context: click.Context, option: click.Parameter, value: str) -> float:
    """Read a latency such as ``50ms`` or ``1.5s`` as milliseconds."""
    match = _LATENCY.fullmatch(value.strip())
    if match is None:
        told = f"{value!r} is no latency; write a number with its unit: 50ms or 1.5s"
        raise click.BadParameter(told, context, option)
    return float(match[1]) * (1000 if match[2] == "s" else 1)


@click.command()
@click.argument("policy")
@click.option("--endpoint", metavar="NAME", help="Forecast for this endpoint's traffic of the last hour.")
@click.option("--requests-per-minute", type=float, metavar="NUMBER", help="Forecast for this much traffic.")
@click.option(
    "--errors",
    default=format_percent(DEFAULT_ERROR_RATE),
    metavar="PERCENT",
    show_default=True,
    callback=_read_errors,
    help="Share of requests that fail, by each of the error metrics.",
)
@click.option(
    "--latency-p50",
    default=f"{DEFAULT_P50_MS:g}ms",
    metavar="TIME",
    show_default=True,
    callback=_read_latency,
    help="Median latency.",
)
@click.option(
    "--latency-p99",
    default=f"{DEFAULT_P99_MS:g}ms",
    metavar="TIME",
    show_default=True,
    callback=_read_latency,
    help="99th percentile of latency.",
)
@aws_options
def command(**options: Unpack[Options]) -> int:
    """Show which gates of POLICY can decide in time, which faults it can find, and stages that suit the traffic."""
    policy = load_policy(options["policy"])
    prospects = forecast(policy, _find_traffic(options, policy))
    advice = advise(policy, prospects.traffic) if prospects.doubts else None
    name = name_policy(options["policy"], policy)
    emit(
        options["output"],
        describe_prospects(name, prospects, advice),
        draw_prospects(name, prospects, advice),
    )
    return Exit.OK


def _find_traffic(options: Options, policy: Policy) -> Traffic:
    """Measure the traffic, or take it from the command line.

    Raises:
        UsageProblem: it is given twice, not at all, or impossible.
    """
    endpoint, requests = options["endpoint"], options["requests_per_minute"]
    if (endpoint is None) == (requests is None):
        raise UsageProblem("which traffic? Give either --endpoint NAME or --requests-per-minute NUMBER")
    if endpoint is not None:
        aws = connect(options["region"], options["profile"])
        return measure_traffic(aws, endpoint, policy, current_world().now_by_aws(aws, endpoint))
    try:
        latency = lognormal(options["latency_p50"], options["latency_p99"])
        return Traffic(requests or 0.0, dict.fromkeys(ERROR_COLUMNS, options["errors"]), latency)
    except ValueError as error:
        raise UsageProblem(str(error)) from error
