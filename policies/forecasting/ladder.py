"""A ladder on which every gate can decide before the deadline, or what it would take for there to be one.

Three ladders are tried, the one nearest to the policy first: the same with longer bakes; one where each comparison is required only at the
stages that have it by the end of their bake, and all of them at the stage up to 65 % that proves them soonest; and the second with a stage
of 50 % more. Any gate may still fail at any stage, so a gate that is not required early finds faults there all the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from math import ceil
from typing import Final

from policies.forecasting.timing import MINUTE, Need, between_arms, find_needs
from policies.forecasting.traffic import Traffic
from policies.gates.spec import Gate, MinimumSample, TrafficSplit
from policies.gates.weighing import Compared
from policies.spec import Policy, StageSpec
from policies.values import format_duration

_FILLED: Final = 0.9
"""Part of the deadline that a ladder may take; AWS needs the rest to change the endpoint."""
_MIDDLE: Final = (35.0, 65.0)
_TIMES_TRAFFIC: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_TIMES_MARGIN: Final = (1.5, 2.0, 3.0, 5.0)
_ROUND_TO: Final = (
    (timedelta(minutes=1), timedelta(seconds=5)),
    (timedelta(minutes=20), MINUTE),
    (timedelta(hours=2), 5 * MINUTE),
    (timedelta.max, 15 * MINUTE),
)
"""Bakes up to a length are rounded up to whole multiples of another."""

Ladder = tuple[StageSpec, ...]
Needs = Callable[[StageSpec], Mapping[str, Need]]


@dataclass(frozen=True)
class Advice:
    """How the policy's gates could all decide in time.

    Attributes:
        ladder: stages that do; None when none of those tried does.
        times_traffic: without a ladder, by how much more traffic there would be one; None for by none that was tried.
        times_margin: likewise, by how much wider margins (a tolerated + 10 % that is twice as wide is + 21 %).
    """

    ladder: Ladder | None
    times_traffic: float | None = None
    times_margin: float | None = None


def advise(policy: Policy, traffic: Traffic) -> Advice:
    """Propose a ladder, or say what it would take."""
    ladder = propose_ladder(policy, traffic)
    if ladder is not None:
        return Advice(ladder)
    return Advice(
        ladder=None,
        times_traffic=_first(_TIMES_TRAFFIC, lambda times: propose_ladder(policy, traffic.times(times))),
        times_margin=_first(_TIMES_MARGIN, lambda times: propose_ladder(_widened(policy, times), traffic)),
    )


def propose_ladder(policy: Policy, traffic: Traffic) -> Ladder | None:
    """Return stages at which every gate decides, in nine of ten rollouts, within its bake; None when there are none before the deadline."""

    @cache
    def needs_at(share: float, shadow: bool) -> Mapping[str, Need]:  # noqa: FBT001 - as a stage has it
        stage = StageSpec(share=share, bake=MINUTE, shadow=shadow)
        return find_needs(policy, *between_arms(policy, traffic, stage))

    def needs(stage: StageSpec) -> Mapping[str, Need]:
        return needs_at(stage.share, stage.shadow)

    return next((ladder for ladder in _ladders(policy, needs) if ladder and _fits(policy, ladder)), None)


def write_stages(stages: Sequence[StageSpec]) -> str:
    """Write stages as they stand in a policy file."""
    return "\n".join(["stages:", *(f"  - {{{_write_stage(stage)}}}" for stage in stages)])


def _ladders(policy: Policy, needs: Needs) -> Iterator[Ladder | None]:
    yield _with_longer_bakes(policy, needs)
    yield _with_shared_work(policy, policy.stages, needs)
    if policy.strategy != "shadow" and not any(_MIDDLE[0] <= stage.share <= _MIDDLE[1] for stage in policy.stages):
        halfway = StageSpec(share=50, bake=max(stage.bake for stage in policy.stages))
        stages = sorted((*policy.stages, halfway), key=lambda stage: stage.share)
        yield _with_shared_work(policy, stages, needs)


def _with_longer_bakes(policy: Policy, needs: Needs) -> Ladder | None:
    stages = [_bake_for(stage, needs(stage), _required(policy, stage)) for stage in policy.stages]
    return _complete(stages)


def _with_shared_work(policy: Policy, stages: Sequence[StageSpec], needs: Needs) -> Ladder | None:
    """Require each comparison where it is quick, and all together where the slowest is quickest."""
    everywhere = {*policy.gates, *policy.guardrails}

    def lateness(stage: StageSpec) -> tuple[bool, timedelta]:
        return stage.share > _MIDDLE[1], _slowest(needs(stage), everywhere) or timedelta.max

    proof = min(stages, key=lateness)
    shared: list[StageSpec | None] = []
    for stage in stages:
        if stage is proof:
            shared.append(_bake_for(stage.model_copy(update={"gates": None}), needs(stage), everywhere))
            continue
        quick = stage.model_copy(update={"gates": _quick_gates(policy, stage, needs(stage))})
        shared.append(_bake_for(quick, needs(stage), _required(policy, quick)))
    return _complete(shared)


def _quick_gates(policy: Policy, stage: StageSpec, needs: Mapping[str, Need]) -> tuple[str, ...]:
    """Return the gates of a stage that are through by the end of its bake, without those that every stage requires anyway."""
    always = MinimumSample | TrafficSplit
    return tuple(
        name
        for name, gate in policy.gates.items()
        if not isinstance(gate, always)
        and (stage.gates is None or name in stage.gates)
        and (needs[name].likely or timedelta.max) <= stage.bake
    )


def _required(policy: Policy, stage: StageSpec) -> set[str]:
    """Return the gates and guardrails that a stage of this policy, or one put into it, waits for."""
    return {*policy.model_copy(update={"stages": (stage,)}).gates_at(0), *policy.guardrails}


def _bake_for(stage: StageSpec, needs: Mapping[str, Need], required: set[str]) -> StageSpec | None:
    """Return the stage with a bake that is long enough for what it requires; None when none is."""
    slowest = _slowest(needs, required)
    if slowest is None:
        return None
    return stage if slowest <= stage.bake else stage.model_copy(update={"bake": _round_up(slowest)})


def _slowest(needs: Mapping[str, Need], required: set[str]) -> timedelta | None:
    times = [needs[name].likely for name in required]
    known = [time for time in times if time is not None]
    return max(known, default=timedelta(0)) if len(known) == len(times) else None


def _complete(stages: Sequence[StageSpec | None]) -> Ladder | None:
    known = tuple(stage for stage in stages if stage is not None)
    return known if len(known) == len(stages) else None


def _fits(policy: Policy, ladder: Ladder) -> bool:
    each = policy.warm_up + policy.metrics.settle
    return sum((stage.bake + each for stage in ladder), timedelta(0)) <= _FILLED * policy.deadline


def _first(factors: Sequence[float], attempt: Callable[[float], Ladder | None]) -> float | None:
    return next((factor for factor in factors if attempt(factor) is not None), None)


def _widened(policy: Policy, times: float) -> Policy:
    """Return the policy with every margin wider: so many times as much in the logarithm of a ratio, and in percentage points."""

    def widen(gates: Mapping[str, Gate]) -> dict[str, Gate]:
        return {name: _widen(gate, times) for name, gate in gates.items()}

    return policy.model_copy(update={"gates": widen(policy.gates), "guardrails": widen(policy.guardrails)})


def _widen(gate: Gate, times: float) -> Gate:
    if not isinstance(gate, Compared):
        return gate
    margin = gate.no_worse_than
    wider = {"ratio": margin.ratio**times, "or_absolute": min(times * margin.or_absolute, 0.99)}
    return gate.model_copy(update={"no_worse_than": margin.model_copy(update=wider)})


def _round_up(length: timedelta) -> timedelta:
    step = next(step for limit, step in _ROUND_TO if length <= limit)
    return ceil(length / step) * step


def _write_stage(stage: StageSpec) -> str:
    gates = "" if stage.gates is None else f", gates: [{', '.join(stage.gates)}]"
    instances = "" if stage.instances is None else f", instances: {stage.instances}"
    return f"share: {stage.share:g}, bake: {format_duration(stage.bake)}{instances}{gates}"
