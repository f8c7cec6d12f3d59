"""Whatever comes in that is not authentic or not sound: it is refused as documented, told once, and nothing follows from it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.webhooks import signing
from tests.webhooks.signing import NOW, PEM_URL, SECRETS, TOPIC, Sent, alias_set, package_event
from tests.webhooks.stage import Stage

GENUINE: dict[str, Sent] = {
    "mlflow": signing.mlflow(alias_set()),
    "generic": signing.standard({"happening": "approved", "model": "fraud"}),
    "wandb": signing.wandb({"event_type": "LINK_ARTIFACT", "model": "fraud"}),
    "huggingface": signing.hugging_face({"event": {}, "repo": {}}),
    "eventbridge": signing.eventbridge(package_event()),
    "sns": signing.sns(),
}
SIGNATURES = {
    "mlflow": "x-mlflow-signature",
    "generic": "webhook-signature",
    "wandb": "x-wandb-signature",
    "huggingface": "x-webhook-secret",
    "eventbridge": "x-api-key",
}
HOUR = timedelta(hours=1)


def changed(sender: str, **headers: str | None) -> Sent:
    """A genuine request with some headers changed or left out."""
    body, given = GENUINE[sender]
    wanted = given | {name.replace("_", "-"): value for name, value in headers.items()}
    return body, {name: value for name, value in wanted.items() if value is not None}


def with_body(sender: str, body: bytes) -> Sent:
    """A genuine request whose body somebody replaced."""
    return body, GENUINE[sender][1]


def twice(sender: str, name: str, value: str) -> Any:
    """A genuine request with another header of the same name."""
    body, headers = GENUINE[sender]
    return body, [*headers.items(), (name, value)]


def subscription(url: str, topic: str = TOPIC) -> Sent:
    """A request to confirm a subscription somewhere."""
    return signing.sns(Type="SubscriptionConfirmation", SubscribeURL=url, TopicArn=topic, Message="confirm", Token="t")  # noqa: S106


DEEP = b'{"entity": ' + b"[" * 20_000 + b"]" * 20_000 + b', "action": "created"}'
SURROGATE = (
    b'{"entity": "model_version_alias", "action": "created", "data": {"name": "\\ud800", "alias": "a", "version": "1"}}'
)
ELSEWHERE = "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem"
CONFIRM = f"?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t"

ATTACKS: dict[str, tuple[str, Any, int, str]] = {
    **{f"unsigned {each}": (each, changed(each, **{SIGNATURES[each]: None}), 401, "unsigned") for each in SIGNATURES},
    **{
        f"forged {each}": (each, changed(each, **{SIGNATURES[each]: "v1,Zm9yZ2Vk"}), 401, "wrong_signature")
        for each in SIGNATURES
    },
    **{
        f"changed body of {each}": (each, with_body(each, b'{"entity": "x"}'), 401, "wrong_signature")
        for each in ("mlflow", "generic", "wandb")
    },
    "neither secret": ("mlflow", signing.mlflow(alias_set(), "some-other-secret-of-mlflow"), 401, "wrong_signature"),
    "empty secret": ("mlflow", signing.mlflow(alias_set(), ""), 401, "wrong_signature"),
    "signature of another id": ("mlflow", changed("mlflow", x_mlflow_delivery_id="d-2"), 401, "wrong_signature"),
    "signature of another time": (
        "mlflow",
        changed("mlflow", x_mlflow_timestamp=str(int(NOW.timestamp()) + 1)),
        401,
        "wrong_signature",
    ),
    "expired": ("mlflow", signing.mlflow(alias_set(), at=NOW - HOUR / 10), 401, "stale"),
    "future": ("mlflow", signing.mlflow(alias_set(), at=NOW + HOUR / 10), 401, "stale"),
    "expired generic": ("generic", signing.standard({}, at=NOW - HOUR / 10), 401, "stale"),
    "wandb: bearer right, signature wrong": (
        "wandb",
        changed("wandb", authorization=f"Bearer {SECRETS['wandb']}", x_wandb_signature="00"),
        401,
        "wrong_signature",
    ),
    "wandb: wrong bearer": (
        "wandb",
        changed("wandb", authorization="Bearer x", x_wandb_signature=None),
        401,
        "wrong_signature",
    ),
    "secret with more behind it": (
        "huggingface",
        changed("huggingface", x_webhook_secret=SECRETS["huggingface"] + "x"),
        401,
        "wrong_signature",
    ),
    "non-ASCII header": (
        "huggingface",
        (b"{}", [(b"content-type", b"application/json"), (b"x-webhook-secret", "gehéim".encode())]),
        401,
        "wrong_signature",
    ),
    "two signatures": ("mlflow", twice("mlflow", "x-mlflow-signature", "v1,Zm9yZ2Vk"), 400, "ambiguous"),
    "two content types": ("mlflow", twice("mlflow", "content-type", "application/json"), 400, "ambiguous"),
    "two keys": ("eventbridge", twice("eventbridge", "x-api-key", "x"), 400, "ambiguous"),
    "a form": ("mlflow", changed("mlflow", content_type="application/x-www-form-urlencoded"), 415, "wrong_type"),
    "text to mlflow": ("mlflow", changed("mlflow", content_type="text/plain"), 415, "wrong_type"),
    "no content type": ("mlflow", changed("mlflow", content_type=None), 415, "wrong_type"),
    "another charset": (
        "mlflow",
        changed("mlflow", content_type="application/json; charset=utf-16"),
        415,
        "wrong_type",
    ),
    "compressed": ("mlflow", changed("mlflow", content_encoding="gzip"), 415, "wrong_type"),
    "oversized": ("mlflow", with_body("mlflow", b" " * 65_537), 413, "too_large"),
    "oversized by its word": ("mlflow", changed("mlflow", content_length="9" * 4_000), 413, "too_large"),
    "no JSON": ("mlflow", signing.mlflow(b"\x00\xff{"), 400, "malformed"),
    "nothing": ("mlflow", signing.mlflow(b""), 400, "malformed"),
    "deep nesting": ("mlflow", signing.mlflow(DEEP), 400, "malformed"),
    "half a character": ("mlflow", signing.mlflow(SURROGATE), 400, "malformed"),
    "a list": ("mlflow", signing.mlflow([1, 2]), 400, "malformed"),
    "a version that is a number": ("mlflow", signing.mlflow(alias_set(version=7)), 400, "malformed"),  # type: ignore[arg-type]
    "no model": ("mlflow", signing.mlflow(alias_set(name="")), 400, "malformed"),
    "a huge model": ("mlflow", signing.mlflow(alias_set(name="m" * 1_025)), 400, "malformed"),
    "a huge id": ("mlflow", signing.mlflow(alias_set(), delivery="d" * 1_025), 400, "malformed"),
    "fields too many": (
        "generic",
        signing.standard({"happening": "approved", "model": "m", "id": "x"}),
        400,
        "malformed",
    ),
    "sns: no event": ("sns", signing.sns(Message="hello"), 400, "malformed"),
    "sns: forged": ("sns", signing.sns(Signature="Zm9yZ2Vk"), 401, "wrong_signature"),
    "sns: no Base64": ("sns", signing.sns(Signature="%%%"), 401, "wrong_signature"),
    "sns: signed by somebody else": ("sns", signing.sns(signing.root()), 401, "wrong_signature"),
    "sns: wrong topic": ("sns", signing.sns(TopicArn=f"{TOPIC}-2"), 403, "wrong_topic"),
    "sns: old": ("sns", signing.sns(Timestamp="2026-06-01T10:59:00.000Z"), 401, "stale"),
    "sns: no zone": ("sns", signing.sns(Timestamp="2026-06-01T12:00:00"), 400, "malformed"),
    "sns: no time": ("sns", signing.sns(Timestamp="9999-99-99"), 400, "malformed"),
    "sns: version 3": ("sns", signing.sns(SignatureVersion="3"), 400, "malformed"),
    "sns: unknown type": ("sns", signing.sns(Type="Other"), 400, "malformed"),
    **{
        f"sns: certificate at {url}": ("sns", signing.sns(SigningCertURL=url), 403, "wrong_certificate_url")
        for url in (
            ELSEWHERE,
            PEM_URL.replace("https", "http"),
            PEM_URL.replace("eu-west-1", "eu-west-2"),
            PEM_URL.replace("https://", "https://user@"),
            PEM_URL.replace(".com/", ".com:8443/"),
            PEM_URL.replace(".com/", ".com@169.254.169.254/"),
            PEM_URL.replace("/Simple", "/../Simple"),
            PEM_URL + "?x=1",
            "https://[",
        )
    },
    **{
        f"sns: subscription at {url}": ("sns", subscription(url), 403, "wrong_subscribe_url")
        for url in (
            f"http://sns.eu-west-1.amazonaws.com/{CONFIRM}",
            f"https://169.254.169.254/{CONFIRM}",
            "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic",
            f"https://sns.eu-west-1.amazonaws.com/{CONFIRM}".replace(TOPIC, f"{TOPIC}-2"),
        )
    },
    "sns: subscription to a wrong topic": (
        "sns",
        subscription(f"https://sns/{CONFIRM}", f"{TOPIC}-2"),
        403,
        "wrong_topic",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_and_told_once(untouched: Stage, lines: Callable[[], list[str]], name: str) -> None:
    """The status is the documented one, one line tells of it without any secret, nothing is kept and the handler is not called."""
    path, (body, headers), status, code = ATTACKS[name]

    answer = untouched.post(path, body, headers)
    untouched.work()

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    (line,) = lines()
    assert json.loads(line)["event"] == code
    told = line + answer.text
    assert not [
        secret for secret in SECRETS.values() if secret in told or secret.encode("unicode_escape").decode() in told
    ]
    assert "Zm9yZ2Vk" not in told
    assert untouched.inbox.list_open() == ()
    assert untouched.handler.given == []
