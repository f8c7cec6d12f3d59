"""The log: one line for each request, whatever is asked for, that has its reason, no key, and no character that could split it."""

import io
import json
import logging
from collections.abc import Callable

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollway.webhooks.logs import JsonLines, fields
from tests.webhooks import signing
from tests.webhooks.signing import alias_set
from tests.webhooks.stage import Stage
from tests.webhooks.test_approvals import Site, make_site, site

__all__ = ["make_site", "site"]

SPLITTING = "a\u2028b\u2029c\x85d\r\ne\x0bf\x0cg\x1ch\x1di\x1ej\x00k\x1b[2Jl\x7fm\x9bn\ud800o\u202ep\u200bq"


@pytest.mark.parametrize(
    ("method", "path", "status", "event", "shown"),
    [
        ("GET", "/healthz", 200, "answered", "/healthz"),
        ("GET", "/openapi.json", 200, "answered", "/openapi.json"),
        ("GET", "/nowhere", 404, "not_found", "..."),
        ("GET", "/docs", 404, "not_found", "..."),
        ("GET", "/mlflow/", 404, "not_found", "/mlflow/"),
        ("GET", "/mlflow/key", 404, "not_found", "/mlflow/..."),
        ("PUT", "/mlflow", 405, "not_allowed", "/mlflow"),
        ("DELETE", "/approvals/key", 404, "not_found", "/approvals/..."),
        ("key", "/key/", 404, "not_found", "..."),
    ],
)
def test_each_request_has_one_line(  # noqa: PLR0913, PLR0917 - a table
    stage: Stage, lines: Callable[[], list[str]], method: str, path: str, status: int, event: str, shown: str
) -> None:
    """Also what is not there and what may not be done; of a path only what is ours is shown, since the rest may be a key."""
    assert stage.ask(method, path).status_code == status

    (line,) = lines()
    told = json.loads(line)
    assert (told["event"], told["status"], told["path"], told["source"]) == (event, status, shown, "127.0.0.1")
    assert "key" not in line
    assert ("why" in told) is (status >= 400)


def test_the_reason_of_a_refusal_is_told(stage: Stage, lines: Callable[[], list[str]]) -> None:
    """What is wrong with a body is in the log by its fields, and what was sent is not."""
    body = {"entity": "model_version_alias", "action": "created", "data": {"name": "sent-by-them"}}
    assert stage.post("mlflow", *signing.mlflow(body)).status_code == 400

    (line,) = lines()
    assert json.loads(line)["why"] == ("the request is not what this sender sends: version: missing; alias: missing")
    assert "sent-by-them" not in line


def test_a_model_with_any_name_takes_one_line(stage: Stage, lines: Callable[[], list[str]]) -> None:
    """A genuine delivery whose model is called after the ends of lines is logged in one, and can be read back."""
    name = SPLITTING.replace("\ud800", "").replace("\x00", "")
    assert stage.post("mlflow", *signing.mlflow(alias_set(name=name))).status_code == 202

    (line,) = lines()
    assert line.splitlines() == [line]
    assert json.loads(line)["model"] == name


@settings(deadline=None)
@given(st.text(st.characters()))
@example(SPLITTING)
def test_no_text_splits_a_line(text: str) -> None:
    """Whatever is said, wherever in a line, is printable ASCII in a stream of any encoding, and one line."""
    record = logging.LogRecord("rollway", logging.INFO, "", 0, "%s", (text,), None)
    record.__dict__.update(fields(why=text, names=[text], about={text: text}))
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")

    stream.write(JsonLines().format(record))
    stream.flush()

    written = stream.buffer.getvalue().decode()
    assert written.isprintable()
    assert json.loads(written)["names"] == [text]


def test_a_link_is_in_no_line(site: Site, lines: Callable[[], list[str]]) -> None:
    """However its address is misspelt, and whatever the form has."""
    paths = [f"/approvals/{site.token}", f"/approvals/{site.token}/", f"//approvals/{site.token}", f"/{site.token}"]
    queries = [f"/approvals/?token={site.token}", f"/{site.token}?{site.token}", f"/approvals/{site.token}#x"]
    for path in (*paths, *queries):
        site.stage.get(path)
    site.answer(decision="", reason=site.token)

    assert len(lines()) == len(paths) + len(queries) + 1
    assert not [line for line in lines() if site.token in line or site.token.split(".")[1] in line]


HOSTS = ["evil.example", "evil.example:80", "receiver@evil.example", "[::1]"]


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_redirects(site: Site, host: str) -> None:
    """No path of the application, with or without a slash behind it, redirects, least of all to the host of the Host header."""
    app = site.stage.receiver.app
    paths = {route.path.replace("{token}", site.token) for route in app.routes}  # type: ignore[attr-defined]
    assert f"/approvals/{site.token}" in paths
    for path in {*paths, "/docs", "/redoc"}:
        for spelt in (path, f"{path}/", f"/{path}", f"{path}//"):
            for method in ("GET", "HEAD", "POST", "OPTIONS"):
                answer = site.stage.ask(method, spelt, {"host": host})
                assert not answer.has_redirect_location
                assert answer.status_code < 300 or answer.status_code >= 400


def protects(answer: httpx.Response) -> bool:
    """Whether an answer has every header that protects its reader."""
    policy = answer.headers["content-security-policy"]
    return (
        "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
        and "script" not in policy
        and answer.headers["x-content-type-options"] == "nosniff"
        and answer.headers["referrer-policy"] == "no-referrer"
        and answer.headers["x-frame-options"] == "DENY"
        and answer.headers["cache-control"] == "no-store"
    )


def test_every_answer_protects_its_reader(site: Site) -> None:
    """Pages and everything else, also refusals: no script, no frame, no referrer, no guessing of types, nothing kept."""
    pages = [site.show(), site.show("forged"), site.answer(decision=""), site.post(b"\xff"), site.answer()]
    others = [site.stage.get(path) for path in ("/healthz", "/openapi.json", "/docs", "/nowhere", "/metrics")]

    assert all(each.headers["content-type"] == "text/html; charset=utf-8" for each in pages)
    assert not any("<script" in each.text for each in (*pages, *others))
    assert [protects(each) for each in (*pages, *others)] == [True] * 10


def test_an_error_in_rollway_is_answered_and_told(stage: Stage, lines: Callable[[], list[str]]) -> None:
    """Whatever a route does, its client gets an answer in the shape of all refusals, and the log names the error and the request."""

    @stage.receiver.app.get("/broken")
    def broken() -> None:
        raise ValueError("with a secret")

    answer = stage.get("/broken")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unforeseen")
    error, line = map(json.loads, lines())
    assert (error["error"], line["event"], line["status"]) == ("ValueError", "unforeseen", 503)
    assert "with a secret" not in str((error, line))
