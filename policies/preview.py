"""What a rollout will do if all goes well: the very decisions of the real one, played against an endpoint that obeys at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from policies.baking import bake_ends, needed_gates
from policies.commands import (
    ApplyConfig,
    ArmGuard,
    ArmSwitch,
    Command,
    CommandResult,
    CreateConfig,
    CreateModel,
    DeleteConfig,
    DisarmSwitch,
    Probe,
    RemoveGuard,
    ReplaceScaling,
    SetCapacity,
    SetScaling,
    SetShares,
    SoundAlarm,
)
from policies.decide import decide
from policies.facts import Endpoint, LiveVariant, Surroundings
from policies.guarded import ON_ITS_WAY, is_in_flight
from policies.lifecycle import Phase, State, begin, record_result
from policies.observation import Metrics, Observation, Unavailable
from policies.plan import Plan
from policies.strategies.stage import Stage
from policies.verdict import Answer, GateVerdict
from policies.windows.opening import next_opening


@dataclass(frozen=True)
class Step:
    """One step of a preview.

    Attributes:
        phase: the phase that it belongs to.
        stage: index of the stage.
        at: when it comes at the earliest, counted from the start, with AWS taking no time.
        command: what is carried out; None stands for a bake.
    """

    phase: Phase
    stage: int
    at: timedelta
    command: Command | None


def preview(plan: Plan, endpoint: Endpoint) -> Iterator[Step]:
    """Yield the steps of a rollout in which every gate passes at its first chance."""
    plan = plan.model_copy(update={"stages": tuple(map(_ask_nobody, plan.stages))})
    state, now = begin(plan), plan.started_at
    surroundings = plan.surroundings
    while state.phase is not Phase.FINISHED:
        observation = Observation(endpoint, surroundings=surroundings)
        decision = decide(plan, state, observation, now, judge=_all_pass)
        state = decision.state
        if decision.action == "hold":
            now = _wait_for_opening(plan, now)
        for command in decision.commands:
            yield Step(state.phase, state.stage, now - plan.started_at, command)
            endpoint, surroundings = imagine(plan, endpoint, command), imagine_scaling(surroundings, command)
            state = record_result(state, command, CommandResult(status="done"), now)
        endpoint = _go_on(plan, state, endpoint, now)
        if state.phase is Phase.BAKING and now < bake_ends(plan, state):
            yield Step(state.phase, state.stage, now - plan.started_at, None)
            now = _end_of_bake(plan, state, now)


def _ask_nobody(stage: Stage) -> Stage:
    return stage.model_copy(update={"approval": None})


def imagine(plan: Plan, endpoint: Endpoint, command: Command) -> Endpoint:
    """Return the endpoint as it is once a command's wanted end is reached."""
    match command:
        case ApplyConfig() if command.deployment is not None:
            return endpoint.model_copy(update={"status": "Updating", "pending_config": command.config})
        case ApplyConfig():
            configs = {config.name: config for config in plan.configs}
            variants = configs[command.config].variants
            weights = [
                variant.get("InitialVariantWeight", 1.0) for variant in variants
            ]  # 1 where a blueprint leaves it out
            live = tuple(
                _steady(
                    variant["VariantName"],
                    weight * 100 / sum(weights),
                    _retained(endpoint, variant["VariantName"], variant["InitialInstanceCount"]),
                )
                for variant, weight in zip(variants, weights, strict=True)
            )
            return endpoint.model_copy(update={"config": command.config, "variants": live})
        case SetShares():
            live = tuple(_steady(v.name, command.shares[v.name], v.instances) for v in endpoint.variants)
            return endpoint.model_copy(update={"variants": live})
        case SetCapacity():
            live = tuple(
                _steady(v.name, v.share, command.instances if v.name == command.variant else v.instances)
                for v in endpoint.variants
            )
            return endpoint.model_copy(update={"variants": live})
        case CreateConfig() | DeleteConfig() | Probe() | SetScaling() | ArmSwitch() | DisarmSwitch():
            return endpoint
        case ArmGuard() | SoundAlarm() | RemoveGuard() | CreateModel() | ReplaceScaling():
            return endpoint
        case _:
            assert_never(command)


def _go_on(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> Endpoint:
    """Let SageMaker take the next step of a guarded update as soon as the last one has passed."""
    if not is_in_flight(plan, endpoint):
        return endpoint
    if state.phase is Phase.PROMOTING:
        plain = ApplyConfig(endpoint=plan.endpoint, config=plan.promoted.name, replaces=endpoint.config)
        rested = endpoint.model_copy(update={"status": "InService", "pending_config": None, "baking_since": None})
        return imagine(plan, rested, plain)
    return endpoint.model_copy(update={"baking_since": now}) if state.phase in ON_ITS_WAY else endpoint


def imagine_scaling(surroundings: Surroundings, command: Command) -> Surroundings:
    """Return tags and scaling as they are once a command's wanted end is reached."""
    if isinstance(command, ReplaceScaling):
        others = [target for target in surroundings.scaling if target.variant != command.variant]
        new = [command.registration.target(command.variant)] if command.registration else []
        return surroundings.model_copy(
            update={"scaling": tuple(sorted([*others, *new], key=lambda each: each.variant))}
        )
    if not isinstance(command, SetScaling):
        return surroundings
    wanted = command.scaling
    scaling = tuple(wanted if target.variant == wanted.variant else target for target in surroundings.scaling)
    return surroundings.model_copy(update={"scaling": scaling})


def _steady(name: str, share: float, instances: int) -> LiveVariant:
    return LiveVariant(name=name, share=share, wanted_share=share, instances=instances, wanted_instances=instances)


def _retained(endpoint: Endpoint, name: str, initial: int) -> int:
    live = endpoint.variant(name)
    return live.instances if live else initial


def _wait_for_opening(plan: Plan, now: datetime) -> datetime:
    """Let time pass until the windows open: nothing else can hold a rollout of which everything passes and is approved."""
    windows = plan.policy.windows
    opening = next_opening(windows, now, plan.guard.takes if plan.guard else timedelta(0)) if windows else None
    if opening is None:
        raise ValueError("a preview is held for ever")
    return opening.begins


def _end_of_bake(plan: Plan, state: State, now: datetime) -> datetime:
    return max(now, bake_ends(plan, state))


def _all_pass(plan: Plan, state: State, metrics: Metrics | Unavailable) -> tuple[GateVerdict, ...]:
    del metrics
    names = sorted(needed_gates(plan, state))
    return tuple(GateVerdict(gate=name, verdict=Answer.PASS, sentence="as in a preview") for name in names)
