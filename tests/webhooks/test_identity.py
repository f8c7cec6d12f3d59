"""What makes two deliveries the same event, for each sender: a retry is known already, and what happens again is another event."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from policies.bindings.event import Happening, Registry, RegistryEvent
from rollway.webhooks.inbox import REPEATED_WITHIN, Entry, Inbox
from tests.webhooks import signing
from tests.webhooks.signing import NOW, Sent, alias_set, package_event
from tests.webhooks.stage import Stage

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/{}"
COMMITS = {version: version * 40 for version in "34"}
HF = {
    "event": {"action": "update", "scope": "repo.content"},
    "repo": {"type": "model", "name": "a/f", "headSha": "c" * 40},
}


def _mlflow(version: str, delivery: int, at: datetime) -> Sent:
    return signing.mlflow(alias_set(version=version), at=at, delivery=f"d-{delivery}")


def _generic(version: str, delivery: int, at: datetime) -> Sent:
    body = {"happening": "alias_set", "model": "fraud", "version": version, "label": "champion"}
    return signing.standard(body, at=at, event_id=f"m-{delivery}")


def _wandb(version: str, delivery: int, at: datetime) -> Sent:
    del delivery, at  # W&B sends neither an id nor a time
    body = {
        "event_type": "ADD_ARTIFACT_ALIAS",
        "model": "fraud",
        "version": f"a/r/fraud:v{version}",
        "alias": "champion",
    }
    return signing.wandb(body)


def _hugging_face(version: str, delivery: int, at: datetime) -> Sent:
    del delivery, at  # nor does Hugging Face; a tag that is set anew has no old commit
    ref = {"ref": "refs/tags/champion", "oldSha": None, "newSha": COMMITS[version]}
    return signing.hugging_face(HF | {"updatedRefs": [ref]})


def _package(version: str, at: datetime) -> dict[str, Any]:
    return package_event(ModelPackageArn=ARN.format(version), LastModifiedTime=at.isoformat())


def _eventbridge(version: str, delivery: int, at: datetime) -> Sent:
    return signing.eventbridge(_package(version, at) | {"id": f"e-{delivery}"})


def _sns(version: str, delivery: int, at: datetime) -> Sent:
    stamped = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return signing.sns(MessageId=f"s-{delivery}", Timestamp=stamped, Message=json.dumps(_package(version, at)))


class Sender(NamedTuple):
    """How one sender says that the alias champion is set to a version, or that the version is approved.

    Attributes:
        say: makes the request of one move: version, number of the move, time.
        repeats: whether the request of a later move to the same version has the same bytes.
    """

    say: Callable[[str, int, datetime], Sent]
    repeats: bool = False


SENDERS = {
    "mlflow": Sender(_mlflow),
    "generic": Sender(_generic),
    "wandb": Sender(_wandb, repeats=True),
    "huggingface": Sender(_hugging_face, repeats=True),
    "eventbridge": Sender(_eventbridge),
    "sns": Sender(_sns),
}


def post(stage: Stage, sender: str, sent: Sent) -> str:
    """Send it, and return what was answered."""
    answer = stage.post(sender, *sent)
    assert answer.status_code == 202, answer.text
    return answer.json()["status"]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_move_and_back_are_three_events(stage: Stage, sender: str) -> None:
    """Version 3, then 4, then 3 again: each move is handled once, also where the third request has the bytes of the first."""
    say, repeats = SENDERS[sender]
    moves = [say(version, number, NOW + timedelta(seconds=number)) for number, version in enumerate("343")]

    answers = [[post(stage, sender, each) for _ in range(2)] for each in moves]
    stage.work()

    assert (moves[0] == moves[2]) is repeats
    assert answers == [["accepted", "known already"]] * 3
    assert len(stage.handler.given) == 3
    assert sorted(each.version[-1] for each in stage.handler.given) == ["3", "3", "4"]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_retry_after_others_have_spoken_is_known_where_it_can_be(stage: Stage, sender: str) -> None:
    """A retry that comes after a later move is known by the sender's id. Without one it is handled as a hint, and never lost."""
    say, repeats = SENDERS[sender]
    first, second = say("3", 0, NOW), say("4", 1, NOW)

    answers = [post(stage, sender, each) for each in (first, second, first)]

    assert answers == ["accepted", "accepted", "accepted" if repeats else "known already"]


@pytest.mark.parametrize("sender", [name for name, each in SENDERS.items() if each.repeats])
def test_the_same_words_much_later_are_another_event(stage: Stage, sender: str) -> None:
    """Without an id, the same bytes are a retry for a quarter of an hour (REPEATED_WITHIN), and then something that happened again."""
    sent = SENDERS[sender].say("3", 0, NOW)
    answers = []
    for pause in (timedelta(0), REPEATED_WITHIN, timedelta(seconds=1)):
        stage.clock.advance(pause)
        answers.append(post(stage, sender, sent))
        stage.work()

    assert answers == ["accepted", "known already", "accepted"]
    assert len({each.id for each in stage.handler.given}) == 2


def test_words_about_something_else_are_not_in_between(stage: Stage) -> None:
    """What is said of another model, or of another alias, does not make a retry a new event."""
    first = _wandb("3", 0, NOW)
    about = {"event_type": "ADD_ARTIFACT_ALIAS", "model": "fraud", "version": "v4", "alias": "challenger"}
    others = [signing.wandb(about), signing.wandb(about | {"model": "other", "alias": "champion"})]

    answers = [post(stage, "wandb", each) for each in (first, *others, first)]

    assert answers == ["accepted", "accepted", "accepted", "known already"]


def test_two_receivers_agree_on_a_retry(inbox: Inbox) -> None:
    """Another receiver of the same journal, whose clock is a little behind, gives a retry the id of the first delivery."""
    event = RegistryEvent(
        registry=Registry.WANDB, id="c-1", named_by="content", happening=Happening.ALIAS_SET, model="fraud", at=NOW
    )
    here = Entry(event=event, door="wandb", received_at=NOW)
    there = here.model_copy(update={"received_at": NOW - timedelta(minutes=1)})

    first, again = inbox.identify(here), Inbox(inbox.store).identify(there)

    assert first.event.id == again.event.id != "c-1"
    assert (inbox.put(first), inbox.put(again)) == (True, False)


MOVING = {
    "wandb string of an alias": ("wandb", "acme/model-registry/fraud:champion"),
    "wandb latest": ("wandb", "acme/model-registry/fraud:latest"),
    "wandb alias alone": ("wandb", "champion"),
    "wandb alias with a number": ("wandb", "fraud:release2"),
    "wandb variable not filled in": ("wandb", "${artifact_version}"),
    "generic latest": ("generic", "latest"),
    "generic alias": ("generic", "champion"),
    "generic image tag": ("generic", "registry.example.com:5000/fraud2:stable"),
    "generic branch": ("generic", "refs/heads/main"),
    "generic digest of latest": ("generic", "v2-latest"),
}


def _sent(sender: str, version: str) -> Sent:
    if sender == "wandb":
        return signing.wandb(
            {"event_type": "ADD_ARTIFACT_ALIAS", "model": "fraud", "version": version, "alias": "champion"}
        )
    return signing.standard({"happening": "alias_set", "model": "fraud", "version": version, "label": "champion"})


@pytest.mark.parametrize("case", MOVING)
def test_a_reference_that_moves_is_refused(stage: Stage, case: str) -> None:
    """An alias, a branch or latest in the place of the version is refused with what to send instead, and nothing is kept."""
    sender, version = MOVING[case]

    answer = stage.post(sender, *_sent(sender, version))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "moving_reference")
    remedy = "${artifact_version}" if sender == "wandb" else "digest"
    assert remedy in answer.json()["error"]["message"]
    assert stage.inbox.list_open() == ()


@pytest.mark.parametrize(
    ("sender", "version"),
    [
        ("wandb", "wandb-artifact://_id/QXJ0aWZhY3Q6NTE3ODg5ODg3"),
        ("wandb", "acme/model-registry/fraud:v12"),
        ("wandb", "v12"),
        ("generic", "12"),
        ("generic", "v1.4.2"),
        ("generic", "sha256:9f86d081884c7d65"),
        ("generic", "9f86d08"),
    ],
)
def test_a_version_for_good_is_let_in(stage: Stage, sender: str, version: str) -> None:
    """W&B's artifact id and version number, and anybody's number or digest, name one version and are taken as they are."""
    assert post(stage, sender, _sent(sender, version)) == "accepted"
    stage.work()

    assert [each.version for each in stage.handler.given] == [version]


def test_when_it_happened_counts_before_when_it_was_sent(stage: Stage) -> None:
    """Standard Webhooks signs the time of the attempt; the timestamp in the body orders events, and is never in the future."""
    body = {"happening": "alias_set", "model": "fraud", "version": "3", "label": "champion"}
    earlier, later = NOW - timedelta(minutes=3), NOW + timedelta(days=400)
    for number, at in enumerate((earlier, later)):
        post(stage, "generic", signing.standard(body | {"timestamp": at.isoformat()}, event_id=f"m-{number}"))
    stage.work()

    assert sorted(each.at for each in stage.handler.given) == [earlier, NOW.astimezone(UTC)]


@pytest.mark.parametrize("timestamp", ["yesterday", "2026-06-01T12:00:00"])
def test_a_time_that_cannot_be_placed_is_refused(stage: Stage, timestamp: str) -> None:
    """A time without its offset from UTC could be hours off, so it is an error of the sender."""
    body = {"happening": "alias_set", "model": "fraud", "version": "3", "label": "champion", "timestamp": timestamp}

    answer = stage.post("generic", *signing.standard(body))

    assert (answer.status_code, "timestamp" in answer.json()["error"]["message"]) == (400, True)
