"""The data-plane port: real HTTP in, real HTTP out to model servers."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from mypy_boto3_sagemaker_runtime.client import SageMakerRuntimeClient

from rollway.sandbox.data_plane import DataPlane
from rollway.sandbox.fault_menu import ModelErrors, Slow
from rollway.sandbox.runtime.invocation import MAX_BODY_BYTES
from rollway.sandbox.serving.server import listen, serve
from rollway.sandbox.settings import SandboxSettings

ENDPOINT = "digits-prod"
PATH = f"/endpoints/{ENDPOINT}/invocations"
Await = Callable[[Callable[[], bool]], None]
Front = Callable[..., AbstractContextManager[tuple[Any, str]]]


@pytest.fixture
def release() -> Generator[threading.Event]:
    """An event for which the echo server's "hang" waits; set after the test."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def echo(release: threading.Event) -> Generator[int]:
    """The port of a model server that answers a body with itself; "boom" raises, "hang" waits."""

    def predict(body: bytes, content_type: str) -> bytes:
        if body == b"boom":
            raise RuntimeError(content_type)
        if body == b"hang":
            release.wait()
        return body

    listener = listen(0)
    threading.Thread(target=serve, args=(predict, listener), daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)


def runtime_client(url: str) -> SageMakerRuntimeClient:
    return boto3.client(  # pyright: ignore[reportUnknownMemberType] - boto3-stubs lacks the services we do not use
        "sagemaker-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106 - nobody checks signatures here
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_boto3_gets_body_and_variant(front: Front, echo: int) -> None:
    """A plain boto3 client, pointed here by its endpoint URL, invokes as on AWS; binary bodies pass unchanged."""
    with front(echo) as (_, url):
        answer = runtime_client(url).invoke_endpoint(
            EndpointName=ENDPOINT, Body=b"\x00\xff", ContentType="application/x-image", TargetVariant="only"
        )
        assert answer["Body"].read() == b"\x00\xff"
        assert (answer["InvokedProductionVariant"], answer["ContentType"]) == ("only", "application/json")


def test_boto3_raises_model_error(front: Front, echo: int) -> None:
    """A container's 500 surfaces as boto3's ModelError with its members, over the wire."""
    with front(echo) as (stage, url):
        client = runtime_client(url)
        with pytest.raises(client.exceptions.ModelError) as raised:
            client.invoke_endpoint(EndpointName=ENDPOINT, Body=b"boom", ContentType="text/csv")
        response: Any = raised.value.response
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
        assert response["OriginalStatusCode"] == 500
        assert json.loads(response["OriginalMessage"]) == {"error": "RuntimeError: text/csv"}
        assert response["LogStreamArn"].endswith(ENDPOINT)
        assert stage.sums("Invocation5XXErrors", "only") == 1


def test_boto3_raises_validation_error(front: Front, echo: int) -> None:
    """An endpoint that does not exist is a ValidationError with HTTP 400."""
    with front(echo) as (_, url), pytest.raises(ClientError, match=r"\(ValidationError\).*Endpoint nowhere of"):
        runtime_client(url).invoke_endpoint(EndpointName="nowhere", Body=b"x")


def test_one_connection_serves_many_requests(front: Front, echo: int) -> None:
    """Connections are kept: a client that asks again is answered on the same socket."""
    with front(echo) as (_, url):
        connection = connect(url)
        connection.connect()
        kept = connection.sock
        for number in range(20):
            connection.request("POST", PATH, b"%d" % number)
            assert connection.getresponse().read() == b"%d" % number
        assert connection.sock is kept


def test_pipelined_requests_are_answered_in_order(front: Front, echo: int) -> None:
    """Requests sent without waiting come back in the order in which they were sent."""
    with front(echo) as (_, url):
        connection = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10)
        requests = [f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n{n:04}" for n in range(100)]
        connection.sendall("".join(requests).encode())
        received = b""
        while b"0099" not in received[-8:]:
            received += connection.recv(65_536)
        bodies = [part[:4] for part in received.split(b"\r\n\r\n")[1:]]
        assert bodies == [b"%04d" % n for n in range(100)]


def test_slow_server_times_out(front: Front, echo: int) -> None:
    """A model server that does not answer within the limit gives ModelError with original status 0."""
    with front(echo, SandboxSettings(invocation_timeout=timedelta(milliseconds=50))) as (stage, url):
        connection = connect(url)
        connection.request("POST", PATH, b"hang")
        response = connection.getresponse()
        assert response.status == 424
        assert json.loads(response.read())["OriginalStatusCode"] == 0
        assert stage.sums("InvocationModelErrors", "only") == 1


def test_planted_slowness_is_spent_and_measured(front: Front, echo: int) -> None:
    """Over HTTP a planted delay really passes, and stands in ModelLatency."""
    with front(echo) as (stage, url):
        stage.cloud.faults.plant(Slow(variant="only", by=timedelta(milliseconds=80)))
        connection = connect(url)
        connection.request("POST", PATH, b"x")
        assert connection.getresponse().status == 200
        assert stage.sums("ModelLatency", "only", "Minimum") >= 80_000


def test_shadow_gets_a_copy(front: Front, echo: int, wait_until: Await) -> None:
    """Over HTTP, too, a shadow is asked on the side: its failure is measured and never seen by the caller."""
    with front(echo, shadow={"dark": 1}) as (stage, url):
        stage.cloud.faults.plant(ModelErrors(variant="dark"))
        connection = connect(url)
        connection.request("POST", PATH, b"x")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"x")
        wait_until(lambda: stage.sums("Invocation5XXErrors", "dark") == 1)
        assert stage.sums("Invocations", "only") == 1


def test_taken_port_is_said_at_once(front: Front, echo: int) -> None:
    """A port that is taken fails the start, in the caller's thread."""
    with front(echo) as (stage, url):
        second = DataPlane(stage.runtime, stage.cloud.fleets, port=urlsplit(url).port or 0)
        with pytest.raises(OSError, match="address already in use"):
            second.start()


def test_dead_server_is_a_model_error(front: Front) -> None:
    """A connection that is refused counts against the model, with original status 0."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with front(port) as (_, url):
        connection = connect(url)
        connection.request("POST", PATH, b"x")
        response = connection.getresponse()
        members = json.loads(response.read())
        assert (response.status, members["OriginalStatusCode"]) == (424, 0)
        assert "The connection to the model server failed" in members["OriginalMessage"]


def test_server_that_drops_kept_connections_is_asked_again(front: Front) -> None:
    """A model server may drop a kept connection just when it is used again; that costs the caller nothing."""

    class DropsSecondRequest(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        served = 0

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.served += 1
            if self.served == 2:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name

    with ThreadingHTTPServer(("127.0.0.1", 0), DropsSecondRequest) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with front(server.server_port) as (_, url):
            connection = connect(url)
            for _ in range(10):
                connection.request("POST", PATH, b"x")
                response = connection.getresponse()
                assert (response.status, response.read()) == (200, b"ok")
        server.shutdown()


def test_too_large_body_is_refused_and_the_connection_kept(front: Front, echo: int) -> None:
    """A body one byte above the limit gets AWS's 413, and the next request on the connection is served."""
    with front(echo) as (_, url):
        connection = connect(url)
        connection.request("POST", PATH, bytes(MAX_BODY_BYTES + 1))
        response = connection.getresponse()
        assert (response.status, b"6291456" in response.read()) == (413, True)
        connection.request("POST", PATH, b"x")
        assert connection.getresponse().read() == b"x"


@pytest.mark.parametrize(
    "path", ["/", "/endpoints/digits-prod/invocations-response-stream", "/endpoints/a/b/invocations"]
)
def test_other_operations_are_named_as_not_simulated(front: Front, echo: int, path: str) -> None:
    """What is not simulated says so with a clean 404."""
    with front(echo) as (_, url):
        connection = connect(url)
        connection.request("POST", path, b"x")
        response = connection.getresponse()
        assert (response.status, response.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")


def test_garbage_is_answered_and_cut_off(front: Front, echo: int) -> None:
    """Bytes that are not HTTP get a 400 and a closed connection."""
    with front(echo) as (_, url):
        connection = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10)
        connection.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert received.startswith(b"HTTP/1.1 400")


def test_client_that_waits_for_permission_gets_it(front: Front, echo: int) -> None:
    """A client that sends ``Expect: 100-continue`` is told to go on before it sends the body."""
    with front(echo) as (_, url):
        connection = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10)
        head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert connection.recv(65_536).endswith(b"\r\n\r\nok")
