"""What the fields of a policy demand of one another.

Works on plain documents, also on half-broken ones, so that a file with a misspelt field still hears about its ladder at the same time.
Anything that is not what it should be is left to the schema to complain about.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, TypeGuard, cast

from policies.errors import Problem
from policies.values import format_duration, parse_duration

CONTROL_SHARE: Final = 5.0
WHOLE: Final = 100.0
GUARDRAIL: Final = "guardrail"
MOST_STAGES: Final = 50
LOOKS_PER_LEASE: Final = 5
PROBES_PER_LEASE: Final = 3
MOST_TEST_STAGES: Final = 2
MOST_PERIODS: Final = 1500
"""Periods that a look at an A/B test goes through: the work grows with their square."""
IMPLIED_GATES: Final = {"sample": "requests_at_least", "split": "share_within"}
"""Gates that every policy gets unless it has one of that kind: name, and the field that tells the kind."""

Document = Mapping[str, Any]


def find_problems(document: Document) -> list[Problem]:
    """Return what is incoherent between the fields of a policy document."""
    return [
        *_ladder_problems(document),
        *_gate_problems(document),
        *_average_problems(document),
        *_deadline_problems(document),
        *_lease_problems(document),
        *_watch_problems(document),
        *_shadow_problems(document),
        *_probe_problems(document),
        *_experiment_problems(document),
        *_capacity_problems(document),
        *_agreement_problems(document),
        *_approval_problems(document),
    ]


def _ladder_problems(document: Document) -> list[Problem]:
    if "stages" in document and not 1 <= len(stages_of(document)) <= MOST_STAGES:
        return [
            Problem("stages", f"there must be 1 to {MOST_STAGES} stages", "write at least one: {share: 5, bake: 10m}")
        ]
    shares = [(index, stage.get("share")) for index, stage in stages_of(document) if not stage.get("shadow")]
    rungs = [(index, share) for index, share in shares if is_number(share)]
    problems = [
        Problem(
            f"stages[{index}].share",
            f"{share:g} does not rise above the stage before it ({before:g})",
            "list the stages from the smallest share to the largest",
        )
        for (_, before), (index, share) in pairwise(rungs)
        if share <= before
    ]
    if document.get("strategy") == "control_twin":
        return problems + _twin_problems(rungs)
    if document.get("strategy") == "ab_test":
        return problems + _control_problems(rungs)
    if document.get("keep_control", True) and document.get("strategy") != GUARDRAIL:
        return problems + _control_problems(rungs)
    return problems + _comparison_problems(document, rungs)


def _comparison_problems(document: Document, rungs: Sequence[tuple[int, float]]) -> list[Problem]:
    """Without any stage at which both arms serve there is nothing to compare."""
    judged = [*mapping_of(document.get("gates")).values(), *mapping_of(document.get("guardrails")).values()]
    compares = any("no_worse_than" in mapping_of(gate) for gate in judged)
    if not compares or not rungs:
        return []
    if all(share >= WHOLE for _, share in rungs):
        what = "100 % from the start leaves no minute in which the candidate could be compared with the baseline"
        return [Problem("stages[0].share", what, "begin with a smaller share")]
    if document.get("strategy") == GUARDRAIL:  # at 100 % its comparisons are not asked for
        return []
    return [problem for index, share in rungs if share >= WHOLE for problem in _alone_problems(document, index)]


def _alone_problems(document: Document, index: int) -> Iterator[Problem]:
    """At 100 % nothing is left to compare with, so a comparison that had to pass there would hold the rollout for ever."""
    gates, stage = mapping_of(document.get("gates")), dict(stages_of(document))[index]
    needed = _texts(stage.get("gates")) if stage.get("gates") is not None else list(gates)
    never = [name for name in needed if "no_worse_than" in mapping_of(gates.get(name))]
    if never:
        what = f"at 100 % there is no baseline left to compare with, so {', '.join(never)} could never pass"
        yield Problem(
            f"stages[{index}].gates", what, "list only gates that compare nothing; gates: [] leaves sample and split"
        )
    for name, guardrail in mapping_of(document.get("guardrails")).items():
        if "no_worse_than" in mapping_of(guardrail):
            what = f"compares with the baseline, of which stages[{index}] leaves nothing, so it could never pass there"
            yield Problem(f"guardrails.{name}", what, "make it a gate of the stages before")


def _control_problems(rungs: Sequence[tuple[int, float]]) -> list[Problem]:
    most = 100 - CONTROL_SHARE
    return [
        Problem(
            f"stages[{index}].share",
            f"{share:g} leaves less than {CONTROL_SHARE:g} % of the traffic on the baseline, too little to compare with",
            f"use at most {most:g}, or set keep_control: false",
        )
        for index, share in rungs
        if most < share <= 100  # noqa: PLR2004 - percent
    ]


def _twin_problems(rungs: Sequence[tuple[int, float]]) -> list[Problem]:
    what = "leaves no room for the control twin, which gets the same share as the candidate"
    remedy = f"use at most {WHOLE / 2:g}"
    return [
        Problem(f"stages[{index}].share", f"{share:g} {what}", remedy) for index, share in rungs if 2 * share > WHOLE
    ]


def _watch_problems(document: Document) -> Iterator[Problem]:
    """After the promotion the candidate serves alone: only fixed limits can be watched then."""
    if duration_of(document.get("watch"), timedelta(0)) <= timedelta(0):
        return
    judged = [*mapping_of(document.get("gates")).values(), *mapping_of(document.get("guardrails")).values()]
    if not any({"at_most", "at_least"} & _given(gate) for gate in judged):
        what = "there is nothing to watch: no gate or guardrail holds the candidate against a fixed limit"
        yield Problem("watch", what, "add a guardrail with at_most or at_least, or leave out the watch")


def _shadow_problems(document: Document) -> Iterator[Problem]:
    """A shadow comes before all else, and with the strategy of that name only."""
    wanted = document.get("strategy") == "shadow"
    for index, stage in stages_of(document):
        if bool(stage.get("shadow")) is not (wanted and index == 0):
            what = (
                "is needed at the first stage" if wanted and index == 0 else "is for the first stage of strategy shadow"
            )
            yield Problem(
                f"stages[{index}].shadow", what, "write it there and nowhere else: {shadow: true, share: 100, bake: 1h}"
            )


def _agreement_problems(document: Document) -> Iterator[Problem]:
    """Answers are copied in shadow alone, are compared in one way, and reach S3 late."""
    gates, guardrails = mapping_of(document.get("gates")), mapping_of(document.get("guardrails"))
    names = [name for name, gate in gates.items() if "agree_at_least" in mapping_of(gate)]
    for name, gate in guardrails.items():
        if "agree_at_least" in mapping_of(gate):
            what = "a guardrail has to pass at every stage, and only a shadow's answers can be compared"
            yield Problem(f"guardrails.{name}", what, "make it a gate")
    for name in names[1:]:
        what = f"compares answers, which gates.{names[0]} does already, and they are read in one way only"
        yield Problem(f"gates.{name}", what, "keep one of them")
    if names and document.get("strategy") != "shadow":
        what = "compares a shadow's answers, and only strategy shadow has one"
        yield Problem(f"gates.{names[0]}", what, "use strategy: shadow, or leave it out")
        return
    for index, stage in stages_of(document):
        for name in {*_texts(stage.get("gates"))}.intersection(names) if not stage.get("shadow") else ():
            what = f"lists {name}, and at this stage nobody gets copies whose answers could be compared"
            yield Problem(f"stages[{index}].gates", what, "leave it out here; at the first stage it is asked for")
    for name in names[:1]:
        yield from _delivery_problems(document, name, gates[name])


def _delivery_problems(document: Document, name: str, gate: object) -> Iterator[Problem]:
    """By the end of a bake as long as the delivery takes not one answer would have been counted."""
    delivered = duration_of(mapping_of(gate).get("delivered_within"), timedelta(minutes=5))
    settle = duration_of(mapping_of(document.get("metrics")).get("settle"), timedelta(minutes=2))
    for index, stage in stages_of(document)[:1]:
        bake = duration_of(stage.get("bake"), timedelta.max)
        if stage.get("shadow") and bake < timedelta.max and bake + settle <= delivered:
            what = (
                f"{format_duration(bake)} is over before any answer counts: "
                f"gates.{name}.delivered_within is {format_duration(delivered)}"
            )
            yield Problem(f"stages[{index}].bake", what, "bake for longer")


def _approval_problems(document: Document) -> Iterator[Problem]:
    """A wait that the deadline cuts short never gets to what the policy says of its end."""
    deadline = duration_of(document.get("deadline"), timedelta(hours=6))
    for index, stage in stages_of(document):
        within = duration_of(mapping_of(stage.get("approval")).get("within"), timedelta(0))
        if within >= deadline:
            what = f"{format_duration(within)} are not over before the deadline, {format_duration(deadline)}"
            yield Problem(f"stages[{index}].approval.within", what, "shorten the one or lengthen the other")


def _probe_problems(document: Document) -> Iterator[Problem]:
    """While probes are sent nobody renews the lease."""
    within = duration_of(mapping_of(document.get("probes")).get("within"), timedelta(seconds=60))
    lease = duration_of(document.get("lease"), timedelta(minutes=5))
    if document.get("probes") is not None and within > lease / PROBES_PER_LEASE:
        most = format_duration(lease / PROBES_PER_LEASE)
        what = f"{format_duration(within)} is more than a third of the lease, {format_duration(lease)}"
        yield Problem("probes.within", what, f"give them at most {most}, or lengthen the lease")


def _experiment_problems(document: Document) -> Iterator[Problem]:
    """An A/B test goes by one metric, has a stage for the test and perhaps one for the winner, and is judged within a look's time."""
    gates, guardrails = mapping_of(document.get("gates")), mapping_of(document.get("guardrails"))
    metrics = [name for name, gate in gates.items() if "better_by" in mapping_of(gate)]
    write = "write for example purchases: {metric: Purchase, namespace: Shop, better_by: 0%}"
    if document.get("strategy") != "ab_test":
        for name in metrics:
            what = "asks for a better candidate, which only strategy ab_test does"
            yield Problem(f"gates.{name}", what, "use strategy: ab_test, or ask for no_worse_than")
    elif len(metrics) != 1:
        found = ", ".join(metrics) or "none"
        yield Problem("gates", f"an A/B test is decided by one gate with better_by; there is {found}", write)
    for name, gate in guardrails.items():
        if "better_by" in mapping_of(gate):
            yield Problem(f"guardrails.{name}", "better_by never fails anybody, so it guards nothing", "make it a gate")
    if document.get("strategy") != "ab_test":
        return
    stages = stages_of(document)
    if len(stages) > MOST_TEST_STAGES:
        what = f"there are {len(stages)} stages; an A/B test has one, and perhaps a second for its winner"
        yield Problem("stages", what, "write at most two")
    for index, stage in stages[:1]:
        listed = stage.get("gates")
        if listed is not None and any(name not in _texts(listed) for name in metrics):
            what = f"does not list {', '.join(metrics)}, by which the test is decided"
            yield Problem(f"stages[{index}].gates", what, "list it, or leave out gates")
    yield from _period_problems(document)


def _period_problems(document: Document) -> Iterator[Problem]:
    """Every look works through the periods of the whole test, and CloudWatch keeps single minutes for fifteen days only."""
    period = duration_of(mapping_of(document.get("metrics")).get("period"), timedelta(minutes=1))
    bakes = [duration_of(stage.get("bake"), timedelta(0)) for _, stage in stages_of(document)]
    longest = sum(bakes, timedelta(0)) + duration_of(document.get("extend_at_most"), timedelta(hours=1))
    if period > timedelta(0) and longest / period > MOST_PERIODS:
        count = f"{longest / period:,.0f} periods of {format_duration(period)}"
        what = f"{format_duration(longest)} are {count}, more than a look can go through"
        least = math.ceil(longest / MOST_PERIODS / timedelta(minutes=1))
        enough = next((minutes for minutes in (5, 10, 15, 30, 60, 120) if minutes >= least), least)
        yield Problem(
            "metrics.period",
            what,
            f"use periods of {format_duration(timedelta(minutes=enough))}, or test for less time",
        )


def _capacity_problems(document: Document) -> Iterator[Problem]:
    """A cap is for what is measured, and must not contradict what a stage says."""
    capacity = mapping_of(document.get("capacity"))
    most = capacity.get("max_instances")
    if not is_number(most):
        return
    if capacity.get("requests_per_instance") is None:
        what = "caps what a measured load calls for, and none is measured"
        remedy = "add requests_per_instance: measured, or leave it out"
        yield Problem("capacity.max_instances", what, remedy)
    for index, stage in stages_of(document):
        given = stage.get("instances")
        if is_number(given) and given > most:
            what = f"{given:g} is more than capacity.max_instances, {most:g}"
            yield Problem(f"stages[{index}].instances", what, "raise the one or lower the other")


def _given(gate: object) -> set[str]:
    return {name for name, value in mapping_of(gate).items() if value is not None}


def _gate_problems(document: Document) -> list[Problem]:
    gates, guardrails = mapping_of(document.get("gates")), mapping_of(document.get("guardrails"))
    given = {field for gate in gates.values() for field in mapping_of(gate)}
    names = {*_texts(list(gates)), *(name for name, field in IMPLIED_GATES.items() if field not in given)}
    problems = [
        Problem(
            f"stages[{index}].gates", f"there is no gate named {name!r}", f"the gates are: {', '.join(sorted(names))}"
        )
        for index, stage in stages_of(document)
        for name in _texts(stage.get("gates"))
        if name not in names
    ]
    problems += [
        Problem(f"guardrails.{name}", "a gate has that name too", "give each gate and guardrail a name of its own")
        for name in guardrails
        if name in gates
    ]
    return problems


def _average_problems(document: Document) -> Iterator[Problem]:
    """A metric by its name must be one metric: its averages are kept, and looked up in files, under that name."""
    asked: dict[str, tuple[object, object]] = {}
    for part in ("gates", "guardrails"):
        for name, gate in mapping_of(document.get(part)).items():
            fields = mapping_of(gate)
            metric, source = fields.get("metric"), (fields.get("namespace"), fields.get("statistic") or "Average")
            if "no_worse_than" not in fields or "namespace" not in fields or not isinstance(metric, str):
                continue
            if asked.setdefault(metric, source) != source:
                what = f"{metric} is compared by another gate in another namespace or by another statistic"
                yield Problem(
                    f"{part}.{name}.metric", what, "compare it once, or hold one of them against a fixed limit"
                )


def _lease_problems(document: Document) -> Iterator[Problem]:
    """A process that is merely between two looks must not pass for a dead one."""
    look = duration_of(mapping_of(document.get("metrics")).get("look_every"), timedelta(seconds=30))
    lease = duration_of(document.get("lease"), timedelta(minutes=5))
    if lease < LOOKS_PER_LEASE * look:
        least = format_duration(LOOKS_PER_LEASE * look)
        what = f"{format_duration(lease)} is less than {LOOKS_PER_LEASE} looks of {format_duration(look)}"
        yield Problem("lease", what, f"give it at least {least}, or shorten metrics.look_every")


def _deadline_problems(document: Document) -> list[Problem]:
    settle = duration_of(mapping_of(document.get("metrics")).get("settle"), timedelta(minutes=2))
    bakes = [duration_of(stage.get("bake"), timedelta(0)) for _, stage in stages_of(document)]
    watch = duration_of(document.get("watch"), timedelta(0))
    bakes += [watch] if watch else []
    deadline, needed = (
        duration_of(document.get("deadline"), timedelta(hours=6)),
        sum((b + settle for b in bakes), timedelta(0)),
    )
    if deadline > needed:
        return []
    what = (
        f"{format_duration(deadline)} is not longer than what the bakes need, {format_duration(needed)}: "
        f"each bake, and {format_duration(settle)} for its metrics to settle"
    )
    return [Problem("deadline", what, "allow more time, or bake less")]


def stages_of(document: Document) -> list[tuple[int, Document]]:
    """Return the stages with their indices, whatever else is wrong with them."""
    stages = document.get("stages")
    entries = cast("Sequence[Any]", stages) if isinstance(stages, list | tuple) else ()
    return [(index, mapping_of(stage)) for index, stage in enumerate(entries)]


def _texts(value: object) -> list[str]:
    entries = cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
    return [entry for entry in entries if isinstance(entry, str)]


def mapping_of(value: object) -> Document:
    """Return the value if it holds fields, else no fields."""
    return value if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownVariableType] - whatever the user wrote


def is_number(value: object) -> TypeGuard[float]:
    """Whether the value is a number, and not a yes or no."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def duration_of(value: object, default: timedelta) -> timedelta:
    """Read a length of time; what is none counts as the default, and the schema complains about it."""
    try:
        return parse_duration(value)
    except ValueError:
        return default
