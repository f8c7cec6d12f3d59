"""The safeguards: what must stand before the candidate gets anything, and how it is put back."""

import pytest

from policies.blueprint.model import VariantScaling
from policies.commands import ArmSwitch, Command, CommandResult, CreateConfig, DisarmSwitch, ReplaceScaling, SetScaling
from policies.facts import ScalingTarget, Surroundings, Suspension
from policies.lifecycle import (
    CLIMBING,
    Ending,
    Outcome,
    Phase,
    RegistrationStand,
    State,
    SwitchStand,
    begin,
    enter,
    record_intent,
    record_result,
)
from policies.observation import Unavailable
from policies.registration import Registration, ScalingChange
from policies.safeguards import arm, lower_safeguards, raise_safeguards
from tests.policies.building import BASELINE, START, make_policy, make_rollout, make_scaling
from tests.policies.properties.plans import of_blueprint

PLAN = make_rollout(None, 4, make_scaling())
HELD = make_scaling("scale_in", "scheduled")
SHIFTING = enter(begin(PLAN), Phase.SHIFTING, START)


def around(*scaling: ScalingTarget) -> Surroundings:
    return Surroundings(scaling=scaling)


def due(state: State, *scaling: ScalingTarget) -> list[str]:
    return [command.kind for command in raise_safeguards(PLAN, state, around(*scaling), START)]


def put_back(state: State, *scaling: ScalingTarget) -> list[Command]:
    return list(lower_safeguards(PLAN, state, around(*scaling)))


def holding(state: State = SHIFTING) -> State:
    return state.model_copy(update={"scaling": "held"})


def test_scaling_is_held_before_anything_and_the_switch_armed_before_the_first_traffic() -> None:
    """The baseline must keep its instances from the start; the switch is of no use before there is traffic to bring back."""
    assert due(begin(PLAN), make_scaling()) == ["set_scaling"]
    assert due(SHIFTING, make_scaling()) == ["set_scaling", "arm_switch"]
    assert due(holding(), HELD) == ["arm_switch"]
    assert due(holding().model_copy(update={"switch": "armed"}), HELD) == []


@pytest.mark.parametrize("phase", sorted(CLIMBING - {Phase.SHIFTING}))
def test_only_a_shift_arms_the_switch(phase: Phase) -> None:
    """In no other phase does the candidate get traffic that the switch could take back."""
    assert due(enter(holding(), phase, START), HELD) == []


def test_what_is_known_only_to_have_been_asked_for_is_asked_for_again() -> None:
    """A process that died over a safeguard leaves it in doubt, and doubt is not protection."""
    in_doubt = SHIFTING.model_copy(update={"scaling": "asked", "switch": "asked"})
    assert due(in_doubt, HELD) == ["set_scaling", "arm_switch"]


def test_a_policy_without_a_switch_arms_none() -> None:
    """Mode none means none, on the way up and at the end."""
    plan = make_rollout(make_policy(dead_mans_switch={"mode": "none"}))
    assert list(raise_safeguards(plan, SHIFTING, plan.surroundings, START)) == []
    assert list(lower_safeguards(plan, SHIFTING, plan.surroundings)) == []
    with pytest.raises(ValueError, match="no dead-man's switch"):
        arm(plan, START)


def test_the_switch_acts_one_lease_from_now_and_names_every_variant() -> None:
    """SageMaker leaves the weight of a variant that is not named as it was."""
    command = arm(PLAN, START)
    assert command.fires_at == START + PLAN.policy.lease
    assert command.shares == {BASELINE: 100, "candidate": 0}


def test_autoscaling_that_came_later_is_not_held() -> None:
    """What a person set up meanwhile could not be put back as it was, so it is not touched."""
    plan = make_rollout()
    assert [each.kind for each in raise_safeguards(plan, SHIFTING, around(make_scaling()), START)] == ["arm_switch"]
    assert list(lower_safeguards(plan, holding(), around(HELD))) == []


def test_holding_keeps_what_was_suspended_before() -> None:
    """What somebody had suspended before the rollout is suspended during it, and after it."""
    plan = make_rollout(None, 4, make_scaling("scale_out", "scheduled"))
    (hold,) = raise_safeguards(plan, begin(plan), plan.surroundings, START)
    assert isinstance(hold, SetScaling)
    assert hold.scaling.suspended == ("scale_in", "scale_out", "scheduled")
    (release,) = lower_safeguards(plan, holding(), around(hold.scaling))
    assert release == SetScaling(endpoint=plan.endpoint, scaling=make_scaling("scale_out", "scheduled"))


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (make_scaling("scale_in", "scheduled", maximum=99), make_scaling(maximum=99)),
        (make_scaling("scale_in", "scale_out", "scheduled"), make_scaling("scale_out")),
    ],
)
def test_only_our_own_suspension_is_taken_away(found: ScalingTarget, left: ScalingTarget) -> None:
    """Bounds and suspensions that somebody else set meanwhile stay as they are."""
    assert put_back(holding(), found) == [SetScaling(endpoint=PLAN.endpoint, scaling=left)]


@pytest.mark.parametrize(("outcome", "left"), [(Outcome.PROMOTED, ()), (Outcome.INCONCLUSIVE, ("scheduled",))])
def test_what_was_suspended_before_is_suspended_after_any_end_but_a_promotion(
    outcome: Outcome, left: tuple[Suspension, ...]
) -> None:
    """The declared scaling stood already when somebody changed its bounds, which stay: only the suspensions can be put back."""
    plan = of_blueprint(make_rollout(None, 4, make_scaling("scheduled")), declares=True, moves=False)
    ending = Ending(outcome=outcome, reason="because", at=START)
    state = holding().model_copy(update={"registration": "after", "ending": ending})
    by_hand = make_scaling("scale_in", "scheduled", maximum=99)
    (release,) = lower_safeguards(plan, state, around(by_hand))
    assert release == SetScaling(endpoint=plan.endpoint, scaling=make_scaling(*left, maximum=99))


@pytest.mark.parametrize(("stand", "left"), [("before", ()), ("after", ("scale_out",))])
def test_a_declared_registration_keeps_its_own_suspensions(
    stand: RegistrationStand, left: tuple[Suspension, ...]
) -> None:
    """Once the registration that a blueprint declares stands, it is the one that is set going again, with what it suspends itself."""
    declared = Registration(scaling=VariantScaling(min=1, max=20), suspended=("scale_out",))
    plan = PLAN.model_copy(update={"scaling": ScalingChange(before=None, after=declared)})
    ending = Ending(outcome=Outcome.PROMOTED, reason="because", at=START)
    state = holding().model_copy(update={"registration": stand, "ending": ending})
    found = around(make_scaling("scale_in", *left, "scheduled"))
    assert list(lower_safeguards(plan, state, found)) == [
        SetScaling(endpoint=PLAN.endpoint, scaling=make_scaling(*left))
    ]


def test_scaling_that_somebody_set_going_again_stays() -> None:
    """Where our suspension is gone in part or whole, or the registration is, nothing of ours is left to put back."""
    assert put_back(holding(), make_scaling()) == []
    assert put_back(holding(), make_scaling("scheduled")) == []
    assert put_back(holding()) == []


def test_a_suspension_that_was_never_asked_for_is_somebody_elses() -> None:
    """A rollout that suspended nothing sets nothing going."""
    assert put_back(SHIFTING, HELD) == []
    assert len(put_back(SHIFTING.model_copy(update={"scaling": "asked"}), HELD)) == 1


@pytest.mark.parametrize(("stand", "disarmed"), [("none", 0), ("asked", 1), ("armed", 1), ("disarmed", 0)])
def test_a_switch_that_may_stand_is_disarmed(stand: SwitchStand, disarmed: int) -> None:
    """Also one of which nobody knows whether it was armed; unreadable scaling does not stand in the way of that."""
    state = SHIFTING.model_copy(update={"switch": stand})
    commands = list(lower_safeguards(PLAN, state, Unavailable("throttled")))
    assert [type(command) for command in commands] == [DisarmSwitch] * disarmed


def test_intents_leave_in_doubt_what_results_make_known() -> None:
    """Before its outcome is known a safeguard counts as asked for, a configuration as made; a known stand is not doubted again."""
    hold = SetScaling(endpoint=PLAN.endpoint, scaling=HELD)
    state = begin(PLAN)
    replacing = ReplaceScaling(endpoint=PLAN.endpoint, variant=BASELINE, registration=None, stand="aside", at=START)
    for command in (hold, arm(PLAN, START), CreateConfig(config=PLAN.side_by_side), replacing):
        state = record_intent(state, command, START)
    assert (state.scaling, state.switch, state.made) == ("asked", "asked", (PLAN.side_by_side.name,))
    assert state.registration == "asked"
    for command in (hold, arm(PLAN, START)):
        state = record_intent(record_result(state, command, CommandResult(status="done"), START), command, START)
    assert (state.scaling, state.switch) == ("held", "armed")


def test_a_switch_that_cannot_be_disarmed_is_not_taken_for_disarmed() -> None:
    """AWS's refusal is a setback that a person hears of, not an end reached."""
    state = SHIFTING.model_copy(update={"switch": "armed"})
    command = DisarmSwitch(switch=arm(PLAN, START).switch)
    refused = record_result(state, command, CommandResult(status="refused", message="denied"), START)
    assert (refused.switch, refused.setback) == ("armed", "denied")
    assert record_result(state, command, CommandResult(status="done"), START).switch == "disarmed"


def test_the_command_that_arms_survives_as_text() -> None:
    """The journal must give the switch back whole, or nobody could disarm it."""
    command = arm(PLAN, START)
    assert ArmSwitch.model_validate_json(command.model_dump_json()) == command
