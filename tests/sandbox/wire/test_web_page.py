"""A hostile web page in a real browser, while a sandbox runs: it can neither read nor write, and a program can do both."""

import http.client
import json
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import sync_playwright

from rollway.sandbox.process import SandboxProcess
from rollway.sandbox.settings import Delays, SandboxSettings
from tests.e2e.prefect.browser import BROWSER
from tests.sandbox.wire.conftest import make_client

ROLE: Final = "arn:aws:iam::123456789012:role/rollway"
MODEL: Final = """
import pathlib
def load(environment):
    def predict(body, content_type):
        with pathlib.Path(__file__).with_name("asked").open("ab") as asked:
            asked.write(body + b"\\n")
        return b"{}"
    return predict
"""
LIMIT_S: Final = 120
ATTEMPTS: Final = """
async (targets) => {
  const report = {}
  const note = async (name, attempt) => { try { report[name] = await attempt() } catch (error) { report[name] = "failed" } }
  const read = async (url, options) => {
    const answer = await fetch(url, options); return `${answer.type} ${answer.status} ${await answer.text()}`
  }
  const element = (tag, url) => new Promise((resolve) => {
    const node = Object.assign(document.createElement(tag), { onload: () => resolve("loaded"), onerror: () => resolve("failed") })
    node[tag === "link" ? "href" : "src"] = url; if (tag === "link") node.rel = "stylesheet"; document.body.append(node)
  })
  const frame = (url, act) => new Promise((resolve) => {
    const node = document.createElement("iframe"); node.name = `f${Math.random()}`; document.body.append(node)
    node.onload = () => { try { resolve(node.contentDocument ? "blank" : "unreadable") } catch (error) { resolve("unreadable") } }
    act(node)
  })
  const form = (url, enctype, name, value) => frame(url, (node) => {
    const form = Object.assign(document.createElement("form"), { action: url, method: "post", enctype, target: node.name })
    form.append(Object.assign(document.createElement("input"), { name, value })); document.body.append(form); form.submit()
  })
  for (const [name, url, body] of targets) {
    await note(`${name}: fetch`, () => read(url))
    await note(`${name}: post`, () => read(url, { method: "POST", body }))
    const headers = { "X-Amz-Target": "SageMaker.CreateModel" }
    await note(`${name}: post as an AWS client`, () => read(url, { method: "POST", body, headers }))
    await note(`${name}: delete`, () => read(url, { method: "DELETE" }))
    await note(`${name}: post without cors`, () => read(url, { method: "POST", body, mode: "no-cors", referrerPolicy: "no-referrer" }))
    await note(`${name}: get without cors`, () => read(url, { mode: "no-cors", referrerPolicy: "no-referrer", credentials: "include" }))
    await note(`${name}: beacon`, () => String(navigator.sendBeacon(url, body)))
    for (const tag of ["img", "script", "link"]) await note(`${name}: ${tag}`, () => element(tag, url))
    await note(`${name}: frame`, () => frame(url, (node) => { node.src = url }))
    await note(`${name}: form`, () => form(url, "text/plain", body.slice(0, -1) + ', "x": "', '"}'))
    await note(`${name}: urlencoded form`, () => form(url, "application/x-www-form-urlencoded", "Action", "CreateTopic"))
    await note(`${name}: socket`, () => new Promise((resolve) => {
      const socket = new WebSocket(url.replace("http", "ws"))
      socket.onopen = () => resolve("open"); socket.onerror = () => resolve("failed")
    }))
  }
  return report
}
"""


class Page(BaseHTTPRequestHandler):
    """Serves a page of its own at ``/``, and hands every other path on to the sandbox.

    So the same requests arrive there as once the owner of the page's name has pointed it at 127.0.0.1.
    """

    sandbox = ""

    def do_GET(self) -> None:
        """Answer."""
        status, body = (200, b"<!doctype html><body>hostile</body>") if self.path == "/" else self._rebound()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET  # noqa: N815 - names in http.server

    def _rebound(self) -> tuple[int, bytes]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.sandbox, timeout=20)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        return answer.status, answer.read()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Keep quiet."""


@contextmanager
def hostile_page(sandbox_url: str) -> Generator[str]:
    """Serve the page on another loopback address, and return its URL."""
    handler = type("Handler", (Page,), {"sandbox": urlsplit(sandbox_url).netloc})
    server = ThreadingHTTPServer(("127.0.0.2", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://rebound.example:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def await_service(sandbox: SandboxProcess) -> None:
    """Wait until the endpoint serves; the limit only keeps a broken build from hanging."""
    give_up = time.monotonic() + LIMIT_S
    while sandbox.cloud.endpoints.status("shop") != "InService":
        assert time.monotonic() < give_up, sandbox.cloud.call("DescribeEndpoint", {"EndpointName": "shop"})
        time.sleep(0.05)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[SandboxProcess]:
    """A sandbox with an endpoint in service, brought up as a user does it: with boto3."""
    (tmp_path / "own.py").write_text(MODEL, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    brisk = Delays(creating=0, updating=0)  # pyright: ignore[reportArgumentType] - read as a duration
    with SandboxProcess(SandboxSettings(models=("own",), delays=brisk)) as sandbox:
        url = sandbox.addresses["AWS_ENDPOINT_URL"]
        make_client("s3", url=url).create_bucket(Bucket="journal")
        sagemaker = make_client("sagemaker", url=url)
        container = {"Image": "rollway-sandbox/python:own"}
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName="one", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="shop", EndpointConfigName="one")
        await_service(sandbox)
        yield sandbox


def state(sandbox: SandboxProcess, folder: Path) -> dict[str, Any]:
    """Everything that a request could have changed, and every request that was let in."""
    cloud, url = sandbox.cloud, sandbox.addresses["AWS_ENDPOINT_URL"]
    logged = [(entry.operation, entry.outcome) for entry in cloud.request_log.entries()]
    return {
        "log": logged,
        "account": json.loads(json.dumps(cloud.export(), default=str)) | {"endpoints": cloud.endpoints.status("shop")},
        "buckets": [bucket["Name"] for bucket in make_client("s3", url=url).list_buckets()["Buckets"]],
        "topics": make_client("sns", url=url).list_topics().get("Topics", []),
        "asked": (folder / "asked").read_bytes() if (folder / "asked").exists() else b"",
    }


def targets(sandbox: SandboxProcess) -> list[tuple[str, str, str]]:
    """Every server and kind of path: its name, its URL and a body that would do something there."""
    control, data = (sandbox.addresses[name] for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"))
    fleets: Any = sandbox.cloud.fleets
    model = fleets.port(sandbox.cloud.endpoints.serving("shop").variants[0].fleet_id)
    outage = json.dumps({"fault": "outage", "service": "*", "duration": "1h"})
    container = {"Image": "rollway-sandbox/python:antigravity"}
    evil = json.dumps({"ModelName": "evil", "ExecutionRoleArn": ROLE, "PrimaryContainer": container})
    return [
        ("SageMaker", f"{control}/", evil),
        ("S3", f"{control}/journal/key", "evil"),
        ("faults", f"{control}/_rollway/faults", outage),
        ("moto", f"{control}/moto-api/reset", "{}"),
        ("endpoint", f"{data}/endpoints/shop/invocations", "{}"),
        ("model server", f"http://127.0.0.1:{model}/invocations", "{}"),
    ]


def visit(url: str, wanted: list[tuple[str, str, str]]) -> Mapping[str, str]:
    """Open the page in Chromium, have it try everything, and return what it saw of each attempt."""
    args = ["--no-sandbox", "--host-resolver-rules=MAP rebound.example 127.0.0.2"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=args)
        page = browser.new_page()
        page.set_default_timeout(LIMIT_S * 1000)
        page.goto(url)
        report: Mapping[str, str] = page.evaluate(ATTEMPTS, wanted)
        browser.close()
    return report


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
@pytest.mark.timeout(LIMIT_S * 3)
def test_a_page_can_neither_read_nor_write(sandbox: SandboxProcess, tmp_path: Path) -> None:
    """From another origin, and from the sandbox's own after DNS rebinding: nothing can be read but refusals, nothing is let in."""
    wanted = targets(sandbox)
    before = state(sandbox, tmp_path)
    with hostile_page(sandbox.addresses["AWS_ENDPOINT_URL"]) as url:
        foreign = visit(url, wanted)
        rebound = visit(url, [(name, urljoin(url, urlsplit(to).path), body) for name, to, body in wanted[1:4]])
    after = state(sandbox, tmp_path)

    assert after == before | {"log": [*before["log"], ("ListBuckets", "ok"), ("ListTopics", "ok")]}
    assert set(foreign.values()) <= {"failed", "opaque 0 ", "true", "unreadable"}, foreign
    readable = {name: seen for name, seen in rebound.items() if seen.startswith("basic ")}
    assert len(readable) == 6 * len(wanted[1:4]), "of its own origin a page may read each answer"
    assert {name: seen for name, seen in readable.items() if not seen.startswith("basic 403 ")} == {}


def test_a_program_can_do_both(sandbox: SandboxProcess, tmp_path: Path) -> None:
    """The same requests of boto3, and of a script with the token, do what they say."""
    url = sandbox.addresses["AWS_ENDPOINT_URL"]
    runtime = make_client("sagemaker-runtime", url=sandbox.addresses["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"])
    assert runtime.invoke_endpoint(EndpointName="shop", Body=b"x")["Body"].read() == b"{}"
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    token = {"Authorization": f"Bearer {sandbox.addresses['ROLLWAY_SANDBOX_TOKEN']}"}
    connection.request("POST", "/_rollway/faults", b'{"fault": "throttle", "operation": "DeleteEndpoint"}', token)
    assert connection.getresponse().status == 201
    connection.close()
    assert [planted.fault.fault for planted in sandbox.cloud.faults.planted()] == ["throttle"]
    assert state(sandbox, tmp_path)["asked"] == b"x\n"
