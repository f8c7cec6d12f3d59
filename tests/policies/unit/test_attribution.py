"""Who changed the endpoint: the evidence decides, and where it does not, everybody who may have done it is named."""

from datetime import timedelta

import pytest

from policies.attribution import describe_work, format_attribution, is_another, returned_by, reverted_by
from policies.author import Author
from policies.commands import ApplyConfig, Command, CommandResult, SetCapacity, SetShares
from policies.drift import find_drift
from policies.facts import Endpoint, Surroundings
from policies.lifecycle import Phase, Placement, State, begin, enter, record_intent, record_result
from policies.loading import parse_policy
from policies.observation import Circumstances
from policies.operations import follow, is_overdue
from tests.policies.building import BASELINE, CANDIDATE, MINUTE, START, make_endpoint, make_rollout

PLAN = make_rollout()
BESIDE, SOON = PLAN.side_by_side.name, START + timedelta(seconds=20)
COUNTS = {BASELINE: 4, CANDIDATE: 1}
DUE = Circumstances(switch_due=START - MINUTE)
TAKEN_UP = Circumstances(unobserved_since=START - 3 * MINUTE)
DEPLOY = ApplyConfig(endpoint=PLAN.endpoint, config=BESIDE, replaces=PLAN.original.name)
PROMOTE = ApplyConfig(endpoint=PLAN.endpoint, config=PLAN.promoted.name, replaces=BESIDE)
SHIFT = SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(5))
SCALE = SetCapacity(endpoint=PLAN.endpoint, variant=CANDIDATE, instances=3)


def at(share: float, **more: object) -> Endpoint:
    """The endpoint with both variants, the candidate at a share."""
    return make_endpoint(BESIDE, PLAN.split(share), COUNTS, **more)


def state_at(share: float, phase: Phase = Phase.BAKING) -> State:
    """A rollout that last read the candidate back at a share, its switch armed."""
    placement = Placement(config=BESIDE, shares=PLAN.split(share))
    return enter(begin(PLAN), phase, START).model_copy(update={"placement": placement, "switch": "armed"})


def shifting(endpoint: Endpoint, share: float) -> Endpoint:
    """The endpoint on its way to another split."""
    wanted = PLAN.split(share)
    variants = tuple(each.model_copy(update={"wanted_share": wanted[each.name]}) for each in endpoint.variants)
    return endpoint.model_copy(update={"status": "Updating", "variants": variants})


def moving(config: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint on its way to another configuration."""
    return endpoint.model_copy(update={"status": "Updating", "pending_config": config})


@pytest.mark.parametrize(
    ("endpoint", "known", "authors"),
    [
        (at(0), DUE, (Author.SWITCH, Author.OTHERS)),
        (at(0), Circumstances(), (Author.OTHERS,)),
        (at(0), TAKEN_UP, (Author.ROLLOUT, Author.OTHERS)),
        (make_endpoint(PLAN.original.name, {BASELINE: 100}, COUNTS), DUE, (Author.OTHERS,)),
        (make_endpoint(PLAN.original.name, {BASELINE: 100}, COUNTS), TAKEN_UP, (Author.ROLLOUT, Author.OTHERS)),
    ],
)
def test_who_put_the_endpoint_back_on_the_baseline(endpoint, known, authors):
    """The switch only where it was due, and only by weights; an earlier process of ours only where one was unobserved."""
    assert returned_by(PLAN, state_at(5), endpoint, known).authors == authors


@pytest.mark.parametrize(
    ("command", "before", "endpoint", "known", "authors"),
    [
        (DEPLOY, 0, at(0, failure_reason="no capacity"), DUE, (Author.AWS,)),
        (PROMOTE, 5, at(5), Circumstances(), (Author.AWS,)),
        (PROMOTE, 5, at(5), TAKEN_UP, (Author.AWS, Author.OTHERS)),
        (PROMOTE, 0, at(0), DUE, (Author.AWS,)),
        (SHIFT, 0, at(0), Circumstances(), (Author.AWS, Author.OTHERS)),
        (SHIFT, 0, at(0), DUE, (Author.SWITCH, Author.AWS, Author.OTHERS)),
        (SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(50)), 5, at(5), DUE, (Author.AWS, Author.OTHERS)),
    ],
)
def test_who_took_an_accepted_change_back(command, before, endpoint, known, authors):
    """AWS's own words settle it; without them the switch is named only where its weights are what is found and it was due."""
    state = record_result(state_at(before), command, CommandResult(status="accepted"), START)
    assert reverted_by(PLAN, state, endpoint, known).authors == authors


@pytest.mark.parametrize(
    ("status", "another"), [("Updating", True), ("SystemUpdating", False), ("RollingBack", False), ("Deleting", False)]
)
def test_what_aws_does_by_itself_is_not_taken_for_somebody_elses_change(status, another):
    """It keeps a shift waiting, and does not take its place: the shift may still come about, or is reverted by AWS."""
    endpoint = make_endpoint(BESIDE, PLAN.split(0), COUNTS, status=status, pending_config="foreign")
    assert is_another(SHIFT, endpoint) is another
    assert is_another(DEPLOY, endpoint) is another


@pytest.mark.parametrize(("stand", "named"), [("none", False), ("asked", True), ("armed", True), ("disarmed", False)])
def test_the_switch_may_have_acted_from_the_moment_at_which_it_was_asked_for(stand, named):
    """A process that died over arming it leaves it in doubt; one that never stood, or stands no more, did nothing."""
    returned = returned_by(PLAN, state_at(5).model_copy(update={"switch": stand}), at(0), DUE)
    shifted = record_result(state_at(0), SHIFT, CommandResult(status="accepted"), START)
    reverted = reverted_by(PLAN, shifted.model_copy(update={"switch": stand}), at(0), DUE)
    for who in (returned, reverted):
        assert (who.has_switch, Author.SWITCH in who.authors) == (named, named)


def test_a_guarded_update_whose_answer_was_lost_keeps_the_time_of_its_bakes():
    """It is claimed with the guardrails that it was asked for with, or it would be overdue before its first step was judged."""
    plan = make_rollout(parse_policy({"strategy": "guardrail", "stages": [{"share": 100, "bake": "30m"}]}))
    old = make_endpoint(plan.original.name, {BASELINE: 100}, COUNTS)
    claimed = follow(plan, begin(plan), moving(plan.promoted.name, old), START)
    limit = plan.policy.timeouts.update
    assert plan.guard is not None
    assert is_overdue(plan, claimed, START + limit + plan.guard.takes) is None
    assert is_overdue(plan, claimed, START + limit + plan.guard.takes + MINUTE) is not None


def test_the_evidence_is_part_of_the_sentence():
    """Nothing is claimed without saying what speaks for it."""
    assert "was not due" in format_attribution(returned_by(PLAN, state_at(5), at(0), Circumstances()), SOON)
    assert "was due since 11:59:00 UTC" in format_attribution(returned_by(PLAN, state_at(5), at(0), DUE), SOON)
    assert "no process observed it since 11:57:00" in format_attribution(
        returned_by(PLAN, state_at(5), at(0), TAKEN_UP), SOON
    )


@pytest.mark.parametrize(
    ("command", "before", "endpoint"),
    [
        (DEPLOY, 0, moving(BESIDE, make_endpoint(PLAN.original.name, {BASELINE: 100}, COUNTS))),
        (PROMOTE, 95, moving(PLAN.promoted.name, at(95))),
        (SHIFT, 0, shifting(at(0), 5)),
        (
            SCALE,
            5,
            make_endpoint(BESIDE, PLAN.split(5), COUNTS, status="Updating").model_copy(
                update={
                    "variants": tuple(
                        each.model_copy(update={"wanted_instances": 3}) if each.name == CANDIDATE else each
                        for each in at(5).variants
                    )
                }
            ),
        ),
    ],
)
def test_a_change_whose_answer_was_lost_is_this_rollouts_own(command: Command, before, endpoint):
    """Seen under way it is followed like any other, with its limit of time, and named in what is said meanwhile."""
    state = record_result(record_intent(state_at(before), command, START), command, CommandResult(status="busy"), START)

    followed = follow(PLAN, state, endpoint, SOON)

    assert followed.operation is not None
    assert (followed.operation.command, followed.operation.since) == (command, START)
    assert "by this rollout" not in describe_work(PLAN, followed, endpoint, SOON)
    assert is_overdue(PLAN, followed, START + PLAN.policy.timeouts.update + MINUTE) is not None


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        (moving("by-hand", at(5)), "somebody else is moving the endpoint to config by-hand"),
        (moving(PLAN.original.name, at(5)), f"somebody else is moving the endpoint to config {PLAN.original.name}"),
        (shifting(at(5), 50), "its traffic goes to AllTraffic 50 %, candidate 50 %"),
        (at(5, status="SystemUpdating"), "AWS is at work on it by itself"),
        (at(5, status="Deleting"), "is being deleted, not by this rollout"),
    ],
)
def test_what_others_have_under_way_is_theirs(endpoint, told):
    """A change that this rollout did not ask for never becomes its own, whatever it asked for before."""
    attempted = record_intent(state_at(5), SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(20)), START)

    followed = follow(PLAN, attempted, endpoint, SOON)

    assert followed.operation is None
    assert told in describe_work(PLAN, followed, endpoint, SOON)


@pytest.mark.parametrize("endpoint", [at(50), moving("by-hand", at(5)), shifting(at(5), 50)])
def test_what_others_do_after_our_own_change_is_not_taken_for_its_failure(endpoint):
    """Fifty-fifty seconds after our shift is a person's doing: no setback, so nothing turns back, and nothing is overwritten."""
    state = record_result(state_at(0), SHIFT, CommandResult(status="accepted"), START)

    followed = follow(PLAN, state, endpoint, SOON)

    assert (followed.operation, followed.setback) == (None, None)
    assert endpoint.busy or "somebody changed the traffic" in str(find_drift(PLAN, followed, endpoint, Surroundings()))
