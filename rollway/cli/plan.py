"""``rollway plan``: the numbered steps that a rollout would take, from the decisions that it would take. Changes nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Unpack

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.costing import forecast_usage
from policies.facts import ScalingTarget
from policies.loading import load_policy
from policies.plan import Plan
from policies.values import format_duration
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.options import OnAws, OnChange, aws_options, change_options
from rollway.cli.output import emit
from rollway.cli.steps import NumberedStep, instance_type, number_steps, tell_capacity, what_if
from rollway.cli.words import name_policy, shortest_course
from rollway.cli.world import current_world
from rollway.loop.forewarning import Forewarning, forewarn
from rollway.loop.quota_check import check_quotas
from rollway.loop.starting import plan_rollout
from rollway.loop.wanted import make_request
from rollway.reports.prices import read_prices


class Options(OnAws, OnChange):
    """The verb's options."""

    endpoint: str


@click.command()
@click.argument("endpoint")
@change_options
@aws_options
def command(**options: Unpack[Options]) -> int:
    """Show what a rollout on ENDPOINT would do. Changes nothing."""
    policy = load_policy(options["policy"])
    aws = connect(options["region"], options["profile"])
    request = make_request(options["endpoint"], policy, options["models"], options["config"])
    now = current_world().now_by_aws(aws, request.endpoint)
    plan = plan_rollout(aws, request, now)
    warning, unchecked = forewarn(aws, plan, now), check_quotas(aws, plan)
    live = describe_endpoint(aws, plan.endpoint)
    scaling = plan.surroundings.target(plan.baseline.variant)
    name, steps = name_policy(options["policy"], policy), number_steps(plan, live)
    cost = forecast_usage(plan).tell(read_prices())
    document = _document(plan, name, scaling, steps) | {
        "forecast": asdict(warning),
        "cost": cost,
        "quotas_unchecked": unchecked,
        "notes": list(plan.notes),
    }
    emit(
        options["output"],
        document,
        _text(_headline(plan, name, scaling), steps, (*_closing(plan, cost, unchecked), *_warnings(warning, plan))),
    )
    return Exit.OK


def _document(plan: Plan, policy: str, scaling: ScalingTarget | None, steps: Sequence[NumberedStep]) -> dict[str, Any]:
    return {
        "endpoint": plan.endpoint,
        "baseline": plan.baseline.model_dump()
        | {"instance_type": instance_type(plan.original, plan.baseline.variant)}
        | {"scaling": None if scaling is None else scaling.model_dump(include={"minimum", "maximum"})},
        "candidate": plan.candidate.model_dump()
        | {"instance_type": instance_type(plan.side_by_side, plan.candidate.variant)},
        **({"rivals": [rival.contender.model_dump() for rival in plan.rivals]} if plan.rivals else {}),
        "policy": {"name": policy, "strategy": plan.policy.strategy, "digest": plan.policy.digest},
        "configs": {
            "original": plan.original.name,
            "side_by_side": plan.side_by_side.name,
            "promoted": plan.promoted.name,
        },
        "capacity": _capacity_document(plan),
        "steps": [_step_document(step) for step in steps],
        "least_duration_s": shortest_course(plan.policy).total_seconds(),
        "deadline_s": plan.policy.deadline.total_seconds(),
        "otherwise": list(what_if(plan)),
        "changed": False,
    }


def _capacity_document(plan: Plan) -> list[dict[str, Any]]:
    stages = [
        {"share": each.share, "instances": each.instances, "why": each.why} for each in plan.stages if not each.watch
    ]
    alone = {"share": 100.0, "instances": plan.full_capacity, "why": plan.alone.why if plan.alone else ""}
    return [*stages, alone]


def _step_document(step: NumberedStep) -> dict[str, Any]:
    fields = asdict(step)
    return fields | {"at_s": fields.pop("at").total_seconds()}


def _headline(plan: Plan, policy: str, scaling: ScalingTarget | None) -> Text:
    baseline = plan.baseline
    fleet = f"{baseline.instances} × {instance_type(plan.original, baseline.variant)}"
    scaled = f", autoscaled {scaling.minimum}-{scaling.maximum}" if scaling else ""
    return Text.assemble(
        (plan.endpoint, "bold"),
        " · baseline ",
        (baseline.model, "cyan"),
        f" ({fleet}{scaled}) → candidate ",
        (plan.models, "magenta"),
        f" · policy {policy}",
    )


def _text(headline: Text, steps: Sequence[NumberedStep], closing: Sequence[RenderableType]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column()
    table.add_column(style="dim")
    for step in steps:
        style = "bold yellow" if step.kind == "bake" else "bold" if step.kind == "set_shares" else ""
        at = f"+{format_duration(step.at)}" if step.at else ""
        table.add_row(str(step.number), at, Text(step.text, style), Text(step.note))
    return Group(headline, "", table, "", *closing, "", Text("Nothing was changed.", "bold"))


def _tell_windows(plan: Plan) -> list[RenderableType]:
    windows = plan.policy.windows
    if windows is None:
        return []
    return [
        f"Traffic moves only {windows}; the times above count the hours between, the {format_duration(plan.policy.deadline)} do not."
    ]


def _closing(plan: Plan, cost: str, unchecked: str) -> list[RenderableType]:
    least, deadline = format_duration(shortest_course(plan.policy)), format_duration(plan.policy.deadline)
    takes = "AWS takes for each change" + (
        " and people to approve" if any(each.approval for each in plan.stages) else ""
    )
    return [
        *tell_capacity(plan),
        "",
        f"At least {least}, and the time that {takes}; {deadline} at most, then back to the baseline.",
        *_tell_windows(plan),
        f"It costs at least {cost}, beside what the endpoint costs anyway.",
        *what_if(plan),
        *([unchecked] if unchecked else []),
    ]


def _warnings(warning: Forewarning, plan: Plan) -> list[RenderableType]:
    lines = [*plan.notes, *warning.lines]
    return ["", *(Text(line, "yellow") for line in lines)] if lines else []
