"""Fencing: which requests leave, and which do not any more, when a process may have been stopped before it sends them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.commands import Command, CommandResult, DeleteConfig, Probe, SetCapacity
from policies.errors import TransientAwsError
from policies.lifecycle import Outcome
from policies.probes import ProbeSpec
from rollway.aws.execution import carry_out, limit_of
from rollway.aws.fencing import COMMAND_LIMIT, IN_FLIGHT, Moment, Permit, is_reading, permitting
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.aws.shapes import model_loader
from rollway.journal.leases import Bid, Held, acquire, read_standing, take_up
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Outage, Throttle

LENGTH = timedelta(minutes=5)
BID = Bid(rollout_id="r-1", model="fraud-v7", by="ann@host", lasts=LENGTH)
SECOND = timedelta(seconds=1)
seconds = st.floats(-1e6, 1e6)


def ago(length: timedelta) -> Moment:
    """The moment that was so long ago."""
    now = Moment.now()
    return Moment(now.running_s - length.total_seconds(), now.wall_s - length.total_seconds())


SCALE = SetCapacity(endpoint="fraud-prod", variant="AllTraffic", instances=3)
UPDATE = "UpdateEndpointWeightsAndCapacities"
WITHOUT_JOURNAL = pytest.mark.parametrize("without_journal", [False, True], ids=["up", "back"])


@dataclass(frozen=True)
class Scene:
    """A live endpoint on the simulated AWS, and an empty journal."""

    aws: Aws
    cloud: Cloud
    store: ObjectStore
    clock: VirtualClock

    def hold(self, stopped_for: timedelta = timedelta(0)) -> Held:
        """Return the lease in the hands of a process that wrote it so long ago, and has known nothing since."""
        acquire(self.store, "fraud-prod", BID)
        standing = read_standing(self.store, "fraud-prod")
        assert standing is not None
        return Held(self.store, "fraud-prod", standing, ago(stopped_for))

    def let_another_take_over(self, *, force: bool = False) -> None:
        """Let the lease run out, or not even that, and have another process take over."""
        if not force:
            self.clock.advance(LENGTH)
        take_up(self.store, "fraud-prod", "r-1", by="bob@host", force=force)

    def act(self, permit: Permit, command: Command = SCALE) -> CommandResult:
        """Carry a command out with a permit."""
        with permitting(permit):
            return carry_out(self.aws, command)

    def sent(self) -> int:
        """How many requests to change the endpoint's weights or counts have arrived."""
        return len(self.cloud.request_log.entries(UPDATE))


@pytest.fixture
def scene(aws: Aws, cloud: Cloud, clock: VirtualClock, live: str) -> Scene:
    assert live == SCALE.endpoint
    aws.s3.create_bucket(Bucket="journal")
    return Scene(aws, cloud, ObjectStore(aws, "journal", now=clock.now), clock)


def test_a_holder_sends_its_changes(scene: Scene) -> None:
    """While the lease holds, the fence is not noticed."""
    assert scene.act(Permit.begin(scene.hold())).status == "accepted"
    assert scene.sent() == 1


@WITHOUT_JOURNAL
@pytest.mark.parametrize("how", ["expired", "forced"])
def test_a_process_that_was_stopped_while_another_took_over_sends_nothing(
    scene: Scene, how: str, *, without_journal: bool
) -> None:
    """It learns so from the lease, read again before the request leaves; the command is busy, and says why."""
    held = scene.hold(stopped_for=3 * SECOND if how == "forced" else LENGTH)
    scene.let_another_take_over(force=how == "forced")

    result = scene.act(Permit.begin(held, without_journal=without_journal))

    assert result.status == "busy"
    assert f"{UPDATE} was not sent" in result.message
    assert "taken over by bob@host" in result.message
    assert scene.sent() == 0


@WITHOUT_JOURNAL
def test_a_lease_that_ran_out_unnoticed_sends_nothing_though_the_journal_is_away(
    scene: Scene, *, without_journal: bool
) -> None:
    """A process that knew the journal to be there, and wakes up without it, cannot know who took over."""
    permit = Permit.begin(scene.hold(stopped_for=LENGTH), without_journal=without_journal)
    scene.cloud.plant(Outage(service="s3", duration=timedelta(hours=1)))

    assert scene.act(permit).status == "busy"
    assert scene.sent() == 0


@WITHOUT_JOURNAL
def test_customers_come_first_while_the_journal_is_known_to_be_away(scene: Scene, *, without_journal: bool) -> None:
    """On the way back a lease that ran out because the journal is away stops nothing; on the way up it does."""
    held = scene.hold(stopped_for=LENGTH)
    scene.cloud.plant(Outage(service="s3", duration=timedelta(hours=1)))
    with pytest.raises(TransientAwsError, match="PutObject"):
        held.renew()

    result = scene.act(Permit.begin(held, without_journal=without_journal))

    assert result.status == ("accepted" if without_journal else "busy")
    assert scene.sent() == without_journal


def test_a_lease_that_still_holds_needs_no_journal(scene: Scene) -> None:
    """What this process knows of its own last renewal counts, on the way up as well."""
    held = scene.hold(stopped_for=10 * SECOND)
    scene.cloud.plant(Outage(service="s3", duration=timedelta(hours=1)))
    assert scene.act(Permit.begin(held)).status == "accepted"


def test_a_lease_that_no_other_process_took_is_renewed_before_the_change_leaves(scene: Scene) -> None:
    """A process that was stopped for long, and is still the holder, renews first and goes on."""
    held = scene.hold(stopped_for=LENGTH)
    assert scene.act(Permit.begin(held)).status == "accepted"
    assert held.lease.writes == 2
    assert held.time_left() > LENGTH / 2


@pytest.mark.parametrize("end", ["let go", "released"])
def test_what_was_let_go_sends_nothing(scene: Scene, end: str) -> None:
    """A thread that goes on after its rollout was left, as after a time-out, changes nothing any more."""
    held = scene.hold()
    permit = Permit.begin(held)
    if end == "let go":
        held.let_go()
    else:
        held.release(Outcome.ABORTED)

    assert scene.act(permit).status == "busy"
    assert scene.sent() == 0


def test_one_command_has_a_deadline_over_all_its_requests(scene: Scene) -> None:
    """What belongs to a command that began too long ago does not leave any more."""
    result = scene.act(Permit(scene.hold(), began=ago(COMMAND_LIMIT + SECOND)))
    assert result.status == "busy"
    assert "its command began 4m1s ago, limit 4m" in result.message
    assert scene.sent() == 0


def test_a_retry_of_botocore_passes_the_fence_again(scene: Scene) -> None:
    """A lease that is lost between the first attempt and the second keeps the second from leaving."""
    held = scene.hold()
    scene.cloud.plant(Throttle(operation=UPDATE, times=1))
    attempts: list[str] = []

    def lose_the_lease_before_the_second(event_name: str, **_: Any) -> None:
        if attempts:
            held.let_go()
        attempts.append(event_name)

    events, event = scene.aws.sagemaker.meta.events, f"before-send.sagemaker.{UPDATE}"
    events.register_first(event, lose_the_lease_before_the_second)
    try:
        result = scene.act(Permit.begin(held))
    finally:
        events.unregister(event, lose_the_lease_before_the_second)

    assert (result.status, len(attempts), scene.sent()) == ("busy", 2, 1)


def test_probes_are_fenced_in_their_threads(scene: Scene) -> None:
    """Requests to the model count as changes: they load a candidate that is another process's by now."""
    held = scene.hold(stopped_for=LENGTH)
    scene.let_another_take_over()
    probes = Probe(endpoint="fraud-prod", variant="AllTraffic", probes=ProbeSpec(body="1", count=4))

    result = scene.act(Permit.begin(held), probes)

    assert (result.status, "InvokeEndpoint was not sent" in result.message) == ("busy", True)


def test_probes_have_their_own_time_besides() -> None:
    """All of them belong to one command, and may take as long as the policy says."""
    probes = Probe(endpoint="fraud-prod", variant="AllTraffic", probes=ProbeSpec(body="1"))
    assert limit_of(probes) == COMMAND_LIMIT + probes.probes.within
    assert limit_of(DeleteConfig(config="c")) == COMMAND_LIMIT


def test_without_a_permit_nothing_is_fenced(scene: Scene) -> None:
    """Who acts for no lease, as a person does, is not kept from it."""
    assert carry_out(scene.aws, SCALE).status == "accepted"


@given(st.tuples(seconds, seconds), st.tuples(seconds, seconds))
def test_age_is_never_less_than_any_clock_says(earlier: tuple[float, float], later: tuple[float, float]) -> None:
    """Whichever clock stood still or was set back, the other one counts; and no age is negative."""
    age = Moment(*earlier).age(Moment(*later)).total_seconds()
    assert age >= 0
    assert age >= max(after - before for before, after in zip(earlier, later, strict=True)) - 1e-5


@given(
    lasts=st.integers(2, 3600),
    sent_before=st.floats(0, 5),
    fraction=st.floats(0, 0.999999),
    asked_after=st.floats(0, 7200),
)
def test_time_left_is_over_before_anybody_can_take_over(
    lasts: int, sent_before: float, fraction: float, asked_after: float
) -> None:
    """The store's whole seconds, and the way of the write to it, never make us believe in more time than others grant us."""
    written = 1000 + fraction
    sent = written - sent_before
    asked = written + asked_after
    seen_age = int(asked) - int(written)  # what another process measures
    taken = seen_age >= lasts
    left = lasts - 1 - (asked - sent)  # what ``time_left`` says
    assert not (taken and left > 0)


def test_every_operation_of_the_clients_is_told_apart() -> None:
    """What counts as reading reads, for every operation of every fenced service; what is sent to change something never does."""
    changing = (
        "Create",
        "Update",
        "Delete",
        "Put",
        "Register",
        "Deregister",
        "Invoke",
        "Add",
        "Stop",
        "Start",
        "Set",
        "Tag",
    )
    for service in ("sagemaker", "sagemaker-runtime", "cloudwatch", "application-autoscaling", "scheduler"):
        operations = model_loader().load_service_model(service, "service-2")["operations"]
        assert not [name for name in operations if is_reading(name) and name.startswith(changing)]
        assert [name for name in operations if not is_reading(name)]


def test_one_request_ends_within_the_safety_margin(aws: Aws) -> None:
    """The margin is what a client waits for at most: after that, the request is not under way any more."""
    config: Any = aws.sagemaker.meta.config
    assert timedelta(seconds=config.connect_timeout + config.read_timeout) == IN_FLIGHT
