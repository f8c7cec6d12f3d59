"""The steps of a plan, said for a person: what each command will do to this endpoint, and what may go otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from policies.commands import (
    ApplyConfig,
    ArmGuard,
    ArmSwitch,
    Command,
    CreateConfig,
    CreateModel,
    DeleteConfig,
    DisarmSwitch,
    Probe,
    RemoveGuard,
    ReplaceScaling,
    Safeguard,
    SetCapacity,
    SetScaling,
    SetShares,
    SoundAlarm,
    explain,
)
from policies.endpoint_config import EndpointConfig
from policies.experiment import name_models
from policies.facts import Endpoint
from policies.lifecycle import Phase
from policies.plan import Contender, Plan
from policies.preview import Step, preview
from policies.spec import Policy
from policies.values import format_duration


@dataclass(frozen=True)
class NumberedStep:
    """One line of a plan.

    Attributes:
        number: its number, from 1.
        phase: the phase that it belongs to.
        stage: index of the stage.
        at: when it comes at the earliest, with AWS taking no time.
        kind: the command's kind, or ``bake``.
        text: what is done.
        note: what that means for this endpoint.
    """

    number: int
    phase: str
    stage: int
    at: timedelta
    kind: str
    text: str
    note: str


def number_steps(plan: Plan, live: Endpoint) -> list[NumberedStep]:
    """Return the steps of a rollout in which all goes well, from the very decisions that the rollout will take."""
    return [_number(plan, number, step) for number, step in enumerate(preview(plan, live), start=1)]


def instance_type(config: EndpointConfig, variant: str) -> str:
    """Return the instance type of a variant, or "instances" where the configuration names none."""
    return str(config.variant(variant).get("InstanceType", "instances"))


def tell_capacity(plan: Plan) -> Iterator[str]:
    """Say how many instances the candidate has when, and what that rests on."""
    yield "Instances of the candidate:"
    rungs = [stage for stage in plan.stages if not stage.watch]
    for stage in rungs:
        where = f"in shadow of {stage.share:g} %" if stage.shadow else f"at {stage.share:g} %"
        yield f"  {where:>8}  {stage.instances:>3}  {stage.why}"
    if plan.alone:
        yield f"  {'alone':>8}  {plan.alone.instances:>3}  {plan.alone.why}, before it gets all traffic"


def what_if(plan: Plan) -> Iterator[str]:
    """Say what happens when not all goes well."""
    policy, baseline = plan.policy, plan.baseline
    yield (
        f"If a gate or a command fails: an alarm makes SageMaker go back to config {plan.original.name} by itself."
        if plan.guard
        else f"If a gate or a command fails: traffic back to {baseline.variant} 100 % by weights, "
        f"then config {plan.original.name} again{', with its scaling of before' if plan.scaling else ''}."
    )
    yield _when_undecided(plan)
    taken_over, lease = format_duration(policy.take_over_after), format_duration(policy.lease)
    yield f"If the process that drives the rollout dies: after {taken_over} any other takes it up (rollway reconcile)."
    yield (
        f"If none is left: AWS itself puts all traffic back on {baseline.variant}, {lease} after the last sign of life."
        if plan.switch
        else f"If none is left: after {lease} of silence an alarm makes SageMaker go back."
        if plan.guard and plan.guard.pulse
        else "If none is left: the endpoint stays as it is. The policy wants no dead-man's switch."
    )


def _number(plan: Plan, number: int, step: Step) -> NumberedStep:
    command = step.command
    text = explain(command) if command else _bake(plan, step.stage)
    return NumberedStep(
        number=number,
        phase=str(step.phase),
        stage=step.stage,
        at=step.at,
        kind=command.kind if command else "bake",
        text=text,
        note=_note(plan, step.phase, command) if command else _note_bake(plan, step.stage),
    )


def _bake(plan: Plan, index: int) -> str:
    settle = format_duration(plan.policy.metrics.settle)
    stage = plan.stages[index]
    what = "watch" if stage.watch else f"SageMaker goes to {stage.share:g} %; bake" if stage.guarded else "bake"
    return f"{what} {format_duration(stage.bake)}, {settle} more for its metrics"


def _note_bake(plan: Plan, index: int) -> str:
    stage = plan.stages[index]
    judged = plan.policy.judged_alone if stage.watch else (*stage.gates, *plan.policy.guardrails)
    asks = f"; then a person has to approve, {stage.approval}" if stage.approval else ""
    return f"gates: {', '.join(judged)}{asks}"


def _note(plan: Plan, phase: Phase, command: Command) -> str:
    match command:
        case CreateConfig():
            note = _note_creation(plan, command)
        case ApplyConfig():
            note = _note_application(plan, command)
        case SetCapacity():
            note = "at least as many, before it gets more traffic"
        case SetShares():
            note = "by weights: no instance is started or stopped"
        case Probe():
            note = "sent to it by name; all caches are warm then, and no customer is involved"
        case SetScaling() | ArmSwitch() | DisarmSwitch() | ArmGuard() | SoundAlarm() | RemoveGuard():
            note = _note_safeguard(plan, phase, command)
        case CreateModel():
            note = "as the blueprint declares it; it stays, whatever becomes of the rollout"
        case ReplaceScaling():
            note = _note_scaling(plan, command)
        case DeleteConfig():
            note = "made by this rollout and used no more"
        case _:
            assert_never(command)
    return note


def _note_scaling(plan: Plan, command: ReplaceScaling) -> str:
    if command.registration is None:
        return "for the move: AWS moves no variant that autoscaling looks after to another instance type"
    declared = plan.scaling is not None and plan.scaling.declared
    held = "scaling in and scheduled scaling wait until the rollout is over"
    return f"as the blueprint declares it; {held}" if declared else f"as it was; {held}"


def _note_safeguard(plan: Plan, phase: Phase, command: Safeguard) -> str:
    match command:
        case SetScaling():
            cleaning = "as declared" if plan.scaling and plan.scaling.declared else "as it was"
            note = cleaning if phase is Phase.CLEANING else "the baseline keeps room to take its traffic back"
        case ArmSwitch():
            note = "AWS acts on it by itself when nobody drives the rollout any more"
        case ArmGuard():
            note = "SageMaker heeds them: one goes off at our word, one when nobody drives the rollout any more"
        case SoundAlarm():
            note = "the only brake that an update in flight has"
        case DisarmSwitch() | RemoveGuard():
            note = "the rollout is over"
        case _:
            assert_never(command)
    return note


def _note_creation(plan: Plan, command: CreateConfig) -> str:
    if plan.shadowed and command.config.name == plan.shadowed.name:
        shadow = plan.stages[0]
        kind = instance_type(plan.promoted, plan.baseline.variant)
        return f"{plan.baseline.variant} as it is + its shadow: {plan.candidate.model}, {shadow.instances} × {kind}"
    if command.config.name == plan.side_by_side.name and not plan.guard:
        added = (f"variant {each.variant}: {_fleet(plan, each)}, share 0" for each in plan.newcomers)
        return f"{plan.baseline.variant} as it is + {' + '.join(added)}"
    model: str = plan.promoted.variants[0]["ModelName"]
    only_the_model = model == plan.candidate.model
    return (
        f"live config with {model} as {plan.baseline.variant}'s model" if only_the_model else "the wanted configuration"
    )


def _note_application(plan: Plan, command: ApplyConfig) -> str:
    baseline, candidate = plan.baseline.variant, plan.candidate
    if plan.guard and command.deployment:
        shares = ", ".join(f"{stage.share:g} %" for stage in plan.stages if stage.guarded)
        return f"a second fleet with {candidate.model}; SageMaker moves the traffic by itself: {shares}"
    if plan.shadowed and command.config == plan.shadowed.name:
        return f"AWS starts the candidate; it gets copies of {plan.stages[0].share:g} % of the requests, and nobody its answers"
    if command.config == plan.side_by_side.name:
        twin = " and its twin of the baseline" if plan.control else ""
        started = name_models(plan.challengers) if plan.rivals else f"the candidate{twin}"
        return f"AWS starts {started}; {baseline} keeps all traffic"
    gone = " and ".join(each.variant for each in plan.newcomers)
    return f"{baseline} moves to {candidate.model}; {gone} {'go' if len(plan.newcomers) > 1 else 'goes'}"


def _fleet(plan: Plan, contender: Contender) -> str:
    return f"{contender.model}, {contender.instances} × {instance_type(plan.side_by_side, contender.variant)}"


def _when_undecided(plan: Plan) -> str:
    policy = plan.policy
    if policy.strategy == "ab_test":
        longest = format_duration(policy.stages[0].bake + policy.extend_at_most)
        return f"If nobody is shown to be better within {longest}: {plan.baseline.model} stays. A challenger that fails leaves before."
    undecided = "the same, for SageMaker waits for nobody" if plan.guard else _when_inconclusive(policy)
    return f"If nobody can tell when a bake is over: {undecided}."


def _when_inconclusive(policy: Policy) -> str:
    rules: dict[str, str] = policy.inconclusive.model_dump()
    words = {
        "extend": f"extend the bake, {format_duration(policy.extend_at_most)} at most",
        "hold": "hold for a person",
        "roll_back": "roll back",
    }
    reasons: dict[str, list[str]] = {}
    for reason, action in rules.items():
        reasons.setdefault(action, []).append(reason.replace("_", " "))
    return "; ".join(f"{words[action]} ({', '.join(found)})" for action, found in reasons.items())
