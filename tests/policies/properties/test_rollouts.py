"""What holds for every rollout, whatever AWS, people and metrics do meanwhile (AWS is simulated)."""

import os
from datetime import timedelta

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from policies.commands import ArmSwitch, Command, ReplaceScaling
from policies.lifecycle import CLIMBING, Outcome, Phase
from policies.plan import Plan
from policies.preview import preview
from tests.policies.building import BASELINE, START, make_policy, make_rollout
from tests.policies.properties.laws import check_end, check_look
from tests.policies.properties.outsiders import CIRCUMSTANCES, DRIFTS, FOREIGN
from tests.policies.properties.plans import (
    BLUEPRINTS,
    PLAN,
    SCALED,
    TIMES,
    WATCHED,
    of_blueprint,
    plans,
    unattended_plans,
)
from tests.policies.properties.simulation import ANSWERS, BOUNDARIES, PEOPLE, SENSES, WEATHER, Run

WEATHERS = st.lists(st.sampled_from(WEATHER), max_size=30)
FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
many = settings(deadline=None, max_examples=1000 if FULL else 100)
UP = ["obey"] * 4
"""Words of a quiet start: prepared, then shifted to the first stage."""


def longest(plan: Plan, weather: list[str]) -> timedelta:
    """The deadline, the way back, the cleaning up, and what a look may overshoot each of them by."""
    limits = plan.policy.timeouts
    lost = timedelta(hours=weather.count("an hour passes"))
    deaths = [word for word in weather if word in BOUNDARIES]
    lost += len(deaths) * (timedelta(minutes=20) + limits.rollback + limits.update)
    return plan.policy.deadline + limits.rollback + limits.update + lost + timedelta(minutes=5)


@many
@given(plans(), WEATHERS)
@example(PLAN, [*UP, "shifted", "an hour passes", "occupied"])
@example(SCALED, ["after the call", "surroundings unreadable", "abort", "surroundings unreadable"])
@example(SCALED, ["obey", "unsuspended", "resume", "obey", "abort"])
def test_every_rollout_ends_in_time_as_it_says(plan: Plan, weather: list[str]) -> None:
    """In any weather a rollout ends within its deadlines, and the endpoint is then what the outcome says."""
    run = Run(plan, check_look)
    run.run_through(weather)
    run.until_finished()
    assert run.now - plan.started_at <= longest(plan, weather)
    check_end(run)


@many
@given(plans(), st.lists(st.sampled_from([*ANSWERS, *SENSES, *CIRCUMSTANCES, *BOUNDARIES, "promote_now"]), max_size=30))
@example(PLAN, ["lost", "obey", "obey", "lost"])
@example(PLAN, ["lost", "in trouble"])
@example(PLAN, ["lost", "promote_now"])
@example(SCALED, ["after the call"])
def test_nothing_that_aws_does_is_taken_for_somebody_else(plan: Plan, weather: list[str]) -> None:
    """Lost answers, silent rollbacks, deaths of the process, the switch and autoscaling never pass for somebody's interference."""
    run = Run(plan, check_look)
    for word in weather:
        if not run.finished:
            assert run.step(word).state.drift is None
    run.until_finished()
    assert run.ending.outcome is not Outcome.ABORTED
    check_end(run)


@many
@given(plans(), WEATHERS)
@example(PLAN, UP)
def test_an_endpoint_that_can_never_be_read_again_does_not_hang_the_rollout(plan: Plan, weather: list[str]) -> None:
    """Blind for good, a rollout still ends in time: by its deadline and the way back's, and calls for a person where it cannot know."""
    run = Run(plan, check_look)
    run.run_through(weather)
    unsure = run.state.phase not in {Phase.CLEANING, Phase.FINISHED} and run.state.drift is None
    while not run.finished:
        run.step("unreadable")
        assert run.now - plan.started_at <= longest(plan, weather)
    assert not unsure or run.ending.outcome is Outcome.ROLLBACK_FAILED


@many
@given(plans(), WEATHERS, st.booleans())
@example(make_rollout(make_policy(stages=[{"share": 95, "bake": "2m"}], **TIMES)), [*UP, "scaled in"], True)  # noqa: FBT003 - drawn otherwise
@example(make_rollout(make_policy(stages=[{"share": 51, "bake": "2m"}], **TIMES), 2), ["scaled in"], True)  # noqa: FBT003 - as above
def test_one_abort_leads_to_the_baseline_from_anywhere(plan: Plan, weather: list[str], full: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever went before, once AWS obeys again, with instances to give or without, one abort brings the original configuration back."""
    run = Run(plan, check_look)
    run.run_through([word for word in weather if word not in {"an hour passes", "in trouble", *BOUNDARIES}])
    run.aws.denied.clear()
    assume(run.state.phase not in {Phase.CLEANING, Phase.FINISHED})
    foreign = run.aws.endpoint.config == FOREIGN
    run.aws.full = full
    run.step("abort")
    run.until_finished()
    assert run.ending.outcome is not Outcome.PROMOTED
    if foreign:
        assert run.aws.endpoint.config == FOREIGN
    else:
        assert (run.aws.endpoint.config, run.aws.endpoint.shares) == (plan.original.name, {BASELINE: 100})
        assert run.aws.configs - {FOREIGN} <= {plan.original.name}


@many
@given(plans(), st.integers(0, 25), st.sampled_from(["fail", "abort", "rollback"]), WEATHERS)
def test_after_a_failure_the_candidate_is_never_promoted(plan: Plan, at: int, stop: str, weather: list[str]) -> None:
    """A FAIL or a person's word is final: later passes, retries and faults never bring the candidate forward again."""
    run = Run(plan, check_look)
    run.run_through(["obey"] * at)
    assume(run.state.windows and run.state.phase not in {Phase.CLEANING, Phase.FINISHED})
    run.step(stop)
    assert run.state.phase not in CLIMBING
    run.run_through(weather)
    run.until_finished()
    assert run.ending.outcome is not Outcome.PROMOTED


@settings(deadline=None, max_examples=400 if FULL else 50)
@given(
    st.sampled_from(BLUEPRINTS[1:]), st.integers(0, 3), st.lists(st.sampled_from([*ANSWERS, *BOUNDARIES]), max_size=8)
)
def test_a_promotion_that_is_taken_back_brings_the_earlier_scaling_back(
    declared: tuple[bool, bool], dies_at: int, weather: list[str]
) -> None:
    """Wherever a process dies or AWS fails over the declared scaling, an abort ends with the earlier one, or says why not."""
    run = Run(of_blueprint(WATCHED, *declared), check_look, dies_at=dies_at)
    while run.state.registration == "before":
        run.step()
    run.run_through(weather)
    if not run.finished:
        run.step("abort")
    run.until_finished()
    assert run.ending.outcome is not Outcome.ROLLBACK_FAILED
    check_end(run)


@many
@given(unattended_plans(), st.sampled_from(["obey", "slow", "late"]))
@example(SCALED, "slow")
def test_the_preview_is_what_is_carried_out(plan: Plan, pace: str) -> None:
    """With gates that pass and an AWS that obeys, at whatever pace, exactly the commands of the preview are given, in its order."""
    run = Run(plan, check_look)
    promised = [step.command for step in preview(plan, run.aws.endpoint) if step.command]
    while not run.finished:
        run.step(pace)
    assert list(map(timeless, run.commands)) == list(map(timeless, promised))
    assert run.ending.outcome is Outcome.PROMOTED
    assert run.aws.configs == {plan.original.name, plan.promoted.name}


def timeless(command: Command) -> Command:
    """When a command is given depends on how long AWS takes, which no preview knows."""
    if isinstance(command, ReplaceScaling):
        return command.model_copy(update={"at": START})
    return command.model_copy(update={"fires_at": START}) if isinstance(command, ArmSwitch) else command


@many
@given(unattended_plans())
def test_shares_climb_the_ladder_rung_by_rung(plan: Plan) -> None:
    """An undisturbed rollout gives the candidate each share of its ladder once, in order, and never one in between."""
    run = Run(plan, check_look)
    shares = [0.0]
    while not run.finished:
        run.step()
        if run.aws.endpoint.config == plan.side_by_side.name and run.aws.endpoint.shares["candidate"] != shares[-1]:
            shares.append(run.aws.endpoint.shares["candidate"])
    assert shares == [0, *(stage.share for stage in plan.stages if not (stage.watch or stage.shadow))]


@many
@given(plans(), st.integers(0, 15), st.sampled_from(["pause", "halt"]), st.lists(st.sampled_from(ANSWERS), max_size=15))
def test_a_stop_holds_the_candidate_where_it_is(plan: Plan, at: int, stop: str, weather: list[str]) -> None:
    """From the look that hears of a pause or a halt, no command raises the candidate's share until somebody ends it."""
    run = Run(plan, check_look)
    run.run_through(["obey"] * at)
    assume(run.state.phase in CLIMBING)
    run.step(stop)
    given_before = len(run.commands)
    for word in weather:
        if run.state.phase in CLIMBING:
            run.step(word)
    assert run.state.phase not in CLIMBING or len(run.commands) == given_before


@settings(deadline=None, max_examples=200 if FULL else 30)
@given(plans(), st.integers(2, 12), st.lists(st.sampled_from(["obey", *BOUNDARIES]), max_size=3))
def test_a_rollback_that_was_given_up_is_taken_up_until_it_succeeds(plan: Plan, at: int, deaths: list[str]) -> None:
    """After ROLLBACK_FAILED the next process tries again, and gets there as soon as AWS obeys."""
    run = Run(plan, check_look)
    run.run_through(["obey"] * at)
    assume(run.state.phase in CLIMBING)
    assume(run.aws.endpoint.config != plan.original.name)
    run.ask("abort")
    while not run.finished:
        run.step("refused")
    assert run.ending.outcome is Outcome.ROLLBACK_FAILED
    run.take_up()
    assert run.state.phase is Phase.ROLLING_BACK
    run.run_through(deaths)
    run.until_finished()
    assert run.ending.outcome is Outcome.ROLLED_BACK
    check_end(run)


def test_the_weather_has_every_drift() -> None:
    """No kind of weather is forgotten by the tests that draw from all of it."""
    assert {*DRIFTS, *PEOPLE, *SENSES} <= set(WEATHER)
