"""``rollway serve``: what a user types, what is told, and a whole round over real HTTP until SIGTERM."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from rollway.cli import main
from rollway.cli.exits import Exit
from tests.loop.rehearsal import Rehearsal
from tests.webhooks import signing

SECRET = "served-secret-0123456789"  # noqa: S105 - of this story only
PATIENCE_S = 30


@pytest.fixture
def bindings(tmp_path: Path) -> str:
    """A bindings file in which the model of the event does not occur."""
    file = tmp_path / "bindings.yaml"
    wanted = {"name": "ranking", "registry": "mlflow", "model": "ranking", "when": {"alias": "champion"}}
    made = {"role": "arn:aws:iam::123456789012:role/serving", "image": "ranking:1", "artifact": "none"}
    file.write_text(json.dumps({"bindings": [{**wanted, "endpoints": [{"endpoint": "ranking-prod"}], "make": made}]}))
    return str(file)


@pytest.fixture(autouse=True)
def _signals() -> Generator[None]:
    """Leave this process's signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def deliver_then_end(url: str, answers: list[httpx.Response]) -> None:
    """Send one event as soon as there is somebody, and end this process's receiver once it is handled."""
    body, headers = signing.mlflow(signing.alias_set(), SECRET, datetime.now(UTC))
    until = time.monotonic() + PATIENCE_S
    handled = False
    while time.monotonic() < until and not handled:
        try:
            if not answers:
                answers.append(httpx.post(f"{url}/mlflow", content=body, headers=headers))
            handled = 'rollway_webhook_events_total{outcome="handled"} 1.0' in httpx.get(f"{url}/metrics").text
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)


def test_an_event_is_received_and_handled_until_sigterm(
    rehearsal: Rehearsal,
    bindings: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The documented command receives a signed event, has it handled, logs JSON without the secret, and ends well on SIGTERM."""
    rehearsal.clock.advance(
        datetime.now(UTC) - rehearsal.clock.now()
    )  # the receiver goes by AWS's time, the sender by its own
    monkeypatch.setenv("ROLLWAY_MLFLOW_SECRET", SECRET)
    port, answers = free_port(), []
    sender = threading.Thread(target=deliver_then_end, args=(f"http://127.0.0.1:{port}", answers))
    sender.start()
    arguments = ["--journal", "s3://journal/rollway", "--region", "us-east-1", "--output", "json"]

    code = main(["serve", "--bindings", bindings, "--port", str(port), *arguments])
    sender.join()

    told, logged = capsys.readouterr()
    assert code == Exit.OK
    assert json.loads(told) == {
        "url": f"http://127.0.0.1:{port}",
        "senders": ["mlflow"],
        "queues": [],
        "approvals": False,
    }
    assert answers[0].status_code == 202
    lines = {line["event"]: line for line in map(json.loads, logged.splitlines())}
    assert "accepted" in lines
    assert lines["handled"]["why"] == "no binding is for fraud of mlflow"
    assert SECRET not in logged


def look_then_end(url: str, answers: list[httpx.Response]) -> None:
    """Open a link that nobody has signed, and end the receiver."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and not answers:
        try:
            answers.append(httpx.get(f"{url}/approvals/made-up"))
        except httpx.TransportError:
            time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)


def test_people_alone_are_served_without_bindings(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The documented command needs nothing but the secret, and says where the page is."""
    del rehearsal
    monkeypatch.setenv("ROLLWAY_APPROVAL_SECRET", SECRET)
    port, answers = free_port(), []
    visitor = threading.Thread(target=look_then_end, args=(f"http://127.0.0.1:{port}", answers))
    visitor.start()

    code = main(["serve", "--journal", "s3://journal/rollway", "--region", "us-east-1", "--port", str(port)])
    visitor.join()

    told, logged = capsys.readouterr()
    assert code == Exit.OK
    assert f"answers at http://127.0.0.1:{port}/approvals/" in told
    assert answers[0].status_code == 403
    assert "was not signed by this Rollway" in answers[0].text
    assert "made-up" not in logged


REFUSED = {
    "nobody can send": ([], {}, "nobody could send anything"),
    "no topic": (["--topic", "arn:aws:sqs:x"], {}, "no ARN of an SNS topic"),
    "a short secret": ([], {"ROLLWAY_MLFLOW_SECRET": "hunter2"}, "a secret of 7 characters, of 16 at least"),
    "no header": (
        [],
        {"ROLLWAY_MLFLOW_SECRET": SECRET, "ROLLWAY_EVENTBRIDGE_HEADER": "X Api"},
        "no name of a header",
    ),
    "no such address": (["--host", "192.0.2.1"], {"ROLLWAY_MLFLOW_SECRET": SECRET}, "cannot listen on 192.0.2.1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_served(
    rehearsal: Rehearsal,
    bindings: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """A mistake in the options or the environment is told before anything is served, without any secret."""
    del rehearsal
    arguments, environment, expected = REFUSED[name]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)

    code = main(
        [
            "serve",
            "--bindings",
            bindings,
            "--journal",
            "s3://journal/rollway",
            "--region",
            "us-east-1",
            "--port",
            "0",
            *arguments,
        ]
    )

    told = capsys.readouterr().err
    assert code == Exit.REFUSED
    assert expected in told
    assert "hunter2" not in told
