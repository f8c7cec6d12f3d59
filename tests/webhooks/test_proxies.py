"""Whom a request comes from behind a proxy: only trusted ones are believed, on real sockets with the server as users have it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from policies.errors import RolloutError
from rollway.webhooks.figures import Figures
from rollway.webhooks.limits import Limits
from rollway.webhooks.proxies import Proxies, read_proxies
from rollway.webhooks.serving import configure
from tests.webhooks import signing
from tests.webhooks.signing import alias_set
from tests.webhooks.stage import Stage
from tests.webhooks.wire import ask, post, running, served, status_of

NONE, LOCAL = Proxies(), read_proxies(["127.0.0.1", "10.0.0.0/8"])
SPOOFED, REAL = "198.51.100.66", "203.0.113.9"


async def tell(scope: Any, _receive: Any, send: Any) -> None:
    """An application that says whom and what it believes it talks to."""
    if scope["type"] == "lifespan":
        await _receive()
        await send({"type": "lifespan.startup.complete"})
        await _receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    seen = json.dumps([scope["client"][0], scope["scheme"]]).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", str(len(seen)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": seen})


def seen(proxies: Proxies, headers: str) -> tuple[str, str]:
    """What is believed of a request from 127.0.0.1."""
    with running(configure(tell, Limits(), Figures(), proxies)) as port:
        answer = ask(port, f"GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())
    source, scheme = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    return source, scheme


FOR = "X-Forwarded-For: "
CASES: dict[str, tuple[Proxies, str, str]] = {
    "no proxy is trusted": (NONE, f"{FOR}{SPOOFED}\r\n", "127.0.0.1"),
    "another proxy is trusted": (read_proxies(["10.0.0.7"]), f"{FOR}{SPOOFED}\r\n", "127.0.0.1"),
    "a trusted proxy": (LOCAL, f"{FOR}{REAL}\r\n", REAL),
    "nothing of a trusted proxy": (LOCAL, "", "127.0.0.1"),
    "something made up in front": (LOCAL, f"{FOR}{SPOOFED}, {REAL}\r\n", REAL),
    "a trusted address made up in front": (LOCAL, f"{FOR}10.0.0.9, {REAL}\r\n", REAL),
    "something made up in a header of its own": (LOCAL, f"{FOR}{SPOOFED}\r\n{FOR}{REAL}\r\n", REAL),
    "two trusted proxies": (LOCAL, f"{FOR}{SPOOFED}, {REAL}, 10.0.0.9\r\n", REAL),
    "two trusted proxies, two headers": (LOCAL, f"{FOR}{SPOOFED}, {REAL}\r\n{FOR}10.0.0.9\r\n", REAL),
    "with a port": (LOCAL, f"{FOR}{REAL}:4711\r\n", REAL),
    "the other header": (LOCAL, f"Forwarded: for={SPOOFED}\r\nX-Real-IP: {SPOOFED}\r\n", "127.0.0.1"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_source_is_the_nearest_address_that_is_not_a_trusted_proxy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a client puts in front of it, and whatever uvicorn would take from the environment."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    proxies, headers, source = CASES[name]
    assert seen(proxies, headers)[0] == source


@pytest.mark.parametrize(("proxies", "scheme"), [(NONE, "http"), (LOCAL, "https")])
def test_the_scheme_is_a_trusted_proxys(proxies: Proxies, scheme: str) -> None:
    """That a request came by TLS is believed of trusted proxies alone."""
    assert seen(proxies, "X-Forwarded-Proto: https\r\n")[1] == scheme


def test_a_client_cannot_have_others_pay(make_stage: Callable[..., Stage], lines: Callable[[], list[str]]) -> None:
    """Requests are counted for, and logged with, the address that the trusted proxy names; without one, headers change nothing."""
    stage = make_stage(burst=2, requests_per_s=0.001)
    forged = post("/mlflow", b"{}", signing.mlflow(alias_set())[1])

    def flood(proxies: Proxies, believed: str) -> list[int]:
        with served(stage.receiver, stage.receiver.limits, proxies) as port:
            spoofs = (f"X-Forwarded-For: 198.51.100.{number}, {believed}\r\n" for number in range(4))
            return [status_of(ask(port, forged.replace(b"\r\n", b"\r\n" + each.encode(), 1))) for each in spoofs]

    assert flood(NONE, REAL) == [401, 401, 429, 429]
    assert flood(LOCAL, REAL) == [401, 401, 429, 429]
    assert {json.loads(line)["source"] for line in lines()} == {"127.0.0.1", REAL}


@pytest.mark.parametrize("text", ["*", "proxy.internal", "10.0.0.1/8", "0.0.0.0/0", "::/0", ""])
def test_what_does_not_name_a_proxy_is_refused(text: str) -> None:
    """A name, every address, or a network with bits behind its prefix: one error, with what to write instead."""
    with pytest.raises(RolloutError, match="--trusted-proxy") as caught:
        read_proxies(["10.0.0.7", text])
    assert "10.0.8.0/24" in caught.value.hint
