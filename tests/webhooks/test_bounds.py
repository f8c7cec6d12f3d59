"""What a client can hold open or let grow, on real sockets: each ends by a limit, and others are served meanwhile."""

import json
import socket
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from functools import partial
from threading import Event

import pytest

from rollway.webhooks.receiver import Receiver
from tests.webhooks import signing
from tests.webhooks.signing import alias_set
from tests.webhooks.stage import Stage
from tests.webhooks.wire import HEALTH, ask, connect, is_closed, post, read_all, served, status_of

HASTY = {"head_s": 0.3, "body_s": 0.3, "connection_s": 1.5}
PATIENT = {"head_s": 60.0, "body_s": 60.0, "connection_s": 60.0}
MLFLOW = partial(post, "/mlflow", *signing.mlflow(alias_set()))
START = b"POST /mlflow HTTP/1.1\r\nHost: receiver\r\nContent-Type: application/json\r\n"
SIGNED = "".join(f"{name}: {value}\r\n" for name, value in signing.mlflow(b"{}")[1].items()).encode()
HEAD = b"POST /mlflow HTTP/1.1\r\nHost: receiver\r\n" + SIGNED


@pytest.fixture
def hasty(make_stage: Callable[..., Stage]) -> Generator[int]:
    """A receiver that waits for a fraction of a second."""
    yield from serve(make_stage, **HASTY)


@pytest.fixture
def patient(make_stage: Callable[..., Stage]) -> Generator[int]:
    """A receiver that waits for a minute: whatever ends at once ends for another reason."""
    yield from serve(make_stage, **PATIENT)


def serve(make_stage: Callable[..., Stage], **limits: float) -> Generator[int]:
    receiver = make_stage(**limits).receiver
    with served(receiver, receiver.limits) as port:
        yield port


HELD_OPEN: dict[str, tuple[bytes, bytes, int]] = {
    "no byte": (b"", b"", 0),
    "a line without its end": (b"GET /heal", b"", 408),
    "endless headers": (START, b"X-A: b\r\n", 408),
    "half a header, a byte at a time": (START, b"a", 408),
    "a body that does not come": (HEAD + b"Content-Length: 9\r\n\r\n", b"", 408),
    "a body, a byte at a time": (HEAD + b"Content-Length: 60000\r\n\r\n", b" ", 408),
    "chunks, one at a time": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 408),
    "half a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n", b"", 408),
    "100-continue is waited for": (HEAD + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", b"", 100),
}


@pytest.mark.parametrize("name", HELD_OPEN)
def test_what_is_held_open_is_closed_for_good(hasty: int, name: str) -> None:
    """However a client keeps a request from its end, it hears so once it has begun one, and the connection ends, also if it goes on."""
    start, trickle, status = HELD_OPEN[name]
    with connect(hasty) as sock:
        sock.sendall(start)
        sock.settimeout(0.05)
        answer, is_open = b"", True
        while is_open:
            try:
                if trickle:
                    sock.sendall(trickle)
                part = sock.recv(65_536)
                answer, is_open = answer + part, bool(part)
            except TimeoutError:
                continue
            except ConnectionError:
                is_open = False

    assert status_of(answer) == status
    assert answer.count(b"HTTP/1.1 408") == (status >= 100)
    assert ask(hasty, HEALTH).startswith(b"HTTP/1.1 200")


def test_an_answer_that_is_not_read_is_given_up(make_stage: Callable[..., Stage]) -> None:
    """A client that asks for more than the network holds, and reads nothing, loses its connection when its time is over."""
    receiver = make_stage(**HASTY).receiver

    @receiver.app.get("/long")
    def long() -> str:
        return "x" * 50_000_000

    with served(receiver, receiver.limits) as port, connect(port) as sock:
        sock.sendall(b"GET /long HTTP/1.1\r\nHost: receiver\r\n\r\n")
        wait_for(lambda: 'cut_total{why="overlong"} 1.0' in receiver.figures.page().decode())
        assert len(read_all(sock)) < 50_000_000


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_connection_has_one_request(patient: int) -> None:
    """What is sent behind a request, as pipelining and smuggling do, is not answered; the connection is closed at once, not kept."""
    answer = ask(patient, HEALTH + HEALTH + b"POST /mlflow HTTP/1.1\r\n")

    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer


@pytest.mark.parametrize("request_line", [b"GET /healthz HTTP/1.1", b"HEAD /healthz HTTP/1.1"])
def test_a_malformed_body_is_told_once(patient: int, lines: Callable[[], list[str]], request_line: bytes) -> None:
    """Also where the application needs none, and where an answer has none: the line has the status that was sent."""
    answer = ask(patient, request_line + b"\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")

    assert status_of(answer) == 400
    assert [(line["event"], line["status"]) for line in map(json.loads, lines())] == [("malformed_http", 400)]


def test_what_comes_after_a_request_changes_nothing(make_stage: Callable[..., Stage]) -> None:
    """Old clients send a line feed more than they should, while their request is being handled."""
    receiver = make_stage(**PATIENT).receiver
    with served(receiver, receiver.limits) as port, connect(port) as sock:
        sock.sendall(MLFLOW().replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        sock.sendall(b"\r\nGET /")
        assert status_of(read_all(sock)) == 202


def chunked(chunk: bytes, count: int) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * count + b"0\r\n\r\n"


MALFORMED: dict[str, tuple[bytes, int]] = {
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "two hosts": (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    "a length with a sign": (HEAD + b"Content-Length: +2\r\n\r\n{}", 400),
    "a length and chunks": (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
    "two codings": (HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    "another coding": (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "a continued header": (b"GET /healthz HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a header with a line feed": (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
    "no chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a chunk with no end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc", 400),
    "an endless chunk header": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 30_000, 400),
    "an endless line": (b"GET /" + b"a" * 100_000, 431),
    "an endless header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000, 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 20_000, 431),
    "many short headers with their end": (b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"a:\r\n" * 2_000 + b"\r\n", 431),
    "long headers with their end": (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 18_000 + b"\r\n\r\n", 431),
    "a body too long": (HEAD + b"Content-Length: 65537\r\n\r\n" + b" " * 65_537, 413),
    "a body far too long": (HEAD + b"Content-Length: 9000000\r\n\r\n" + b" " * 9_000_000, 413),
    "chunks too long": (chunked(b"1000\r\n" + b" " * 4096 + b"\r\n", 30), 413),
    "chunks too fine": (chunked(b"1\r\n \r\n", 60_000), 400),
    "a thousand chunks": (chunked(b"1\r\n \r\n", 1_000), 400),
    "no chunk, where none is waited for": (
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
    ),
    "a line feed at the end of a path": (b"GET /healthz%0A HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "an absolute target": (b"GET http://evil.example/healthz HTTP/1.1\r\nHost: receiver\r\n\r\n", 404),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: receiver\r\n\r\n", 404),
    "a tunnel": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: receiver\r\n\r\n", 404),
    "a web socket": (
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        200,
    ),
    "HTTP/1.0": (b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404),
    "unsigned, with a body to come": (START + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", 401),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_or_too_long_is_answered_and_closed_at_once(
    patient: int, lines: Callable[[], list[str]], name: str
) -> None:
    """One answer, in the shape of all refusals with the headers of all answers, one line in the log that has the reason, and the end."""
    request, status = MALFORMED[name]

    answer = ask(patient, request)

    assert status_of(answer) == status
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()
    assert b"x-frame-options: DENY" in answer
    (line,) = lines()
    assert f'"status": {status}' in line
    assert ('"why": "' in line) is (status != 200)
    assert "hung up" not in line


def test_silent_connections_keep_no_sender_out(make_stage: Callable[..., Stage]) -> None:
    """With every place taken by silent connections that may stay for a minute, health and deliveries of the same address are served."""
    stage = make_stage(**PATIENT, connections=40, connections_of_source=30)
    receiver = stage.receiver
    with served(receiver, receiver.limits) as port, ExitStack() as stack:
        silent = [stack.enter_context(connect(port)) for _ in range(30)]
        for number, sock in enumerate(silent):
            sock.sendall((b"", b"GET /heal", START)[number % 3])
        wait_for(lambda: "connections 30.0" in receiver.figures.page().decode())

        assert status_of(ask(port, HEALTH)) == 200
        assert status_of(ask(port, MLFLOW())) == 202
        assert [is_closed(each) for each in silent] == [True] + [False] * 29, "the oldest makes room"


def test_one_source_does_not_use_up_the_places_of_others(make_stage: Callable[..., Stage]) -> None:
    """A source that opens far too many connections displaces its own, and none of another source."""
    receiver = make_stage(**PATIENT, connections=20, connections_of_source=10).receiver
    with served(receiver, receiver.limits) as port, ExitStack() as stack:
        other = stack.enter_context(connect(port, "127.0.0.2"))
        for _ in range(40):
            stack.enter_context(connect(port))
        wait_for(lambda: 'cut_total{why="displaced"} 30.0' in receiver.figures.page().decode())

        assert not is_closed(other)


def slow_down(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Have the journal take as long as the event is not set."""
    ready, inbox = Event(), receiver._reception.inbox
    put = type(inbox).put

    def wait(self, entry) -> bool:
        ready.wait(60)
        return put(self, entry)

    monkeypatch.setattr(type(inbox), "put", wait)
    return ready


def test_a_slow_journal_holds_up_no_check_and_no_memory(
    make_stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing can be written, as many deliveries wait as may, and the others hear at once that they have to come again."""
    stage = make_stage(**PATIENT, work=5, connections=8, connections_of_source=8)
    ready = slow_down(stage.receiver, monkeypatch)
    with served(stage.receiver, stage.receiver.limits) as port, ExitStack() as stack:
        waiting: list[socket.socket] = []
        for number in range(5):
            waiting.append(stack.enter_context(connect(port)))
            waiting[-1].sendall(post("/mlflow", *signing.mlflow(alias_set(), delivery=f"d-{number}")))
        wait_for(lambda: stage.receiver._reception.workers._places._value == 0)
        late = [ask(port, MLFLOW()) for _ in range(8)]

        assert {status_of(each) for each in late} == {503}
        assert status_of(ask(port, HEALTH)) == 200
        ready.set()
        assert [status_of(read_all(each)) for each in waiting] == [202] * 5, "what is at work is not displaced"
