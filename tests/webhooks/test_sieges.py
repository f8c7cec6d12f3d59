"""Attacks that take more than one request, or that the receiver must bear for longer: replays, floods, false certificates."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

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
    """A source that has used up its requests is told when to come again, before its signature is even looked at."""
    stage = make_stage(burst=3, requests_per_s=0.001)

    answers = [stage.post("mlflow", *MLFLOW) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
    assert int(answers[-1].headers["retry-after"]) > 900


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
