"""From an event and the registry's present word to the rollouts that follow: the table, and what holds for every order of events."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.bindings.event import Happening, Registry, RegistryEvent
from policies.bindings.loading import parse_bindings
from policies.bindings.making import name_model
from policies.bindings.matching import find_touched, match
from policies.bindings.registered import Registered
from tests.bindings.documents import HUB, MLFLOW, SAGEMAKER, WANDB, bindings_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TAGGED = MLFLOW | {"name": "tagged", "when": {"tag": "stage=prod"}, "endpoints": [{"endpoint": "fraud-eu"}]}
NEWEST = MLFLOW | {"name": "newest", "when": {"version_created": True}, "endpoints": [{"endpoint": "fraud-dev"}]}
WEEKLY = MLFLOW | {"name": "weekly", "follow": "on_schedule", "endpoints": [{"endpoint": "fraud-us"}]}
APPROVED = SAGEMAKER | {"name": "approved", "endpoints": [{"endpoint": "fraud-sm"}]}
ALL = parse_bindings(bindings_of(MLFLOW, TAGGED, NEWEST, WEEKLY, APPROVED))


def event(happening: Happening = Happening.ALIAS_SET, label: str = "champion", **changes) -> RegistryEvent:
    fields = {"registry": "mlflow", "id": "1", "model": "fraud", "version": "7", "at": NOON}
    return RegistryEvent.model_validate(fields | {"happening": happening, "label": label} | changes)


def version(number: str = "7", **changes) -> Registered:
    fields = {"registry": "mlflow", "model": "fraud", "version": number, "aliases": ("champion",)}
    return Registered.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("happened", "touched"),
    [
        (event(), ["fraud-champion"]),
        (event(label="challenger"), []),
        (event(label="Champion"), []),
        (event(model="other"), []),
        (event(Happening.TAG_SET, "stage=prod"), ["tagged"]),
        (event(Happening.TAG_SET, "stage=production"), []),
        (event(Happening.VERSION_CREATED, ""), ["tagged", "newest"]),
        (event(Happening.APPROVED, "", registry="sagemaker"), ["approved"]),
        (event(Happening.APPROVED, ""), []),
        (event(registry="wandb"), []),
    ],
)
def test_an_event_touches_the_bindings_that_wait_for_it(happened, touched):
    """Registry, model and what happened must all be what a binding asks for; one that follows on schedule waits for no event."""
    assert [each.name for each in find_touched(happened, ALL)] == touched


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "knows no fraud by alias champion"),
        (version(aliases=()), "no alias champion any more"),
        (version(ready=False), "not ready"),
    ],
)
def test_what_the_registry_does_not_confirm_starts_nothing(answer, why):
    """A model that nobody knows (MLflow's test call), an alias that was taken away and a version half uploaded are not rolled out."""
    found = match(event(), {"fraud-champion": answer}, ALL)

    assert found.starts == ()
    assert why in " ".join(found.why)


@pytest.mark.parametrize(("approval", "starts"), [("approved", 1), ("rejected", 0), ("pending", 0), ("unknown", 0)])
def test_only_an_approval_that_still_stands_counts(approval, starts):
    """An event of an approval that was taken back meanwhile starts nothing."""
    package = version(registry="sagemaker", version="arn:aws:x:model-package/fraud/7", approval=approval)

    found = match(event(Happening.APPROVED, "", registry="sagemaker"), {"approved": package}, ALL)

    assert len(found.starts) == starts


def test_the_version_that_the_alias_points_at_now_is_started():
    """An event of version 7 that is read after the alias has moved on leads to version 8."""
    found = match(event(version="7"), {"fraud-champion": version("8")}, ALL)

    (start,) = found.starts
    assert (start.endpoint, start.origin.version, start.model_name) == ("fraud-prod", "8", name_model(version("8")))
    assert start.policy == "canary"


def test_every_endpoint_of_a_binding_is_started():
    """A binding of several endpoints, in Regions of their own, leads to one rollout each, with keys of their own."""
    endpoints = [{"endpoint": "a"}, {"endpoint": "b", "region": "eu-west-1"}]
    bindings = parse_bindings(bindings_of(MLFLOW | {"endpoints": endpoints}))

    starts = match(event(), {"fraud-champion": version()}, bindings).starts

    assert [(each.endpoint, each.region) for each in starts] == [("a", ""), ("b", "eu-west-1")]
    assert len({each.idempotency_key for each in starts}) == 2


def test_why_nothing_follows_is_told():
    """Whoever wonders why nothing happened reads which of the reasons it was."""
    reasons = {
        event(model="other"): "no binding is for other of mlflow",
        event(label="challenger"): "alias_set challenger is not what fraud is followed by",
    }
    for happened, why in reasons.items():
        (told,) = match(happened, {}, ALL).why
        assert why in told
    weekly = parse_bindings(bindings_of(WEEKLY))
    assert "on schedule only" in match(event(), {}, weekly).why[0]


moves = st.lists(st.integers(1, 5), min_size=1, max_size=8)


@given(moves, st.randoms(use_true_random=False), st.data())
def test_events_in_any_order_never_start_what_the_alias_does_not_point_at(versions, luck, data):
    """However events are delayed, doubled, lost and shuffled among an alias's moves, each start is of the version that it means then."""
    happened = [
        event(id=str(at), version=str(each), at=NOON + timedelta(minutes=at)) for at, each in enumerate(versions)
    ]
    for at, now in enumerate(versions):
        sent = happened[: at + 1] * 2
        luck.shuffle(sent)
        for each in sent[: data.draw(st.integers(0, len(sent)))]:
            (start,) = match(each, {"fraud-champion": version(str(now))}, ALL).starts
            assert start.origin.version == str(now)


@given(st.lists(st.tuples(st.uuids(), st.datetimes(), st.sampled_from("123")), min_size=2, max_size=2))
def test_the_key_depends_on_the_version_and_not_on_the_event(two):
    """Two events that lead to the same version on the same endpoint ask for one rollout, whatever their ids, times and claims."""
    keys = [
        match(event(id=str(each), version=claimed, at=at.replace(tzinfo=UTC)), {"fraud-champion": version()}, ALL)
        .starts[0]
        .idempotency_key
        for each, at, claimed in two
    ]
    other = match(event(), {"fraud-champion": version("8")}, ALL).starts[0].idempotency_key

    assert keys[0] == keys[1] != other


def test_events_of_every_registry_find_their_binding():
    """W&B's collections and the hub's repositories are models like any other."""
    bindings = parse_bindings(bindings_of(WANDB | {"name": "w"}, HUB | {"name": "h", "endpoints": [{"endpoint": "x"}]}))

    assert find_touched(event(registry="wandb"), bindings)[0].name == "w"
    hub = event(Happening.VERSION_CREATED, "", registry="hugging_face", model="acme/fraud")
    assert find_touched(hub, bindings)[0].registry is Registry.HUGGING_FACE
