"""What SageMaker's deployment guardrails demand of a policy document, also of a half-broken one."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, cast

from policies.coherence import GUARDRAIL, Document, duration_of, is_number, mapping_of, stages_of
from policies.errors import Problem
from policies.guardrail_ladders import explain_misfit
from policies.values import format_duration

LONGEST_WAIT: Final = timedelta(hours=1)
LONGEST_UPDATE: Final = timedelta(hours=8)
MOST_ALARMS: Final = 10
_OWN_ALARMS: Final = 2
_NOT_HERE: Final = {
    "approval": ("SageMaker waits for nobody, also not for an approval", "leave it out"),
    "instances": ("SageMaker brings up a new fleet as large as the old one", "leave it out"),
}


def find_guardrail_problems(document: Document) -> list[Problem]:
    """Return what SageMaker's guardrails could not do; nothing for the other strategies."""
    if document.get("strategy") != GUARDRAIL:
        given = document.get("deployment_guardrails")
        what = "is for the strategy guardrail, where SageMaker itself moves the traffic"
        return [Problem("deployment_guardrails", what, "leave it out")] if _says_anything(given) else []
    return [
        *_ladder_problems(document),
        *_stage_problems(document),
        *_capacity_problems(document),
        *_wait_problems(document),
        *_alarm_problems(document),
        *_probe_problems(document),
    ]


def _ladder_problems(document: Document) -> Iterator[Problem]:
    stages = [stage for _, stage in stages_of(document)]
    if not stages or not all(is_number(stage.get("share")) for stage in stages):
        return
    rolling = bool(mapping_of(document.get("deployment_guardrails")).get("rolling"))
    misfit = explain_misfit(stages, rolling=rolling)
    if misfit:
        yield Problem("stages", f"the ladder {misfit[0]}", misfit[1])


def _stage_problems(document: Document) -> Iterator[Problem]:
    for index, stage in stages_of(document):
        for field, (what, remedy) in _NOT_HERE.items():
            if stage.get(field):
                yield Problem(f"stages[{index}].{field}", what, remedy)


def _capacity_problems(document: Document) -> Iterator[Problem]:
    if mapping_of(document.get("capacity")).get("requests_per_instance") is not None:
        what, remedy = _NOT_HERE["instances"]
        yield Problem("capacity.requests_per_instance", what, remedy)


def _wait_problems(document: Document) -> Iterator[Problem]:
    waits = {index: _wait(document, stage) for index, stage in stages_of(document)}
    for index, wait in waits.items():
        if wait > LONGEST_WAIT:
            needed = f"with warm_up, metrics.period, metrics.settle and the brake it needs {format_duration(wait)}"
            what = f"{needed}, and SageMaker waits at most 1h"
            yield Problem(f"stages[{index}].bake", what, "bake less; a longer look is what watch is for")
    whole = sum(waits.values(), timedelta(0))
    if whole >= LONGEST_UPDATE:
        what = f"all waits together are {format_duration(whole)}; SageMaker allows an update less than 8h"
        yield Problem("stages", what, "bake less, or take larger steps")


def _wait(document: Document, stage: Document) -> timedelta:
    guardrails, metrics = mapping_of(document.get("deployment_guardrails")), mapping_of(document.get("metrics"))
    parts = (
        duration_of(stage.get("bake"), timedelta(0)),
        duration_of(document.get("warm_up"), timedelta(0)),
        duration_of(metrics.get("period"), timedelta(minutes=1)),
        duration_of(metrics.get("settle"), timedelta(minutes=2)),
        duration_of(guardrails.get("brake"), timedelta(minutes=3)),
    )
    return sum(parts, timedelta(0))


def _alarm_problems(document: Document) -> Iterator[Problem]:
    """SageMaker looks at ten alarms at most: two of ours, one for each fixed limit that an alarm can watch, and the user's."""
    named = mapping_of(document.get("deployment_guardrails")).get("alarms")
    judged = [*mapping_of(document.get("gates")).values(), *mapping_of(document.get("guardrails")).values()]
    limits = sum(1 for gate in judged if {"at_most", "at_least"} & {*_given(gate)})
    count = _OWN_ALARMS + limits + (len(cast("Sequence[object]", named)) if isinstance(named, list | tuple) else 0)
    if count > MOST_ALARMS:
        what = f"{count} alarms would be needed: 2 of Rollway's own, {limits} for fixed limits, and these; SageMaker takes {MOST_ALARMS}"
        yield Problem(
            "deployment_guardrails.alarms", what, "name fewer alarms, or hold fewer metrics against fixed limits"
        )


def _probe_problems(document: Document) -> Iterator[Problem]:
    if document.get("probes") is not None:
        what = "cannot be sent: both fleets are one variant, so no request can ask for the new one"
        yield Problem("probes", what, "leave them out, or use blue_green")


def _given(gate: object) -> list[str]:
    return [name for name, value in mapping_of(gate).items() if value is not None]


def _says_anything(given: object) -> bool:
    """Whether more than the defaults is said; a policy that is a model already always holds them."""
    fields = mapping_of(given)
    return bool(fields.get("rolling") or fields.get("alarms"))
