"""What must hold at every look, and at the end, of every simulated rollout, whatever AWS, people and metrics do meanwhile."""

from datetime import timedelta

from policies.commands import ApplyConfig, Command, DeleteConfig, SetCapacity, SetShares
from policies.decision import Decision
from policies.facts import HELD_SCALING, Endpoint
from policies.lifecycle import CLIMBING, Outcome, Phase, State
from policies.observation import Observation, Unavailable
from policies.plan import Plan
from policies.preview import imagine
from policies.windows.opening import closed_time, is_open
from tests.policies.building import BASELINE
from tests.policies.properties.outsiders import FOREIGN
from tests.policies.properties.simulation import Run

Update = ApplyConfig | SetCapacity | SetShares


def exposure(plan: Plan, endpoint: Endpoint) -> float:
    """Return the percent of traffic that the candidate's model, or any challenger's, answers."""
    if endpoint.config in {plan.promoted.name, *(rival.promoted.name for rival in plan.rivals)}:
        return 100
    return sum(endpoint.shares.get(challenger.variant, 0) for challenger in plan.challengers)


def check_look(run: Run, decision: Decision, seen: Observation) -> None:
    """Check one decision before it is carried out."""
    assert decision.action == "finish" or decision.next_look > timedelta(0) or decision.state != run.state, (
        "no spinning"
    )
    updates = [command for command in decision.commands if isinstance(command, Update)]
    assert not (run.held and updates), "a change that was seen and stands is not touched unless somebody asks for it"
    assert decision.state.drift is None or run.outsiders.interfered, "nothing that AWS does passes for somebody's doing"
    if decision.state.phase in CLIMBING:
        _check_the_way_up(run, decision, seen)
    else:
        assert run.state.phase is not Phase.FINISHED
    for command in decision.commands:
        _check_command(run, decision.state, command)


def _check_the_way_up(run: Run, decision: Decision, seen: Observation) -> None:
    assert run.state.phase in CLIMBING, "there is no way up again"
    stopped = decision.state.paused or seen.halt or decision.state.drift or isinstance(seen.surroundings, Unavailable)
    relieved = {command.kind for command in decision.commands} == {"set_shares"} and _only_relieves(run, decision)
    assert not (stopped and decision.commands) or relieved, (
        "nothing is done while paused, halted, drifted or in the dark"
    )
    _check_approval(run, decision.state)
    if decision.commands:
        open_for = run.now - run.plan.started_at - closed_time(run.plan.policy.windows, run.plan.started_at, run.now)
        assert open_for <= run.plan.policy.deadline, "when the time is up nothing goes up"
        assert is_open(run.plan.policy.windows, run.now) or decision.state.override or relieved, (
            "outside its windows nothing goes up, unless a person says so"
        )
        standing = run.outsiders.standing()
        if decision.state.registration in {"asked", "aside"}:
            standing -= {"counts"}  # what autoscaling did up to then, nobody can tell from what a person does
        assert "moved" not in standing, "nothing is touched while somebody else's deployment or shift stands"
        assert not standing or decision.state.accepted, (
            "nothing is touched while somebody else's change is not accepted"
        )


def _check_approval(run: Run, after: State) -> None:
    """Nobody goes on from a stage that asks without an answer to it, and nobody who was rejected goes on at all."""
    before, plan = run.state, run.plan
    left = before.phase is Phase.BAKING and after.phase is not Phase.BAKING and after.drift is None
    goes_on = left and (after.stage > before.stage or after.phase is Phase.PROMOTING)
    if goes_on and plan.stages[before.stage].approval and not after.override:
        assert before.stage in {each.stage for each in after.approved}, (
            "a stage that asks is not left without an answer"
        )
    assert all(before.awaiting_since for each in after.approved if each not in before.approved), (
        "what nobody asks, nobody approves"
    )


def _only_relieves(run: Run, decision: Decision) -> bool:
    """Whether all that is asked for is that challengers who have left an A/B test lose their traffic to the baseline."""
    before = run.aws.endpoint.shares
    after = [command.shares for command in decision.commands if isinstance(command, SetShares)]
    return all(
        share <= before.get(name, 0) and (share == before.get(name, 0) or name in decision.state.out)
        for shares in after
        for name, share in shares.items()
        if name != BASELINE
    )


def _check_command(run: Run, state: State, command: Command) -> None:
    endpoint, plan = run.aws.endpoint, run.plan
    if isinstance(command, DeleteConfig):
        assert state.ending is not None
        assert command.config != plan.original.name
        assert state.ending.outcome is not Outcome.PROMOTED or command.config != plan.promoted.name
    if not isinstance(command, Update):
        return
    after = imagine(plan, endpoint, command)
    assert imagine(plan, after, command) == after, "a command given twice is harmless"
    assert endpoint.config != FOREIGN, "somebody else's deployment is not touched"
    if isinstance(command, SetShares):
        assert sum(command.shares.values()) == 100
        assert not any(command.shares.get(name) for name in state.out), "who has left an A/B test gets nothing"
    if state.phase not in CLIMBING:
        assert exposure(plan, after) <= exposure(plan, endpoint), "on the way back the candidate gains nothing"
    if isinstance(command, ApplyConfig) and state.phase is Phase.ROLLING_BACK and state.setback is None:
        live = endpoint.variant(BASELINE)
        assert live is not None
        assert live.wanted_instances >= plan.baseline.instances, (
            "the baseline takes its load back with all its capacity"
        )


def check_guard(run: Run) -> None:
    """Check, between two looks, that a candidate with traffic is never without its safeguards."""
    share = run.aws.endpoint.shares.get(run.plan.candidate.variant, 0)
    guarded = run.state.phase in CLIMBING and run.aws.endpoint.config == run.plan.side_by_side.name
    if not guarded or not share or "moved" in run.outsiders.standing():
        return
    assert run.plan.switch is None or run.aws.stands_guard(run.now), "the candidate has traffic, so the switch stands"
    target = run.aws.scaling.get(BASELINE)
    by_hand = run.outsiders.standing() & {"suspensions"}
    assert target is None or by_hand or set(HELD_SCALING) <= set(target.suspended), "the baseline keeps its instances"


def check_end(run: Run) -> None:
    """Check that the world is as the outcome says."""
    plan, aws, outcome = run.plan, run.aws, run.ending.outcome
    assert run.finished
    if outcome is Outcome.ROLLBACK_FAILED:
        return
    if aws.deleted:
        assert aws.schedule is None or run.ending.left, "an endpoint that is gone leaves no switch"
        return
    if "moved" not in run.outsiders.standing() and not run.left_alone:
        wanted = {plan.promoted.name} if outcome is Outcome.PROMOTED else {plan.original.name, plan.original_copy.name}
        assert aws.endpoint.config in wanted
        assert aws.endpoint.shares == {BASELINE: 100}
        _check_capacity(run)
    if not run.ending.left:
        _check_tidiness(run)


def _check_capacity(run: Run) -> None:
    live = run.aws.endpoint.variant(BASELINE)
    assert live is not None
    assert run.aws.lowered or live.instances >= run.plan.baseline.instances


def _check_tidiness(run: Run) -> None:
    plan, aws = run.plan, run.aws
    assert aws.schedule is None, "no switch is left"
    kept = {plan.promoted.name} if run.ending.outcome is Outcome.PROMOTED else set[str]()
    assert aws.configs <= {plan.original.name, aws.endpoint.config, FOREIGN} | kept | aws.undeletable
    promoted = plan.scaling.after.target(BASELINE) if plan.scaling and run.ending.outcome is Outcome.PROMOTED else None
    wanted, live = promoted or plan.surroundings.target(BASELINE), aws.scaling.get(BASELINE)
    if wanted and live and "suspensions" not in run.outsiders.standing():
        assert live.suspended == wanted.suspended, "scaling is suspended as before, or as declared"
    assert run.outsiders.interfered or live == wanted, "scaling is as declared once promoted, and as before otherwise"
