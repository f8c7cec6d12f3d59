"""What an event of a registry leads to, from the receiver's side: handled at last, started once, kept while something is in the way."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.bindings.event import RegistryEvent
from policies.bindings.loading import BindingsError
from policies.lifecycle import Outcome
from rollway.webhooks.handling import NotHandledYet, make_handler
from tests.bindings.documents import MLFLOW, WANDB
from tests.registries.test_following import model_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def event(label: str = "champion", **changes) -> RegistryEvent:
    fields = {"registry": "mlflow", "id": "d-1", "happening": "alias_set", "model": "fraud", "version": "2", "at": NOON}
    return RegistryEvent.model_validate(fields | {"label": label} | changes)


@pytest.fixture
def handle(scene, bindings_file):
    """Make the handler of a bindings file."""

    def make(*documents):
        return make_handler(scene.reach.aws, scene.reach.store, bindings_file(*documents), scene.orders)

    return make


def test_an_event_starts_what_its_registry_says(scene, mlflow, handle):
    """The alias was set: the version that it points at is rolled out, and the answer names the run and why."""
    assert mlflow.url

    handled = handle()(event())

    assert handled.started == ("run-1",)
    assert "alias champion of fraud is version 2" in handled.why
    assert scene.orders.models == [("fraud-prod", "2")]


def test_events_that_come_again_late_or_out_of_order_start_nothing_else(scene, mlflow, handle):
    """The alias is on 3 by now: old events, new ones and their repetitions come to one rollout of 3."""
    mlflow.aliases["fraud", "champion"] = "3"
    handler = handle()

    for each in (event(version="3", id="d-3"), event(version="1", id="d-0"), event(), event(version="3", id="d-3")):
        handler(each)

    assert scene.orders.models == [("fraud-prod", "3")]


@pytest.mark.parametrize(
    ("each", "why"),
    [
        (event("example_alias", model="example_model", version="1"), "no binding is for example_model"),
        (event("challenger"), "not what fraud is followed by"),
    ],
)
def test_what_no_binding_waits_for_starts_nothing(scene, mlflow, handle, each, why):
    """MLflow's test call and another alias are settled with the reason, and no registry is asked."""
    handled = handle()(each)

    assert (handled.started, mlflow.asked, scene.orders.models) == ((), [], [])
    assert why in handled.why


def test_a_model_that_the_registry_does_not_know_starts_nothing(scene, mlflow, handle):
    """An event of a model that has been deleted since is settled: there is nothing to roll out."""
    mlflow.versions.clear()
    mlflow.aliases.clear()

    handled = handle()(event())

    assert (handled.started, scene.orders.models) == ((), [])
    assert "knows no fraud" in handled.why


@pytest.mark.parametrize("away", ["registry", "prefect", "journal"])
def test_an_event_is_kept_while_somebody_is_away(scene, mlflow, handle, away):
    """Registry, Prefect or AWS do not answer: the event is to be handled again, and then leads to its rollout."""
    handler = handle()
    if away == "registry":
        mlflow.failures = [503] * 3
    scene.orders.refusing = away == "prefect"
    if away == "journal":
        scene.lose_journal()

    with pytest.raises(NotHandledYet):
        handler(event())
    scene.orders.refusing = False

    assert handler(event()).started == ("run-1",)


def test_an_event_waits_for_the_rollout_under_way(scene, mlflow, handle):
    """While another rollout has the endpoint the event stays open; after it, the version that is wanted then is rolled out."""
    begun = scene.begin("other")
    handler = handle()
    with pytest.raises(NotHandledYet, match="is under way"):
        handler(event())
    mlflow.aliases["fraud", "champion"] = "3"
    scene.end(begun, Outcome.PROMOTED)

    assert handler(event()).started == ("run-1",)
    assert scene.orders.models == [("fraud-prod", "3")]


def test_what_was_taken_back_is_settled(scene, mlflow, handle):
    """A version that failed here is not tried again by an event; the reason says who may."""
    assert mlflow.url
    handler = handle()
    handler(event())
    scene.end(scene.begin(model_of("2")), Outcome.ROLLED_BACK)

    handled = handler(event(id="d-2"))

    assert handled.started == ()
    assert "only a person" in handled.why


def test_a_changed_file_needs_no_restart(scene, mlflow, handle, bindings_file):
    """The file is read for each event; one that is broken by then keeps the event, one that is broken at the start is told at once."""
    assert mlflow.url
    handler = handle()
    path = bindings_file(MLFLOW | {"when": {}})
    with pytest.raises(BindingsError):
        handler(event())
    bindings_file(MLFLOW | {"when": {"alias": "other"}})

    assert handler(event()).started == ()
    assert scene.orders.models == []
    path.write_text("bindings: 1", "utf-8")
    with pytest.raises(BindingsError):
        make_handler(scene.reach.aws, scene.reach.store, path, scene.orders)


def test_a_trusted_registry_is_taken_at_its_word_and_no_further(scene, handle):
    """The newest event's version is rolled out; one that was sent earlier and comes later starts nothing."""
    handler = handle(WANDB)
    newer = event(registry="wandb", version="v5", id="b", at=NOON + timedelta(minutes=5))
    older = event(registry="wandb", version="v4", id="a")

    handled = [handler(newer), handler(older), handler(newer)]

    assert scene.orders.models == [("fraud-prod", "v5")]
    assert "a newer event is known" in handled[1].why
