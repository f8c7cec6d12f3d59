"""Attacks that take more than one request, or that the receiver must bear for longer: replays, floods, false certificates."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollway.webhooks.limits import Buckets, Limits
from tests.webhooks import signing
from tests.webhooks.signing import CA_URL, PEM_URL, alias_set
from tests.webhooks.stage import Stage

MLFLOW = signing.mlflow(alias_set())


def test_an_endless_body_is_cut_off(stage: Stage) -> None:
    """A chunked body without a length is read no further than the limit."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 8_192
            yield b"x" * 8_192

    answer = stage.post("mlflow", endless(), MLFLOW[1])

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert sent <= 3 * 65_536


def test_a_replayed_request_is_known_and_later_stale(stage: Stage, lines: Callable[[], list[str]]) -> None:
    """A request that somebody recorded changes nothing when it is sent again, and is refused once it is too old."""
    recorded = MLFLOW
    stage.post("mlflow", *recorded)
    stage.work()
    again = stage.post("mlflow", *recorded)
    stage.work()
    stage.clock.advance(timedelta(seconds=301))
    later = stage.post("mlflow", *recorded)

    assert (again.status_code, again.json()["status"]) == (202, "known already")
    assert (later.status_code, later.json()["error"]["code"]) == (401, "stale")
    assert len(stage.handler.given) == 1
    assert [json.loads(line)["event"] for line in lines()] == ["accepted", "handled", "known", "stale"]


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        (lambda: signing.sns_signer(("evil.example",)), "untrusted_certificate"),
        (lambda: signing.sns_signer(days=-1), "untrusted_certificate"),
        (lambda: signing.sns_signer(is_self_signed=True), "untrusted_certificate"),
    ],
    ids=["issued to somebody else", "over", "issued by nobody we trust"],
)
def test_a_certificate_that_is_none_of_sns_is_refused(stage: Stage, signer: Callable[[], Any], code: str) -> None:
    """A message whose signature is right is refused when the certificate is not SNS's, not valid now, or leads to no trusted root."""
    stage.web.pages[PEM_URL] = signing.pem(signer())

    answer = stage.post("sns", *signing.sns(signer()))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)


def test_the_issuer_of_a_certificate_is_only_fetched_from_amazon(stage: Stage) -> None:
    """Without the authority between it and the root, SNS's certificate is not trusted; where it is away, SNS tries again."""
    del stage.web.pages[CA_URL]

    answer = stage.post("sns", *signing.sns())

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]


def test_made_up_certificates_are_not_fetched_without_end(stage: Stage) -> None:
    """Whoever knows a topic can make the receiver fetch from SNS thirty times a minute, no more."""
    for number in range(40):
        url = PEM_URL.replace("0123456789abcdef", f"{number:016x}")
        assert stage.post("sns", *signing.sns(SigningCertURL=url)).status_code == 503

    assert len(stage.web.fetched) == 30


def test_who_asks_too_often_waits(make_stage: Callable[..., Stage]) -> None:
    """A source that has used up its requests hears when to come again, also where all of them are authentic: each is written down."""
    stage = make_stage(burst=3, requests_per_s=0.001)

    answers = [stage.post("mlflow", *MLFLOW) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 900


GENUINE: dict[str, signing.Sent] = {
    "mlflow": MLFLOW,
    "generic": signing.standard({"happening": "approved", "model": "fraud"}),
    "wandb": signing.wandb({"event_type": "LINK_ARTIFACT", "model": "fraud"}),
    "huggingface": signing.hugging_face(
        {"event": {"action": "update", "scope": "discussion"}, "repo": {"type": "model", "name": "org/fraud"}}
    ),
    "eventbridge": signing.eventbridge(signing.package_event()),
    "sns": signing.sns(),
}


def forge(sender: str) -> list[signing.Sent]:
    """Deliveries that can be made up without the secret: of another content, without a proof, without a form."""
    body, headers = GENUINE[sender]
    return [
        (body.replace(b"fraud", b"fraux"), headers | {"x-api-key": "x", "x-webhook-secret": "x"}),
        (b"{", {**headers}),
        (b"", {}),
    ]


@pytest.mark.parametrize("sender", GENUINE)
def test_a_flood_of_forged_deliveries_keeps_out_none_that_is_genuine(
    make_stage: Callable[..., Stage], sender: str
) -> None:
    """The address is the same, as behind a proxy: what is forged has used up its requests long ago, what is signed is let in."""
    stage = make_stage(burst=6, requests_per_s=0.001)
    flood = [stage.post(sender, *each).status_code for _ in range(4) for each in forge(sender)]

    genuine = [stage.post(sender, *GENUINE[sender]).status_code for _ in range(6)]

    assert 429 in flood
    assert genuine == [202] * 6


@pytest.mark.parametrize("sender", ["mlflow", "generic", "wandb", "huggingface", "eventbridge"])
def test_what_the_headers_rule_out_is_refused_before_its_body_is_here(stage: Stage, sender: str) -> None:
    """Of a delivery without proof, or with one that cannot be right, no byte of the body is waited for."""
    names = ("signature", "secret", "x-api-key", "authorization")
    headers = {
        name: "forged" if any(each in name for each in names) else value for name, value in GENUINE[sender][1].items()
    }
    asked = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        asked += 1
        yield b"{}"

    answer = stage.post(sender, body(), headers)

    assert answer.status_code == 401
    assert asked == 0


@settings(deadline=None)
@given(burst=st.integers(1, 5), requests=st.lists(st.booleans(), max_size=30))
def test_what_is_refused_and_what_is_authentic_use_up_different_requests(burst: int, requests: list[bool]) -> None:
    """In whatever order they come, a source gets as many of each as it may have, whatever it sends of the other."""
    buckets = Buckets(Limits(burst=burst, requests_per_s=1), lambda: 0.0)
    passed = [proven for proven in requests if not buckets.take(f"mlflow {proven}", "198.51.100.7")]

    assert passed.count(True) == min(burst, requests.count(True))
    assert passed.count(False) == min(burst, requests.count(False))


def test_a_door_that_is_not_set_up_is_not_there(
    make_stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender without a secret gets what any path gets that there is not."""
    monkeypatch.delenv("ROLLWAY_GENERIC_SECRET")
    stage = make_stage()

    answers = [
        stage.post(path, *signing.standard({"happening": "approved", "model": "fraud"}))
        for path in ("generic", "nowhere")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_a_body_that_trickles_is_not_waited_for(make_stage: Callable[..., Stage]) -> None:
    """A sender that holds its body back loses the connection, not the receiver its patience."""
    stage = make_stage(body_s=0.05)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    answer = stage.post("mlflow", trickle(), MLFLOW[1])

    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "too_slow")
