"""Processes that die, and those that take over: from the journal and the endpoint alone, and never two at once."""

import asyncio
from datetime import timedelta

import pytest

from policies.lifecycle import Outcome, Phase
from rollway.journal.leases import EndpointTaken, LeaseLost, list_standings, read_standing
from rollway.loop.reconciling import find_driven, find_orphans
from rollway.loop.starting import Request, plan_rollout, start
from rollway.loop.taking_up import take_up
from rollway.sandbox.fault_menu import ScheduleFires, SystemUpdating, Throttle
from tests.loop.rehearsal import CONFIG, ENDPOINT, QUICK, Rehearsal, model
from tests.loop.test_trouble import at

MINUTE = timedelta(minutes=1)
EVERYWHERE = [
    (Phase.PREPARING, 0),
    (Phase.SHIFTING, 0),
    (Phase.BAKING, 0),
    (Phase.SHIFTING, 1),
    (Phase.BAKING, 1),
    (Phase.PROMOTING, 1),
    (Phase.CLEANING, 1),
]


def nothing_is_left(rehearsal: Rehearsal) -> bool:
    """No schedule, no lease, no configuration but the old one and the one in use."""
    standing = read_standing(rehearsal.store, ENDPOINT)
    names = {each["EndpointConfigName"] for each in rehearsal.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]}
    in_use = rehearsal.endpoint()["EndpointConfigName"]
    ended = standing is not None and standing.lease.outcome is not None
    return ended and rehearsal.schedules() == [] and names == {CONFIG["EndpointConfigName"], in_use}


@pytest.mark.parametrize(("phase", "stage"), EVERYWHERE)
def test_a_rollout_whose_process_dies_is_brought_to_its_end(rehearsal, phase, stage):
    """Whatever the phase, another process takes it up once the lease has run out, and nothing is left over."""
    rehearsal.begin(QUICK)
    rehearsal.look_until(phase, stage)
    had_traffic = rehearsal.share() > 0
    rehearsal.die()

    (done,) = rehearsal.reconcile()

    assert done.trouble == ""
    assert done.ending.outcome is (Outcome.ROLLED_BACK if had_traffic else Outcome.PROMOTED)
    assert nothing_is_left(rehearsal)


@pytest.mark.parametrize("stage", [0, 1])
def test_a_rollout_that_is_taken_up_in_time_goes_on(rehearsal, stage):
    """Another process may take over before the switch acts, and puts it off: a healthy candidate is promoted all the same."""
    rollout = rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING, stage)
    rehearsal.pass_time(rollout.plan.policy.take_over_after + timedelta(seconds=5))

    (done,) = rehearsal.reconcile()

    assert done.ending.outcome is Outcome.PROMOTED
    assert nothing_is_left(rehearsal)


def test_without_a_switch_a_rollout_goes_on_where_it_stood(rehearsal):
    """Resuming is no new beginning: the stage, its traffic and its evidence are those of before."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING, 1)
    rehearsal.die()
    rehearsal.decisions.clear()

    (done,) = rehearsal.reconcile()

    assert done.ending.outcome is Outcome.PROMOTED
    assert rehearsal.decisions[0].state.stage == 1


def test_a_policy_may_take_the_candidate_back_instead_of_going_on(rehearsal):
    """With on_crash: roll_back a rollout that lost its process ends on its baseline, with that reason."""
    rehearsal.begin(QUICK | {"on_crash": "roll_back", "dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()

    (done,) = rehearsal.reconcile()

    assert done.ending.outcome is Outcome.ROLLED_BACK
    assert "silent" in done.ending.reason


def test_a_living_rollout_is_left_alone(rehearsal):
    """A lease that holds keeps others away, also a reconciler."""
    rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING)

    assert rehearsal.reconcile() == []


def test_an_orphan_that_wakes_up_is_stopped_before_it_does_anything(rehearsal):
    """The process that was silent finds its lease gone at its next step and sends AWS nothing any more."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    orphan = rehearsal.look_until(Phase.SHIFTING, 1)
    rehearsal.die()
    rehearsal.reconcile(stopped_after=timedelta(0))
    before = len([entry for entry in rehearsal.cloud.request_log.entries() if entry.operation.startswith("Update")])

    with pytest.raises(LeaseLost):
        asyncio.run(orphan.tick(rehearsal.now()))

    after = len([entry for entry in rehearsal.cloud.request_log.entries() if entry.operation.startswith("Update")])
    assert after == before


def test_a_process_can_be_fenced_off_before_its_lease_ends(rehearsal):
    """Nobody waits on a process that hangs: taking over by force gives the next token at once."""
    rehearsal.begin(QUICK)
    hung = rehearsal.look_until(Phase.BAKING)

    rollout = take_up(rehearsal.store, ENDPOINT, rehearsal.hands(), rehearsal.now(), force=True)

    assert rollout.lease.lease.token == hung.lease.lease.token + 1
    assert rehearsal.drive(rollout).outcome is Outcome.PROMOTED


def test_what_is_handed_over_need_not_wait_for_the_lease(rehearsal):
    """A reconciler that gets SIGTERM hands the rollout over as it is, and the next one goes on at once."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()
    (first,) = rehearsal.reconcile(stopped_after=2 * MINUTE)
    had_traffic = rehearsal.share() > 0
    (second,) = rehearsal.reconcile()

    assert (first.ending, first.trouble, had_traffic) == (None, "", True)
    assert second.ending.outcome is Outcome.PROMOTED


BUDGETS = [timedelta(0), timedelta(seconds=1), timedelta(seconds=50), 2 * MINUTE, timedelta(hours=4), None]


@pytest.mark.parametrize("mode", ["required", "none"])
@pytest.mark.parametrize("budget", BUDGETS)
def test_no_rollout_is_dropped_because_a_budget_is_over(rehearsal, budget, mode):
    """While no other process comes, the one whose time is up drives on to the end: for every budget, with or without a switch."""
    rollout = rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": mode}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.pass_time(rollout.plan.policy.take_over_after + timedelta(seconds=5))

    (done,) = rehearsal.reconcile(budget)

    assert (done.ending.outcome, done.trouble) == (Outcome.PROMOTED, "")
    assert nothing_is_left(rehearsal)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_process_that_gives_way_is_followed_without_a_gap(rehearsal, after):
    """Once its time is up any other process may take the rollout over, at any look; it notices, stops, and says who drives it."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()
    taken, looks = [], []

    def come(rehearsal: Rehearsal, _: object) -> None:
        looks.append(rehearsal.now())
        if len(looks) == after + 1:
            taken.append(take_up(rehearsal.store, ENDPOINT, rehearsal.hands(), rehearsal.now()))

    rehearsal.watch = come
    (first,) = rehearsal.reconcile(budget=timedelta(0))
    looks_of_first = len(looks)

    assert (first.ending, first.trouble) == (None, "")
    assert first.elsewhere.startswith("under way, driven on by")
    assert looks_of_first == after + 1
    assert rehearsal.drive(taken[0]).outcome is Outcome.PROMOTED
    assert nothing_is_left(rehearsal)


def test_a_process_whose_time_is_not_up_keeps_its_rollout(rehearsal):
    """Before it gives way, nobody else can take the rollout over."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()
    refused = []

    def come(rehearsal: Rehearsal, _: object) -> None:
        try:
            take_up(rehearsal.store, ENDPOINT, rehearsal.hands(), rehearsal.now())
        except EndpointTaken as error:
            refused.append(error)

    rehearsal.watch = come
    (done,) = rehearsal.reconcile(budget=timedelta(hours=4))

    assert done.ending.outcome is Outcome.PROMOTED
    assert len(refused) >= 3


def test_two_that_give_way_do_not_take_from_each_other(rehearsal):
    """What is offered is for a process whose own time is not up, or two of them would pass a rollout back and forth."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    held = rehearsal.look_until(Phase.BAKING)
    held.lease.offer()
    standings = list_standings(rehearsal.store)

    assert [endpoint for endpoint, _ in find_orphans(standings)] == [ENDPOINT]
    assert find_orphans(standings, offered=False) == []


def test_an_error_of_our_own_does_not_drop_a_rollout(rehearsal):
    """A process that reconciles and fails by itself takes the rollout up again, and says so if it cannot get on."""
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()
    left = [ZeroDivisionError("as the test says"), KeyError("as the test says")]

    def break_down(_: Rehearsal, __: object) -> None:
        if left:
            raise left.pop()

    rehearsal.watch = break_down
    (done,) = rehearsal.reconcile()

    assert (done.ending.outcome, done.trouble) == (Outcome.PROMOTED, "")


def test_what_loses_its_process_meanwhile_is_taken_up_as_well(rehearsal):
    """A process that drives one rollout for long looks for others meanwhile: its slot must not keep them waiting."""
    in_use = {"EndpointName": "second", "EndpointConfigName": CONFIG["EndpointConfigName"]}
    rehearsal.cloud.call("CreateEndpoint", in_use)
    rehearsal.settle()
    rehearsal.begin(QUICK | {"dead_mans_switch": {"mode": "none"}})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()
    request = Request("second", "fraud-v7", rehearsal.rollout.plan.policy)
    second = plan_rollout(rehearsal.aws, request, rehearsal.now())
    start(second, rehearsal.store, rehearsal.hands())  # and its process dies at once

    done = rehearsal.reconcile()

    assert sorted(each.endpoint for each in done) == sorted([ENDPOINT, "second"])
    assert all(each.ending for each in done)


@pytest.mark.parametrize(("silent", "overdue"), [(0, False), (60, False), (119, False), (125, True), (179, True)])
def test_a_silent_driver_is_named_with_the_moment_of_the_take_over(rehearsal, silent, overdue):
    """A rollout that cannot be taken up yet is reported: silent since when, and when its lease of 3 minutes runs out."""
    rehearsal.begin(QUICK)
    held = rehearsal.look_until(Phase.BAKING)
    held.lease.renew()
    renewed_at = rehearsal.now()
    rehearsal.pass_time(timedelta(seconds=silent))

    (driven,) = find_driven(list_standings(rehearsal.store))

    assert (driven.endpoint, driven.rollout_id, driven.overdue) == (ENDPOINT, held.plan.rollout_id, overdue)
    assert abs(driven.silent_since - renewed_at) <= timedelta(seconds=2)
    assert driven.available_at - driven.silent_since == 3 * MINUTE


def test_what_can_be_taken_up_is_not_reported_as_driven(rehearsal):
    """Silence beyond the lease makes an orphan, and no rollout is both."""
    rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()

    standings = list_standings(rehearsal.store)
    assert find_driven(standings) == []
    assert [endpoint for endpoint, _ in find_orphans(standings)] == [ENDPOINT]


def test_a_rollback_that_failed_is_tried_again(rehearsal):
    """ROLLBACK_FAILED keeps the endpoint taken and says what is live; reconciling gets there once AWS obeys again."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.3)

    def refuse(rehearsal: Rehearsal) -> None:
        for operation in ("UpdateEndpointWeightsAndCapacities", "UpdateEndpoint"):
            rehearsal.cloud.faults.plant(Throttle(operation=operation, times=100_000))

    rehearsal.watch = at(Phase.ROLLING_BACK, 0, refuse)

    failed = rehearsal.play(QUICK | {"timeouts": {"rollback": "10m"}, "dead_mans_switch": {"mode": "none"}})
    rehearsal.cloud.faults.clear()
    (done,) = rehearsal.reconcile()

    assert failed.outcome is Outcome.ROLLBACK_FAILED
    assert "live now" in failed.reason
    assert "rollway resume fraud-prod" in failed.reason
    assert done.ending.outcome is Outcome.ROLLED_BACK
    assert nothing_is_left(rehearsal)


def test_aws_alone_brings_the_traffic_back(rehearsal):
    """With every process gone for good, all traffic is on the baseline within the lease and a minute."""
    rehearsal.begin(QUICK)
    rollout = rehearsal.look_until(Phase.BAKING, 1)
    assert rehearsal.share() == pytest.approx(95)

    rehearsal.pass_time(rollout.plan.policy.lease + MINUTE)

    assert rehearsal.share() == 0


def test_the_switch_tries_again_when_the_endpoint_is_busy(rehearsal):
    """A call that AWS turns down is not the last one."""
    rehearsal.begin(QUICK)
    rollout = rehearsal.look_until(Phase.BAKING)
    lease = rollout.plan.policy.lease
    rehearsal.cloud.faults.plant(SystemUpdating(duration=lease + 2 * MINUTE))
    rehearsal.pass_time(lease + MINUTE)
    at_first = rehearsal.share()
    rehearsal.pass_time(3 * MINUTE)

    assert at_first == pytest.approx(20)
    assert rehearsal.cloud.dead_letters
    assert rehearsal.share() == 0


@pytest.mark.parametrize(
    "fault", [ScheduleFires(times=1, twice=True, late="0s"), ScheduleFires(times=1, twice=False, late="2m")]
)
def test_a_switch_that_fires_late_or_twice_never_gives_the_candidate_more(rehearsal, fault):
    """Whatever the switch does while others drive the rollout again, it ends on the baseline with nothing left over."""
    rehearsal.cloud.faults.plant(fault)
    rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()

    (done,) = rehearsal.reconcile()

    assert done.ending.outcome in {Outcome.ROLLED_BACK, Outcome.PROMOTED}
    assert nothing_is_left(rehearsal)
    rehearsal.pass_time(5 * MINUTE)
    assert rehearsal.endpoint()["EndpointStatus"] == "InService"
