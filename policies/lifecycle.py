"""The life of a rollout: its phases, its outcome, and the state that one look hands to the next.

The state holds nothing that the endpoint could tell: only what is wanted, since when, and which command is still on its way.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal, assert_never

from pydantic import field_validator

from policies.author import Attribution
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
from policies.gates.evidence import Window
from policies.leftovers import Leftover, note_answer
from policies.plan import Plan
from policies.registration import Stand
from policies.serving import NO_READING, Serving
from policies.values import Frozen


class Phase(StrEnum):
    """Where a rollout stands."""

    PREPARING = "preparing"
    SHIFTING = "shifting"
    BAKING = "baking"
    PROMOTING = "promoting"
    ROLLING_BACK = "rolling back"
    CLEANING = "cleaning up"
    FINISHED = "finished"


class Outcome(StrEnum):
    """How a rollout ended."""

    PROMOTED = "PROMOTED"
    ROLLED_BACK = "ROLLED_BACK"
    ABORTED = "ABORTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


CLIMBING: Final = frozenset({Phase.PREPARING, Phase.SHIFTING, Phase.BAKING, Phase.PROMOTING})
"""The phases on the way up; from each of them the rollout may turn back."""


EndingCause = Literal["", "returned_from_outside", "endpoint_deleted"]
"""What led to an ending where that was not this rollout's own decision; empty where it was, and in older journals."""


class Ending(Frozen):
    """How the rollout will end, or has ended.

    Attributes:
        outcome: the outcome.
        reason: why, as a sentence for a person.
        at: when that was decided.
        cause: what led to it from outside.
        by: who did that; None where nothing came from outside.
        serving: what serves, as it was last read back since.
        left: what could not be cleared up; in journals of before it was kept, nothing.
    """

    outcome: Outcome
    reason: str
    at: datetime
    cause: EndingCause = ""
    by: Attribution | None = None
    serving: Serving = NO_READING
    left: tuple[Leftover, ...] = ()


class Operation(Frozen):
    """A command that AWS has accepted and whose wanted end has not been read back yet.

    Attributes:
        command: the command.
        since: when it was accepted.
        seen_busy: whether the endpoint was seen at work since.
    """

    command: Command
    since: datetime
    seen_busy: bool = False


class Placement(Frozen):
    """What the endpoint was last read back to be; anything else that we did not order is drift.

    Attributes:
        config: name of its configuration.
        shares: percent of traffic by variant.
    """

    config: str
    shares: dict[str, float]


class Pause(Frozen):
    """A pause that a person asked for: the candidate gets no more traffic until it is over.

    Attributes:
        by: who asked.
        reason: why.
        since: since when.
    """

    by: str
    reason: str
    since: datetime


class Approved(Frozen):
    """A person's approval of a stage.

    Attributes:
        stage: the stage's index.
        by: who approved.
        reason: why.
        at: when that was heard.
    """

    stage: int
    by: str
    reason: str
    at: datetime


SwitchStand = Literal["none", "asked", "armed", "disarmed"]
"""Where the dead-man's switch, or a guard, stands: ``asked``, it may be armed or not, since the process died in between."""


RegistrationStand = Stand | Literal["asked"]
"""Which registration of the promoted variant stands, where the rollout changes it: ``asked``, any may, since the answer is not known."""


SetbackKind = Literal["refused", "quota", "reverted"]
"""How the last command failed: for good, for lack of quota, or AWS accepted this phase's own deployment and did not keep it."""

REFUSED: Final = 12
"""What a refusal adds to the failures of a kind of request. A passing failure adds 1: a minute of them, on the way back, is as bad."""

LACK: Final = "instances"
"""The key of failures that may have come from a lack of instances."""


ScalingStand = Literal["none", "asked", "held"]
"""Where the suspension of the baseline's autoscaling stands: ``asked``, it may be suspended or not, since the answer is not known."""


class State(Frozen):
    """What one look hands to the next.

    Attributes:
        phase: where the rollout stands.
        since: since when.
        stage: index of the present stage.
        placement: what the endpoint was last read back to be.
        operation: the command on its way, if any.
        attempt: the last change of the endpoint that was sent and whose answer is not known, with the time at which it was sent.
        failures: on the way back and during the promotion, how much has failed since it began, by kind of request (``failure_key``).
        promotion_setbacks: why the promotion did not come about, for each time that it is asked for once more.
        windows: the stretches in which a stage's split was in force.
        ending: how the rollout will end, once that is decided.
        setback: why the last command did not succeed; None while none has failed.
        setback_kind: in which way it did not.
        drift: what somebody else changed, while it stands.
        taken_over: whether somebody else changed configuration or traffic themselves when the endpoint was last seen.
        made: names of the configurations that the rollout created.
        cleaned: names of those that are gone again.
        uncleared: tasks of the clean-up that were not done when they were last asked for, the newest answer last.
        switch: where the dead-man's switch stands, or the alarms of a guarded update, which take its place.
        scaling: where the suspension of the baseline's autoscaling stands.
        registration: which registration for autoscaling stands, where a blueprint has the rollout change it.
        models: names of the models that were created, or found created, for this rollout.
        probed: whether the candidate has answered its probes.
        baking_since: when SageMaker began the newest step of a guarded update that was seen; None before the first.
        heard: ids of the signals that were heeded.
        paused: the pause, while it lasts.
        awaiting_since: since when the present stage has asked a person; None while it does not.
        proposed: in an A/B test, the variant of the winner that a person is asked about.
        approved: the stages that people have approved.
        accepted: drifts that a person has accepted, in the words in which they were told.
        override: who promotes before every gate has passed, and why; None as long as nobody does.
        out: in an A/B test, the variants that have left it, each with the reason.
        winner: in an A/B test, the variant that has won.
        won_by: by what, as a sentence for a person.
    """

    phase: Phase
    since: datetime
    stage: int = 0
    placement: Placement
    operation: Operation | None = None
    attempt: Operation | None = None
    failures: dict[str, int] = {}
    promotion_setbacks: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    ending: Ending | None = None
    setback: str | None = None
    setback_kind: SetbackKind | None = None
    drift: str | None = None
    taken_over: bool = False
    made: tuple[str, ...] = ()
    cleaned: tuple[str, ...] = ()
    uncleared: tuple[Leftover, ...] = ()
    switch: SwitchStand = "none"
    scaling: ScalingStand = "none"
    registration: RegistrationStand = "before"
    models: tuple[str, ...] = ()
    probed: bool = False
    baking_since: datetime | None = None
    heard: tuple[str, ...] = ()
    paused: Pause | None = None
    awaiting_since: datetime | None = None
    proposed: str | None = None
    approved: tuple[Approved, ...] = ()
    accepted: tuple[str, ...] = ()
    override: str | None = None
    out: dict[str, str] = {}
    winner: str | None = None
    won_by: str = ""

    @field_validator("approved", mode="before")
    @classmethod
    def _read_plain_numbers(cls, given: Any) -> Any:  # noqa: ANN401 - whatever a journal has
        """Read what journals held before they held who had approved."""
        unknown = {"by": "somebody", "reason": "not on record", "at": datetime.fromtimestamp(0, UTC)}
        return tuple({"stage": each} | unknown if isinstance(each, int) else each for each in given)


def begin(plan: Plan) -> State:
    """Return the state of a rollout that has not done anything yet."""
    placement = Placement(config=plan.original.name, shares={plan.baseline.variant: 100.0})
    return State(phase=Phase.PREPARING, since=plan.started_at, placement=placement)


def enter(state: State, phase: Phase, now: datetime, stage: int | None = None) -> State:
    """Move to another phase. Nobody is asked any more, and a stage that begins anew has to be approved anew."""
    stage = state.stage if stage is None else stage
    approved = tuple(each for each in state.approved if phase is not Phase.SHIFTING or each.stage != stage)
    moved = {"phase": phase, "since": now, "stage": stage, "setback": None, "setback_kind": None}
    return state.model_copy(update=moved | {"awaiting_since": None, "proposed": None, "approved": approved})


def turn_back(state: State, outcome: Outcome, reason: str, now: datetime) -> State:
    """Start the way back to the baseline. Whatever is in flight stays on the books until AWS is done with it."""
    return turn_back_with(state, Ending(outcome=outcome, reason=reason, at=now), now)


def turn_back_with(state: State, ending: Ending, now: datetime) -> State:
    """Start the way back to the baseline, towards an ending."""
    update = {"ending": ending, "drift": None, "failures": dict[str, int]()}
    return enter(close_window(state, now), Phase.ROLLING_BACK, now).model_copy(update=update)


def finish(state: State, ending: Ending, now: datetime) -> State:
    """End the rollout."""
    return enter(close_window(state, now), Phase.FINISHED, now).model_copy(update={"ending": ending})


def open_window(state: State, share: float, now: datetime) -> State:
    """Begin to count minutes for the present stage."""
    window = Window(stage=state.stage, share=share, start=now)
    return state.model_copy(update={"windows": (*state.windows, window)})


def close_window(state: State, now: datetime) -> State:
    """Stop counting minutes for the present stage."""
    if not state.windows or state.windows[-1].end is not None:
        return state
    closed = state.windows[-1].model_copy(update={"end": now})
    return state.model_copy(update={"windows": (*state.windows[:-1], closed)})


def record_intent(state: State, command: Command, now: datetime) -> State:
    """Take note that a command is about to be carried out: should its outcome never be known, it may have taken effect."""
    if isinstance(command, ApplyConfig | SetCapacity | SetShares):
        return state.model_copy(update={"attempt": Operation(command=command, since=now)})
    if isinstance(command, CreateConfig):
        return state.model_copy(update={"made": tuple(dict.fromkeys((*state.made, command.config.name)))})
    if isinstance(command, ArmSwitch | ArmGuard) and state.switch == "none":
        return state.model_copy(update={"switch": "asked"})
    if isinstance(command, SetScaling) and state.scaling == "none":
        return state.model_copy(update={"scaling": "asked"})
    if isinstance(command, ReplaceScaling):
        return state.model_copy(update={"registration": "asked"})
    return state


def record_result(state: State, command: Command, result: CommandResult, now: datetime) -> State:
    """Take note of what became of a command."""
    if state.phase is Phase.CLEANING:
        state = state.model_copy(update={"uncleared": note_answer(state.uncleared, command, result)})
    if result.status == "busy":
        return count_failure(state, command, 1)
    if result.status == "refused":
        kind: SetbackKind = "quota" if result.code == "quota_exceeded" else "refused"
        refused = state.model_copy(update={"setback": result.message, "setback_kind": kind, "attempt": None})
        return count_failure(refused, command, REFUSED, lacks_instances=kind == "quota")
    return state.model_copy(update={**_effect_of(command, state, now), "setback": None, "setback_kind": None})


def failure_key(command: Command) -> str:
    """Return the kind of request under which the failures of a command are counted; creating a configuration is a part of applying it."""
    match command:
        case SetCapacity():
            return f"{command.kind} {command.variant}"
        case CreateConfig():
            return "apply_config"
        case _:
            return command.kind


def count_failure(state: State, command: Command, weight: int, *, lacks_instances: bool = False) -> State:
    """Add to the failures of a kind of request, where they decide which request comes next."""
    if state.phase not in {Phase.ROLLING_BACK, Phase.PROMOTING}:
        return state
    keys = (failure_key(command), *([LACK] if lacks_instances else []))
    failures = state.failures | {key: state.failures.get(key, 0) + weight for key in keys}
    return state.model_copy(update={"failures": failures})


def _effect_of(command: Command, state: State, now: datetime) -> dict[str, object]:
    effect: dict[str, object] = {}
    match command:
        case CreateConfig():
            effect = {"made": tuple(dict.fromkeys((*state.made, command.config.name)))}
        case ArmSwitch() | ArmGuard() | DisarmSwitch() | RemoveGuard():
            effect = {"switch": "armed" if isinstance(command, ArmSwitch | ArmGuard) else "disarmed"}
        case SetScaling():
            effect = {"scaling": "held"}
        case ReplaceScaling():
            effect = {"registration": command.stand, "scaling": "held" if command.stand == "after" else "none"}
        case CreateModel():
            effect = {"models": tuple(dict.fromkeys((*state.models, command.model)))}
        case Probe():
            effect = {"probed": True}
        case ApplyConfig() | SetCapacity() | SetShares():
            effect = {"operation": Operation(command=command, since=now), "attempt": None}
        case DeleteConfig():
            effect = {"cleaned": (*state.cleaned, command.config)}
        case SoundAlarm():
            pass
        case _:
            assert_never(command)
    return effect


def follow_the_winner(plan: Plan, state: State) -> Plan:
    """Return the plan as a rollout of an A/B test's winner, once there is one; any other plan as it is."""
    return plan.duel(state.winner) if state.winner else plan


def without_traffic(plan: Plan, state: State) -> frozenset[str]:
    """Return the challengers that get no traffic any more: those who have left the test, and once one has won, all others."""
    losers = {each.variant for each in plan.challengers} - {state.winner} if state.winner else set[str]()
    return frozenset({*state.out, *losers})


def approval_of(state: State) -> Approved | None:
    """Return the approval of the present stage; None while nobody has approved it."""
    return next((each for each in state.approved if each.stage == state.stage), None)


def candidate_share(plan: Plan, state: State) -> float:
    """Return the percent of traffic that the candidate was last read back to get."""
    if state.placement.config == plan.promoted.name:
        return 100.0
    if plan.guard:
        return state.windows[-1].share if state.windows and state.windows[-1].end is None else 0.0
    return state.placement.shares.get(plan.candidate.variant, 0.0)
