"""The OpenAPI description: what it promises holds for whatever is sent, signed or not."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.webhooks import signing
from tests.webhooks.stage import Stage

SIGNING: dict[str, Callable[[bytes], signing.Sent]] = {
    "/mlflow": signing.mlflow,
    "/generic": signing.standard,
    "/wandb": signing.wandb,
    "/huggingface": signing.hugging_face,
    "/eventbridge": signing.eventbridge,
    "/sns": lambda body: signing.sns(Subject=body.decode(errors="replace")),
}
PROMISED = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
EXAMPLES = 25
THOROUGHLY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("path", SIGNING)
def test_the_description_holds(untouched: Stage, path: str) -> None:
    """Requests made up by the description, and against it, signed or not, are answered as it says: no other status, never a 500."""
    operation = schemathesis.openapi.from_dict(untouched.receiver.app.openapi())[path]["POST"]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
    seen: set[int] = set()

    @THOROUGHLY
    @given(case=cases, is_signed=st.booleans())
    def hold(case: Any, is_signed: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        answer = send(untouched, case, is_signed=is_signed)
        seen.add(answer.status_code)
        case.validate_response(schemathesis.Response.from_httpx(answer, verify=False), checks=PROMISED)

    hold()
    assert seen <= {202, 400, 401, 403, 415}
    assert len(seen) > 1, "too little was tried"


def send(stage: Stage, case: Any, *, is_signed: bool) -> httpx.Response:
    """Send what was made up; signed, so that it gets past the door."""
    sent = case.as_transport_kwargs(base_url="http://receiver")
    raw = sent.get("data") if sent.get("json") is None else json.dumps(sent["json"])
    body = raw if isinstance(raw, bytes) else str(raw or "").encode(errors="surrogatepass")
    headers = dict(sent.get("headers") or {})
    if is_signed:
        body, headers = SIGNING[case.operation.path](body)
    return stage.post(case.operation.path, body, headers)


def test_the_checks_are_described_and_answer(untouched: Stage) -> None:
    """Health, readiness, counters and the description are there for whoever runs the receiver."""
    assert untouched.get("/healthz").json() == {"status": "ok"}
    assert untouched.get("/readyz").json() == {"status": "ok"}
    assert "rollway_webhook_events_open" in untouched.get("/metrics").text
    assert set(untouched.get("/openapi.json").json()["paths"]) == {*SIGNING, "/healthz", "/readyz", "/metrics"}


def test_paths_and_methods_that_are_not_there(untouched: Stage) -> None:
    """A wrong path or method is refused in the shape of all refusals."""
    answers = [untouched.get("/nowhere"), untouched.ask("PUT", "/mlflow")]

    assert [answer.status_code for answer in answers] == [404, 405]
    assert [set(answer.json()["error"]) for answer in answers] == [{"code", "message", "hint"}] * 2
    assert answers[1].headers["allow"] == "POST"
