"""However an alias moves, and however its events arrive, what serves in the end is what the registry says, and each move starts once.

Played on the simulated AWS with a simulated MLflow over HTTP: moves, deliveries that are doubled, late or out of order, polls in between,
flow runs that begin when a worker has time, and rollouts that end promoted, taken back or stopped.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.bindings.event import RegistryEvent
from policies.bindings.matching import Start
from policies.errors import PreflightError
from policies.lifecycle import Outcome
from policies.loading import load_policy
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.journal.journal import Journal
from rollway.journal.leases import Bid, Held, acquire, read_standing
from rollway.journal.records import Started
from rollway.loop.starting import Request, plan_rollout, refuse_if_braked
from rollway.registries.catching_up import Reach, follow
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.webhooks.handling import NotHandledYet, handle_event
from tests.bindings.documents import MLFLOW, bind, bindings_of
from tests.registries.scene import Scene, furnish
from tests.registries.simulated_mlflow import SimulatedMlflow
from tests.registries.test_following import model_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENDPOINT = "fraud-prod"
OUTCOMES = (Outcome.PROMOTED, Outcome.ROLLED_BACK, Outcome.ABORTED)


@dataclass
class Story:
    """One alias, one endpoint, and everything between them.

    Attributes:
        scene: the account, with the runs that were asked for.
        mlflow: the registry.
        file: the bindings file.
        events: an event of every move, as the registry sent them.
        begun: how many runs were taken up by a worker.
        under_way: the rollout on the endpoint, and its journal.
    """

    scene: Scene
    mlflow: SimulatedMlflow
    file: Path
    events: list[RegistryEvent] = field(default_factory=list)
    begun: int = 0
    under_way: tuple[Held, Journal] | None = None

    def move(self, version: str) -> None:
        """People move the alias, and the registry sends an event."""
        self.mlflow.aliases["fraud", "champion"] = version
        fields = {"registry": "mlflow", "id": f"d-{len(self.events)}", "happening": "alias_set", "label": "champion"}
        moved = fields | {"model": "fraud", "version": version, "at": self.scene.clock.now()}
        self.events.append(RegistryEvent.model_validate(moved))

    def deliver(self, number: int) -> None:
        """Some event that was sent arrives: late, again or out of order."""
        if self.events:
            event = self.events[number % len(self.events)]
            with suppress(NotHandledYet):
                handle_event(event, self.scene.reach, self.file, self.scene.orders)

    def poll(self) -> None:
        """The registry is asked."""
        followed = follow(self.scene.reach, bind(), self.scene.orders)
        assert followed.trouble == []

    def work(self) -> None:
        """A worker takes up the next run, unless a rollout has the endpoint. One that is refused fails, and may follow again."""
        keys = list(self.scene.orders.given)
        if self.under_way is not None or self.begun >= len(keys):
            return
        key = keys[self.begun]
        try:
            self.under_way = self._begin(self.scene.orders.given[key])
        except PreflightError:
            del self.scene.orders.given[key]
        else:
            self.begun += 1

    def _begin(self, start: Start) -> tuple[Held, Journal]:
        reach = self.scene.reach
        request = Request(ENDPOINT, start.model_name, load_policy("canary"), origin=start.origin)
        plan = plan_rollout(reach.aws, request, self.scene.clock.now())
        refuse_if_braked(plan, reach.store, self.scene.clock.now())
        bid = Bid(plan.rollout_id, start.model_name, "tester", timedelta(hours=1), wish=start.origin.wish)
        held, journal = acquire(reach.store, ENDPOINT, bid), Journal(reach.store, plan.rollout_id)
        journal.append(Started(at=self.scene.clock.now(), by="tester", plan=plan, token=held.lease.token))
        return held, journal

    def end(self, outcome: Outcome) -> None:
        """The rollout under way ends."""
        if self.under_way is not None:
            self.scene.end(self.under_way, outcome)
            self.under_way = None

    def rest(self, length: timedelta) -> None:
        """Time passes."""
        self.scene.clock.advance(length)
        self.scene.cloud.tick()

    def settle(self) -> None:
        """Every event arrives, polls go on, workers work, and what is rolled out now proves good."""
        for number in range(len(self.events)):
            self.deliver(number)
        for _ in range(4):
            self.end(Outcome.PROMOTED)
            self.rest(self.scene.rest)
            self.poll()
            while self.under_way is None and self.begun < len(self.scene.orders.given):
                self.work()
        self.end(Outcome.PROMOTED)
        self.poll()

    @property
    def model_that_serves(self) -> str:
        """What the endpoint serves."""
        config = self.scene.cloud.call("DescribeEndpoint", {"EndpointName": ENDPOINT})["EndpointConfigName"]
        (variant,) = self.scene.cloud.call("DescribeEndpointConfig", {"EndpointConfigName": config})[
            "ProductionVariants"
        ]
        return variant["ModelName"]

    def last_end_of(self, model: str) -> tuple[Outcome, str] | None:
        """How the last rollout to a model ended, and for which wish."""
        standing = read_standing(self.scene.reach.store, ENDPOINT)
        past = standing.lease.history if standing else ()
        return next(((each.outcome, each.wish) for each in past if each.model == model), None)


@pytest.fixture
def tell(aws: Aws, mlflow: SimulatedMlflow, tmp_path: Path) -> Callable[[list[tuple[str, object]]], Story]:
    """Play a story in an account of its own."""
    file = tmp_path / "bindings.yaml"
    file.write_text(yaml.safe_dump(bindings_of(MLFLOW)), "utf-8")

    def play(steps: list[tuple[str, object]]) -> Story:
        clock = VirtualClock(NOON)
        mlflow.aliases["fraud", "champion"] = "1"
        with in_process(Cloud(clock)) as cloud:
            furnish(cloud)
            clock.advance(timedelta(seconds=30))
            cloud.tick()
            aws.s3.create_bucket(Bucket="journal")
            reach = Reach(aws, ObjectStore(aws, "journal", "rollway", clock.now), clock.now)
            story = Story(Scene(cloud, clock, reach), mlflow, file)
            for verb, argument in steps:
                getattr(story, verb)(*([] if argument is None else [argument]))
            story.settle()
            check(story)
        return story

    return play


def check(story: Story) -> None:
    """What serves is what the registry says, unless the brake keeps that with a person; no version was started twice for one move."""
    wanted = model_of(story.mlflow.aliases["fraud", "champion"])
    last = story.last_end_of(wanted)
    kept_back = last is not None and last[0] is not Outcome.PROMOTED
    assert story.model_that_serves == wanted or kept_back, (story.model_that_serves, wanted, last)
    if kept_back and last and last[0] is Outcome.ABORTED:
        assert story.scene.orders.models
        assert last[1] == _present_wish(story), "what was stopped for an earlier wish is not kept back"
    starts = Counter((each.origin.wish, each.origin.version) for each in story.scene.orders.given.values())
    assert max(starts.values(), default=0) <= 1, starts


def _present_wish(story: Story) -> str:
    text = story.scene.reach.store.read("bindings/wishes/fraud-champion.json")
    assert text is not None
    number = yaml.safe_load(text.body)["wish"]["number"]
    return f"fraud-champion/{number}"


STEPS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from("123")),
    st.tuples(st.just("move"), st.sampled_from("123")),
    st.tuples(st.just("deliver"), st.integers(0, 9)),
    st.tuples(st.just("poll"), st.none()),
    st.tuples(st.just("work"), st.none()),
    st.tuples(st.just("work"), st.none()),
    st.tuples(st.just("end"), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("rest"), st.sampled_from([timedelta(minutes=1), timedelta(hours=1)])),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=14))
def test_any_sequence_ends_where_the_registry_is(tell, steps):
    """Moves, deliveries, polls and ends in any order (found by Hypothesis)."""
    tell(steps)


ROLL = [("poll", None), ("work", None)]
GOOD = [*ROLL, ("end", Outcome.PROMOTED)]
BAD = [*ROLL, ("end", Outcome.ROLLED_BACK)]
STOPPED = ("end", Outcome.ABORTED)
HOUR, DAYS = ("rest", timedelta(hours=1)), ("rest", timedelta(days=3))
ONE, TWO, POLL = ("move", "1"), ("move", "2"), ("poll", None)


@pytest.mark.parametrize(
    ("steps", "versions"),
    [
        ([ONE, *GOOD, TWO, *GOOD, ONE, *GOOD], "121"),
        ([ONE, *ROLL, TWO, POLL, ONE, STOPPED], "11"),
        ([ONE, *ROLL, TWO, STOPPED, HOUR, *GOOD, ONE, *GOOD], "121"),
        ([ONE, *GOOD, TWO, *BAD, POLL], "12"),
        ([ONE, *GOOD, TWO, *BAD, ONE, POLL, TWO, DAYS, POLL], "12"),
        ([ONE, POLL, TWO, POLL, ("work", None), POLL], "12"),
        ([ONE, POLL, TWO, ("deliver", 1), ONE, ("deliver", 0)], "121"),
    ],
    ids=[
        "away and back",
        "back while the first is stopped",
        "stopped, another promoted, back",
        "taken back and left alone",
        "taken back, away and back: a person's",
        "another one before the first run began",
        "back before any run began",
    ],
)
def test_each_move_starts_its_version(tell, steps, versions):
    """Cases by hand: the versions that were started over the whole story, in order."""
    story = tell(steps)

    assert "".join(version for _, version in story.scene.orders.models) == versions
