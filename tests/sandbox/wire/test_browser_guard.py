"""No server of the sandbox answers what a web page sends: by table, at real sockets."""

import ast
import http.client
import threading
from collections.abc import Callable, Generator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

import rollway.sandbox
from rollway.sandbox.browser_guard import MARKS, find_refusal
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.data_plane import DataPlane
from rollway.sandbox.fault_door import PATH as FAULTS
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.server import ControlPlane
from rollway.sandbox.serving.callable_fleets import CallableFleets
from rollway.sandbox.serving.server import listen, serve
from tests.sandbox.wire.conftest import make_client

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")
HOSTILE: Final[Mapping[str, Mapping[str, str]]] = {
    "fetch from another origin": {"Origin": "http://127.0.0.2:8000"},
    "sandboxed frame or file": {"Origin": "null"},
    "form or image without Origin": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "same site, another port": {"Sec-Fetch-Site": "same-site"},
    "typed into the address bar": {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"},
    "link in an older browser": {"Referer": "http://evil.example/"},
    "image in an older browser": {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605"},
    "preflight": {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
    "rebound name": {"Host": "rebound.example"},
    "rebound name with a port": {"Host": "rebound.example:4588"},
    "name that begins like loopback": {"Host": "127.0.0.1.evil.example"},
    "name that ends like loopback": {"Host": "localhost.evil.example:80"},
    "any address": {"Host": "0.0.0.0:4588"},
    "another loopback address": {"Host": "127.0.0.2"},
    "user before the host": {"Host": "evil@127.0.0.1"},
    "bucket's name": {"Host": "journal.s3.amazonaws.com"},
    "moto's name": {"Host": "motoapi.amazonaws.com"},
    "no name": {"Host": ""},
}
MODEL: Final = "/invocations"
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "control": ("/", FAULTS, "/journal/key", "/moto-api/reset", "/moto-api/data.json", "/favicon.ico"),
    "data": ("/endpoints/shop/invocations", "/"),
    "model": (MODEL, "/ping"),
}
LISTENING: Final = {
    "create_server",
    "start_server",
    "HTTPServer",
    "ThreadingHTTPServer",
    "make_server",
    "run_simple",
    "listen",
}
"""What is called to open a port."""


@pytest.fixture
def asked() -> list[bytes]:
    """The bodies that reached the model."""
    return []


@pytest.fixture
def addresses(cloud: Cloud, plane: ControlPlane, asked: list[bytes]) -> Generator[dict[str, str]]:
    """Where the three kinds of server listen: control plane, data plane, model server."""
    data = DataPlane(Runtime(cloud, CallableFleets({})), PortsOfNone())
    data.start()
    listener = listen(0)
    predict: Callable[[bytes, str], bytes] = lambda body, _: asked.append(body) or b"{}"  # noqa: E731
    threading.Thread(target=serve, args=(predict, listener), daemon=True).start()
    yield {"control": plane.url, "data": data.url, "model": f"http://127.0.0.1:{listener.getsockname()[1]}"}
    data.stop()
    listener.close()


class PortsOfNone:
    """Nothing serves."""

    def port(self, fleet_id: str) -> int:
        raise AssertionError(fleet_id)


def ask(url: str, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """Send a request whose Host is right unless the headers say otherwise, and return status and headers, names in lower case."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request(method, path, b"{}", headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.mark.parametrize("server", ["control", "data", "model"])
def test_what_a_page_sends_is_refused(
    addresses: dict[str, str], plane: ControlPlane, cloud: Cloud, asked: list[bytes], server: str
) -> None:
    """Whatever the method and the path, and even with the token: 403, nothing allowed to any origin, nothing logged, nothing done."""
    program = {"Authorization": f"Bearer {plane.token}", "X-Amz-Target": "SageMaker.ListModels"}
    for (sign, hostile), method, path in product(HOSTILE.items(), METHODS, PATHS[server]):
        status, answered = ask(addresses[server], method, path, {**program, **hostile})
        assert status == 403, (sign, method, path)
        assert not [name for name in answered if name.startswith("access-control-")], (sign, method, path)
    assert (cloud.request_log.entries(), cloud.faults.planted(), asked) == ([], [], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:4588", "localhost:4588", "LocalHost", "[::1]:4588"])
def test_programs_on_this_machine_are_answered(addresses: dict[str, str], asked: list[bytes], host: str) -> None:
    """Under every name of loopback, also from Node.js, which marks its requests a little like a browser; no origin is allowed anything."""
    headers = {"Host": host, "User-Agent": "node", "Sec-Fetch-Mode": "cors"}
    status, answered = ask(addresses["control"], "GET", "/", headers)
    assert status == 200
    assert not [name for name in answered if name.startswith("access-control-")]
    assert ask(addresses["data"], "POST", "/endpoints/shop/invocations", headers)[0] == 400, "there is no such endpoint"
    assert ask(addresses["model"], "POST", MODEL, headers)[0] == 200
    assert asked == [b"{}"]


@pytest.mark.parametrize(
    "path", ["/moto-api/", "/moto-api/reset", "/moto-api/data.json", "/moto-api/config", "//moto-api/reset"]
)
@pytest.mark.parametrize("scope", ["", "amazonaws.com/motoapi", "us-east-1/moto_api", "amazonaws.com/moto-api"])
def test_motos_own_paths_are_not_there(plane: ControlPlane, path: str, scope: str) -> None:
    """What moto can be told beside AWS's API is a key in S3 like any other, whatever service the signature names."""
    s3 = make_client("s3", url=plane.url)
    s3.create_bucket(Bucket="journal")
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=a/20260601/{scope}/aws4_request, Signature=0"}
    status, _ = ask(plane.url, "POST", path, signed if scope else {})
    assert status >= 400
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["journal"]


@pytest.mark.parametrize(("service", "operation"), [("batch", "describe_job_queues"), ("lambda", "list_functions")])
def test_services_that_start_programs_are_not_there(plane: ControlPlane, service: str, operation: str) -> None:
    """Moto has many services, and some of them run what a request says; the simulated AWS has those that Rollway uses."""
    with pytest.raises(ClientError, match="Not part of the simulated AWS"):
        getattr(make_client(service, url=plane.url), operation)()


@given(method=st.sampled_from(METHODS), mark=st.sampled_from(MARKS), value=st.text(), host=st.text())
def test_a_mark_or_a_foreign_host_is_enough(method: str, mark: str, value: str, host: str) -> None:
    """Whatever a mark's value, also an empty one, and whatever text stands for the host, unless it is one of the three names."""
    assert find_refusal(method, {"host": "localhost", mark: value})
    assert find_refusal(method, {"host": f"{host}x"})
    assert find_refusal("OPTIONS", {"host": "localhost"})
    assert find_refusal(method, {})
    if method != "OPTIONS":
        assert find_refusal(method, {"host": "localhost"}) is None


def test_every_server_of_the_sandbox_asks_the_guard() -> None:
    """A module that listens on a socket is one that refuses what a page sends."""
    listening: set[str] = set()
    for path in Path(str(rollway.sandbox.__file__)).parent.rglob("*.py"):
        called = {
            _name(node.func) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
        }
        if called & LISTENING:
            listening.add(path.stem)
            assert path.stem == "__main__" or "find_refusal" in called, path
    assert listening == {"http_server", "data_plane", "server", "__main__"}, (
        "the last one calls the model server's listen()"
    )


def _name(function: ast.expr) -> Any:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
