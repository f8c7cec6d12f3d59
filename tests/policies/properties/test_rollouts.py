"""What holds for every rollout, whatever AWS, people and metrics do meanwhile (AWS is simulated)."""

from datetime import timedelta

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from policies.lifecycle import Outcome, Phase
from policies.plan import Plan
from policies.preview import preview
from tests.policies.building import BASELINE, make_policy, make_rollout
from tests.policies.properties.simulation import FOREIGN, WEATHER, Run

TIMES = {"deadline": "45m", "timeouts": {"update": "10m", "rollback": "30m"}, "metrics": {"look_every": "1m"}}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A ladder of one to three rungs, sometimes to 100 %, for a small or a large fleet."""
    shares = sorted(draw(st.sets(st.integers(1, 100), min_size=1, max_size=3)))
    ladder = [{"share": share, "bake": "2m"} for share in shares]
    drift = draw(st.sampled_from(["hold", "abort"]))
    policy = make_policy(stages=ladder, keep_control=False, on_drift=drift, **TIMES)
    return make_rollout(policy, instances=draw(st.sampled_from([1, 2, 7])))


PLAN = make_rollout(make_policy(**TIMES))
WEATHERS = st.lists(st.sampled_from(WEATHER), max_size=30)
many = settings(deadline=None, max_examples=250)


def longest(plan: Plan, weather: list[str]) -> timedelta:
    """The deadline, the way back, the cleaning up, and what a look may overshoot each of them by."""
    limits = plan.policy.timeouts
    hours = timedelta(hours=weather.count("an hour passes"))
    return plan.policy.deadline + limits.rollback + limits.update + hours + timedelta(minutes=5)


@many
@given(plans(), WEATHERS)
@example(PLAN, [*["obey"] * 4, "shifted", "an hour passes", "occupied"])
def test_every_rollout_ends_in_time_as_it_says(plan: Plan, weather: list[str]) -> None:
    """In any weather a rollout ends within its deadlines, and the endpoint is then what the outcome says."""
    run = Run.start(plan)
    for word in weather:
        if not run.finished:
            run.step(word)
    run.until_finished()
    assert run.now - plan.started_at <= longest(plan, weather)
    if run.aws.before is not None:
        return  # somebody else's from here on
    match run.outcome:
        case Outcome.PROMOTED:
            assert run.aws.endpoint.config == plan.promoted.name
        case Outcome.ROLLED_BACK | Outcome.INCONCLUSIVE:
            assert (run.aws.endpoint.config, run.aws.endpoint.shares) == (plan.original.name, {BASELINE: 100})
        case Outcome.ABORTED | Outcome.ROLLBACK_FAILED:
            pass
        case _:
            raise AssertionError("no outcome")


@many
@given(
    plans(),
    st.lists(st.sampled_from([word for word in WEATHER if word not in {"abort", "shifted", "deployed"}]), max_size=30),
)
@example(PLAN, ["lost", "obey", "obey", "lost"])
@example(PLAN, ["lost", "in trouble"])
def test_nothing_that_aws_does_is_taken_for_somebody_else(plan: Plan, weather: list[str]) -> None:
    """Lost answers, silent rollbacks and autoscaling never end a rollout as if somebody had interfered."""
    run = Run.start(plan)
    for word in weather:
        if not run.finished:
            assert run.step(word).state.drift is None
    run.until_finished()
    assert run.outcome is not Outcome.ABORTED


@many
@given(plans(), WEATHERS)
@example(PLAN, ["obey"] * 4)
def test_an_endpoint_that_can_never_be_read_again_does_not_hang_the_rollout(plan: Plan, weather: list[str]) -> None:
    """Blind for good, a rollout still ends in time: by its deadline and the way back's, and calls for a person where it cannot know."""
    run = Run.start(plan)
    for word in weather:
        if not run.finished:
            run.step(word)
    unsure = run.state.phase not in {Phase.CLEANING, Phase.FINISHED} and run.state.drift is None
    while not run.finished:
        run.step("unreadable")
        assert run.now - plan.started_at <= longest(plan, weather)
    assert not unsure or run.outcome is Outcome.ROLLBACK_FAILED


@many
@given(plans(), WEATHERS, st.booleans())
@example(make_rollout(make_policy(stages=[{"share": 95, "bake": "2m"}], **TIMES)), [*["obey"] * 4, "scaled in"], True)  # noqa: FBT003 - drawn otherwise
def test_one_abort_leads_to_the_baseline_from_anywhere(plan: Plan, weather: list[str], full: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever went before, once AWS obeys again, with instances to give or without, one abort brings the original configuration back."""
    run = Run.start(plan)
    for word in weather:
        if not run.finished and word not in {"an hour passes", "in trouble"}:
            run.step(word)
    assume(run.state.phase not in {Phase.CLEANING, Phase.FINISHED})
    foreign = run.aws.endpoint.config == FOREIGN
    run.aws.full = full
    run.step("abort")
    run.until_finished()
    assert run.outcome is not Outcome.PROMOTED
    if foreign:
        assert run.aws.endpoint.config == FOREIGN
    else:
        assert (run.aws.endpoint.config, run.aws.endpoint.shares) == (plan.original.name, {BASELINE: 100})
        assert run.aws.configs == {plan.original.name}


@many
@given(plans(), st.integers(0, 25), st.sampled_from(["fail", "abort", "rollback"]), WEATHERS)
def test_after_a_failure_the_candidate_is_never_promoted(plan: Plan, at: int, stop: str, weather: list[str]) -> None:
    """A FAIL or a person's word is final: later passes, retries and faults never bring the candidate forward again."""
    run = Run.start(plan)
    for _ in range(at):
        if not run.finished:
            run.step()
    assume(run.state.windows and run.state.phase not in {Phase.CLEANING, Phase.FINISHED})
    run.step(stop)
    assert run.state.phase not in {Phase.PREPARING, Phase.SHIFTING, Phase.BAKING, Phase.PROMOTING}
    for word in weather:
        if not run.finished:
            run.step(word)
    run.until_finished()
    assert run.outcome is not Outcome.PROMOTED


@many
@given(plans(), st.sampled_from(["obey", "slow", "late"]))
def test_the_preview_is_what_is_carried_out(plan: Plan, pace: str) -> None:
    """With gates that pass and an AWS that obeys, at whatever pace, exactly the commands of the preview are given, in its order."""
    run = Run.start(plan)
    promised = [step.command for step in preview(plan, run.aws.endpoint) if step.command]
    while not run.finished:
        run.step(pace)
    assert run.commands == promised
    assert run.outcome is Outcome.PROMOTED
    assert run.aws.configs == {plan.original.name, plan.promoted.name}


@many
@given(plans())
def test_shares_climb_the_ladder_rung_by_rung(plan: Plan) -> None:
    """An undisturbed rollout gives the candidate each share of its ladder once, in order, and never one in between."""
    run = Run.start(plan)
    shares = [0.0]
    while not run.finished:
        run.step()
        if run.aws.endpoint.config == plan.side_by_side.name and run.aws.endpoint.shares["candidate"] != shares[-1]:
            shares.append(run.aws.endpoint.shares["candidate"])
    assert shares == [0, *(stage.share for stage in plan.stages)]
