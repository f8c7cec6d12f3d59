"""What each sender really sends becomes the event that it means."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from policies.bindings.event import Happening, Registry
from rollway.webhooks.senders import generic
from rollway.webhooks.senders.delivery import Delivery, forged
from rollway.webhooks.senders.signing import name_by_content
from tests.webhooks import signing
from tests.webhooks.signing import CA_URL, PEM_URL, SECRETS, TOPIC, Sent, alias_set, package_event
from tests.webhooks.stage import Stage

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/3"
HF = {
    "event": {"action": "update", "scope": "repo.content"},
    "repo": {"type": "model", "name": "acme/fraud", "id": "621f", "private": False, "headSha": "c379e821"},
    "webhook": {"id": "6390e855e30d9209411de93b", "version": 3},
}
TAG = {"ref": "refs/tags/prod", "oldSha": None, "newSha": "575db8b7"}
MAIN = {"ref": "refs/heads/main", "oldSha": "ce9a4674", "newSha": "c379e821"}
WANDB = {"event_type": "ADD_ARTIFACT_ALIAS", "model": "fraud", "version": "acme/registry/fraud:v7", "alias": "prod"}


def mlflow_about(entity: str, action: str, **data: object) -> Sent:
    return signing.mlflow({"entity": entity, "action": action, "timestamp": "", "data": data})


TOLD = {
    "mlflow alias": (
        "mlflow",
        signing.mlflow(alias_set()),
        (Registry.MLFLOW, Happening.ALIAS_SET, "fraud", "7", "champion"),
    ),
    "mlflow tag": (
        "mlflow",
        mlflow_about("model_version_tag", "set", name="demo2", version="1", key="stage", value="prod \u2014 \u2713"),
        (Registry.MLFLOW, Happening.TAG_SET, "demo2", "1", "stage=prod \u2014 \u2713"),
    ),
    "mlflow version": (
        "mlflow",
        mlflow_about("model_version", "created", name="demo2", version="1", source="s3://m/1", run_id=None, tags={}),
        (Registry.MLFLOW, Happening.VERSION_CREATED, "demo2", "1", ""),
    ),
    "mlflow's next secret": (
        "mlflow",
        signing.mlflow(alias_set(), SECRETS["mlflow_2"]),
        (Registry.MLFLOW, Happening.ALIAS_SET, "fraud", "7", "champion"),
    ),
    "hugging face tag": (
        "huggingface",
        signing.hugging_face(HF | {"updatedRefs": [TAG]}),
        (Registry.HUGGING_FACE, Happening.ALIAS_SET, "acme/fraud", "575db8b7", "prod"),
    ),
    "hugging face main": (
        "huggingface",
        signing.hugging_face(HF | {"updatedRefs": [MAIN]}),
        (Registry.HUGGING_FACE, Happening.VERSION_CREATED, "acme/fraud", "c379e821", ""),
    ),
    **{
        f"wandb {spelling}": (
            "wandb",
            signing.wandb(WANDB, spelling),
            (Registry.WANDB, Happening.ALIAS_SET, "fraud", "acme/registry/fraud:v7", "prod"),
        )
        for spelling in ("base64", "hex", "prefixed", "token")
    },
    "generic": (
        "generic",
        signing.standard({"happening": "tag_set", "model": "fraud", "version": "7", "label": "stage=prod"}),
        (Registry.GENERIC, Happening.TAG_SET, "fraud", "7", "stage=prod"),
    ),
    "eventbridge": (
        "eventbridge",
        signing.eventbridge(package_event()),
        (Registry.SAGEMAKER, Happening.APPROVED, "fraud", PACKAGE, ""),
    ),
    "eventbridge in capitals": (
        "eventbridge",
        signing.eventbridge(package_event(ModelApprovalStatus="APPROVED", LastModifiedTime=1780315140000.0)),
        (Registry.SAGEMAKER, Happening.APPROVED, "fraud", PACKAGE, ""),
    ),
    "sns": ("sns", signing.sns(), (Registry.SAGEMAKER, Happening.APPROVED, "fraud", PACKAGE, "")),
    "sns of old": (
        "sns",
        signing.sns(SignatureVersion="1", Subject="a package"),
        (Registry.SAGEMAKER, Happening.APPROVED, "fraud", PACKAGE, ""),
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_happened_reaches_the_handler(stage: Stage, name: str) -> None:
    """Each sender's authentic request is answered with its id, and the handler gets the event that it means, once."""
    path, (body, headers), expected = TOLD[name]

    answers = [stage.post(path, body, headers) for _ in range(2)]
    stage.work()

    (event,) = stage.handler.given
    assert (event.registry, event.happening, event.model, event.version, event.label) == expected
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json()["status"] for answer in answers] == ["accepted", "known already"]
    assert answers[0].json()["ids"] == answers[1].json()["ids"] == [event.id]


IGNORED = {
    "an alias is gone": ("mlflow", mlflow_about("model_version_alias", "deleted", name="fraud", alias="champion")),
    "a model was registered": ("mlflow", mlflow_about("registered_model", "created", name="fraud", tags={})),
    "a data set": ("huggingface", signing.hugging_face(HF | {"repo": {"type": "dataset", "name": "a/b"}})),
    "a tag is gone": ("huggingface", signing.hugging_face(HF | {"updatedRefs": [TAG | {"newSha": None}]})),
    "another branch": ("huggingface", signing.hugging_face(HF | {"updatedRefs": [MAIN | {"ref": "refs/heads/x"}]})),
    "a run": ("wandb", signing.wandb(WANDB | {"event_type": "RUN_METRIC"})),
    "not approved": ("eventbridge", signing.eventbridge(package_event(ModelApprovalStatus="PendingManualApproval"))),
    "rejected": ("sns", signing.sns(Message=json.dumps(package_event(ModelApprovalStatus="Rejected")))),
    "in no group": ("eventbridge", signing.eventbridge(package_event(ModelPackageGroupName=None))),
    "another service": ("eventbridge", signing.eventbridge(package_event() | {"source": "acme.sagemaker"})),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_no_business_of_ours_is_let_in_and_left(stage: Stage, name: str) -> None:
    """An authentic event that nothing can follow from is answered like any other, so that its sender is content, and not kept."""
    path, (body, headers) = IGNORED[name]

    answer = stage.post(path, body, headers)

    assert (answer.status_code, answer.json()["status"]) == (202, "nothing to do")
    assert stage.inbox.list_open() == ()


def test_one_push_may_be_two_events(stage: Stage) -> None:
    """A commit on main and a tag in one push of Hugging Face are two events."""
    answer = stage.post("huggingface", *signing.hugging_face(HF | {"updatedRefs": [MAIN, TAG]}))
    stage.work()

    assert len(answer.json()["ids"]) == 2
    assert {event.happening for event in stage.handler.given} == {Happening.VERSION_CREATED, Happening.ALIAS_SET}


def test_several_events_for_one_approval_are_one(stage: Stage) -> None:
    """SageMaker sends several events, each with an id of its own, for one approval: that is one event; a later approval is another."""
    bridge = signing.eventbridge
    again, later = package_event() | {"id": "another"}, package_event(LastModifiedTime="2026-06-01T12:30:00Z")

    answers = [stage.post("eventbridge", *bridge(each)).json()["status"] for each in (package_event(), again, later)]

    assert answers == ["accepted", "known already", "accepted"]


def test_the_published_signature_is_right() -> None:
    """The signature of Standard Webhooks' reference implementations (one secret, id, time and body) passes; the body is no event."""
    headers = {
        "content-type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    at = datetime.fromtimestamp(1614265330, UTC)

    with pytest.raises(ValidationError):
        generic.read(Delivery(headers, b'{"test": 2432232314}', at), [SECRETS["generic"]])
    assert generic.read(Delivery(headers, b'{"test": 2432232315}', at), [SECRETS["generic"]]) == forged()


def test_a_subscription_is_confirmed_with_sns_and_nobody_else(stage: Stage) -> None:
    """A topic that is allowed is subscribed to by one call to SNS in its own Region."""
    url = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
    stage.web.pages[url] = b"<ConfirmSubscriptionResponse/>"

    answer = stage.post(
        "sns",
        *signing.sns(Type="SubscriptionConfirmation", SubscribeURL=url, Message="confirm", Token="t"),  # noqa: S106,
    )

    assert (answer.status_code, answer.json()["why"]) == (202, "the subscription is confirmed")
    assert stage.web.fetched == [PEM_URL, CA_URL, url]


def test_certificates_are_fetched_once(stage: Stage) -> None:
    """A burst of messages costs SNS one fetch of its certificate and of its issuer's."""
    for number in range(3):
        changed = package_event(ModelPackageArn=f"{PACKAGE}{number}")
        assert stage.post("sns", *signing.sns(Message=json.dumps(changed))).status_code == 202

    assert stage.web.fetched == [PEM_URL, CA_URL]


@pytest.mark.parametrize("names", [("sns-signing.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com")])
def test_regional_names_of_sns_are_known(stage: Stage, names: tuple[str, ...]) -> None:
    """Where SNS's certificate carries the names of its Region only, it is trusted as well."""
    signer = signing.sns_signer(names)
    stage.web.pages[PEM_URL] = signing.pem(signer)

    assert stage.post("sns", *signing.sns(signer)).status_code == 202


def test_names_by_content_cannot_be_shifted() -> None:
    """Parts that are the same when put together are still told apart."""
    assert name_by_content("a", "bc") != name_by_content("ab", "c")
