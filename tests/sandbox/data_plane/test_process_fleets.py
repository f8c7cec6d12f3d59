"""Fleets of real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rollway.sandbox.errors import Refusal
from rollway.sandbox.fleets import FleetSpec
from rollway.sandbox.runtime.messages import Invocation
from rollway.sandbox.serving.process_fleets import ProcessFleets
from rollway.sandbox.settings import SandboxSettings

FleetsOf = Callable[[SandboxSettings], ProcessFleets]
Spec = Callable[..., FleetSpec]
Await = Callable[[Callable[[], bool]], None]

USERS_OWN_SERVER = """
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, f"{os.environ['GREETING']} {body.decode()} {self.headers['X-Amzn-SageMaker-Inference-Id']}".encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", "pid=%d" % os.getpid())
        self.end_headers()
        self.wfile.write(body)

assert sys.argv[1] == os.environ["SAGEMAKER_BIND_TO_PORT"]
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def own_server(tmp_path: Path) -> SandboxSettings:
    """Settings that map the user's image to a plain http.server script: HTTP/1.0, no content length."""
    script = tmp_path / "serve.py"
    script.write_text(USERS_OWN_SERVER, encoding="utf-8")
    images = {"my/image:1": (sys.executable, str(script), "{port}")}
    return SandboxSettings(images=images, environment=("GREETING",), max_servers_per_variant=2)


def pid_of(fleets: ProcessFleets, body: bytes = b"") -> int:
    reply = fleets.call("fleet-1", Invocation("digits-prod", body), 10)
    assert reply.status == 200, reply.body
    return int((reply.custom_attributes or "").removeprefix("pid="))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(") ")[1][:1] if Path("/proc").exists() else True


def test_users_own_program_is_rehearsed(
    fleets_of: FleetsOf, own_server: SandboxSettings, spec: Spec, wait_until: Await
) -> None:
    """Any command line that speaks the container contract serves, with its port, environment and request headers."""
    fleets = fleets_of(own_server)
    fleets.ensure(spec("my/image:1", {"GREETING": "hello"}))
    wait_until(lambda: fleets.health("fleet-1").ready)
    reply = fleets.call("fleet-1", Invocation("digits-prod", b"world", inference_id="id-7"), 10)
    assert (reply.status, reply.body) == (200, b"hello world id-7")


def test_servers_are_as_many_as_asked_up_to_the_cap(
    fleets_of: FleetsOf, own_server: SandboxSettings, spec: Spec, wait_until: Await
) -> None:
    """Instances become processes up to the cap; requests take turns; scaling in and retiring end them."""
    fleets = fleets_of(own_server)
    wanted = spec("my/image:1", {"GREETING": ""}, instances=5)
    fleets.ensure(wanted)
    wait_until(lambda: fleets.health("fleet-1").ready)
    pids = {pid_of(fleets) for _ in range(6)}
    assert len(pids) == 2
    fleets.ensure(spec("my/image:1", instances=1))
    assert len({pid_of(fleets) for _ in range(6)}) == 1
    fleets.retire("fleet-1")
    with pytest.raises(Refusal, match="No model server"):
        fleets.port("fleet-1")
    fleets.close()
    assert not [pid for pid in pids if is_running(pid)]


def test_killed_server_is_noticed_and_replaced(
    fleets_of: FleetsOf, own_server: SandboxSettings, spec: Spec, wait_until: Await
) -> None:
    """A model server that dies makes its fleet unready, and another takes its place."""
    fleets = fleets_of(own_server)
    fleets.ensure(spec("my/image:1", {"GREETING": ""}))
    wait_until(lambda: fleets.health("fleet-1").ready)
    first = pid_of(fleets)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not fleets.health("fleet-1").ready)
    wait_until(lambda: fleets.health("fleet-1").ready)
    assert pid_of(fleets) != first


def test_unknown_image_fails_with_the_remedy(fleets_of: FleetsOf, spec: Spec) -> None:
    """An image that stands for no program fails the fleet as a failed pull does, and says what to write where."""
    fleets = fleets_of(SandboxSettings())
    fleets.ensure(spec("123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:7"))
    health = fleets.health("fleet-1")
    assert not health.ready
    assert "fraud:7' for production variant candidate does not exist" in str(health.failure)
    assert "under 'images' in sandbox.yaml" in str(health.failure)
    fleets.retire("fleet-1")
    fleets.ensure(spec("rollway-sandbox/python:antigravity"))
    assert "list 'antigravity' under 'models' in sandbox.yaml" in str(fleets.health("fleet-1").failure)


@pytest.mark.parametrize(
    "name", ["PATH", "PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "BASH_ENV", "HF_MODEL_ID", "GREETINGS", "Ä="]
)
def test_variables_that_nobody_allowed_start_nothing(
    fleets_of: FleetsOf, own_server: SandboxSettings, spec: Spec, name: str
) -> None:
    """A model that sets a variable beyond those in the settings gets no process at all, and its failure names what to write where."""
    fleets = fleets_of(own_server)
    fleets.ensure(spec("my/image:1", {"GREETING": "", name: "/home/evil"}))
    failure = str(fleets.health("fleet-1").failure)
    assert f"under 'environment' in sandbox.yaml: {name};" in failure
    with pytest.raises(Refusal, match="No model server"):
        fleets.port("fleet-1")


def test_a_variable_that_no_process_can_have_fails_the_fleet(
    fleets_of: FleetsOf, own_server: SandboxSettings, spec: Spec, wait_until: Await
) -> None:
    """A value with a NUL, which SageMaker's pattern allows and no operating system does, is a failed fleet and not a hang."""
    fleets = fleets_of(own_server)
    fleets.ensure(spec("my/image:1", {"GREETING": "a\0b"}))
    wait_until(lambda: fleets.health("fleet-1").failure is not None)
    assert "embedded null byte" in str(fleets.health("fleet-1").failure)


def test_values_reach_the_server_as_they_are(
    fleets_of: FleetsOf, own_server: SandboxSettings, spec: Spec, wait_until: Await
) -> None:
    """Braces, quotes and {port} in a variable are the model's own: only the command line has a placeholder."""
    greeting = "{{ instruction }} {port} $HOME '\""
    fleets = fleets_of(own_server)
    fleets.ensure(spec("my/image:1", {"GREETING": greeting}))
    wait_until(lambda: fleets.health("fleet-1").ready)
    assert fleets.call("fleet-1", Invocation("digits-prod", b"x"), 10).body == f"{greeting} x None".encode()


def test_program_that_never_answers_is_given_up(
    fleets_of: FleetsOf, spec: Spec, wait_until: Await, tmp_path: Path
) -> None:
    """A container that keeps dying fails the fleet in AWS's words, with its exit code and where its output is."""
    dies = (sys.executable, "-c", "print('no weights'); raise SystemExit(3)")
    fleets = fleets_of(SandboxSettings(images={"dies": dies}))
    fleets.ensure(spec("dies"))
    wait_until(lambda: fleets.health("fleet-1").failure is not None)
    failure = str(fleets.health("fleet-1").failure)
    assert "candidate did not pass the ping health check" in failure
    assert "exit code 3, 4 times in a row" in failure
    assert "no weights" in (tmp_path / "logs" / "fleet-1.log").read_text(encoding="utf-8")


def test_program_that_does_not_exist_is_given_up(fleets_of: FleetsOf, spec: Spec, wait_until: Await) -> None:
    """A misspelt command line is a failed fleet with the reason, not a hang."""
    fleets = fleets_of(SandboxSettings(images={"typo": ("/no/such/program",)}))
    fleets.ensure(spec("typo"))
    wait_until(lambda: fleets.health("fleet-1").failure is not None)
    assert "could not start '/no/such/program': No such file or directory" in str(fleets.health("fleet-1").failure)


def test_python_image_serves_an_allowed_module_by_its_tag(
    fleets_of: FleetsOf, spec: Spec, wait_until: Await, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image ``rollway-sandbox/python:MODULE`` serves a module that the settings list, under any registry."""
    (tmp_path / "shout.py").write_text(
        "def load(environment):\n    return lambda body, content_type: body.upper()\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    fleets = fleets_of(SandboxSettings(models=("shout",)))
    fleets.ensure(spec("registry.example/rollway-sandbox/python:shout"))
    wait_until(lambda: fleets.health("fleet-1").ready)
    assert fleets.call("fleet-1", Invocation("digits-prod", b"hello"), 10).body == b"HELLO"


def test_unknown_fleet_is_not_ready(fleets_of: FleetsOf) -> None:
    """A fleet that nobody ensured is not ready, and retiring it is ignored."""
    fleets = fleets_of(SandboxSettings())
    fleets.retire("nobody")
    assert not fleets.health("nobody").ready


SANDBOX = """
import sys, time
from pathlib import Path
from rollway.sandbox.fleets import FleetSpec
from rollway.sandbox.serving.process_fleets import ProcessFleets
from rollway.sandbox.settings import SandboxSettings

folder, model = Path(sys.argv[1]), sys.argv[2]
# A shell that leaves a child behind: what a server started itself must go too.
line = f"echo $$; sleep 1000 & echo $!; exec {sys.executable} -m rollway.sandbox.serving --port {{port}} {model}"
fleets = ProcessFleets(SandboxSettings(images={"image": ("sh", "-c", line)}), folder)
fleets.ensure(FleetSpec("orphans", "e", "v", "m", "image", {}, None, 1))
while not fleets.health("orphans").ready:
    time.sleep(0.01)
print("ready", flush=True)
time.sleep(1000)
"""


def test_no_server_outlives_a_killed_sandbox(tmp_path: Path, wait_until: Await) -> None:
    """When the sandbox is killed with SIGKILL, its model servers and their children die with it."""
    model = tmp_path / "model.py"
    model.write_text("def load(environment):\n    return lambda body, content_type: body\n", encoding="utf-8")
    command = [sys.executable, "-c", SANDBOX, str(tmp_path), str(model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdout.readline() == "ready\n"
        server, child = (int(pid) for pid in (tmp_path / "orphans.log").read_text(encoding="utf-8").split()[:2])
        assert is_running(server)
        assert is_running(child)
        sandbox.kill()
        wait_until(lambda: not is_running(server) and not is_running(child))


PATIENT_MODEL = """
import time
from pathlib import Path

def load(environment):
    folder = Path(environment["FOLDER"])

    def predict(body, content_type):
        (folder / "asked").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
        return b"done"

    return predict
"""


def test_retired_server_finishes_the_request_it_has(
    fleets_of: FleetsOf, spec: Spec, wait_until: Await, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update loses no request: a retired server gets no new ones and has time for those under way."""
    (tmp_path / "patient.py").write_text(PATIENT_MODEL, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    fleets = fleets_of(SandboxSettings(models=("patient",), environment=("FOLDER",)))
    fleets.ensure(spec("rollway-sandbox/python:patient", {"FOLDER": str(tmp_path)}))
    wait_until(lambda: fleets.health("fleet-1").ready)
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(fleets.call, "fleet-1", Invocation("digits-prod", b""), 10)
        wait_until((tmp_path / "asked").exists)
        fleets.retire("fleet-1")
        (tmp_path / "go").touch()
        reply = asking.result()
    assert (reply.status, reply.body) == (200, b"done")
