"""``rollway setup`` before it reaches a server: what is wrong with the file of deployments, and with the way to the server."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollway.cli import main
from rollway.cli.setting_up.places import Place, find_place

ROOT = Path(__file__).parents[2]
CANARY = f"{ROOT}/flows/canary.py:canary"
NAMES = [each["name"] for each in yaml.safe_load((ROOT / "deployments.yaml").read_text("utf-8"))["deployments"]]
RECONCILE, COUNT = NAMES.index("reconcile"), len(NAMES)
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def deployments(tmp_path: Path) -> Callable[[Change], str]:
    """Write the project's deployments, changed, to a folder of their own, and return the path."""

    def write(change: Change) -> str:
        document = yaml.safe_load((ROOT / "deployments.yaml").read_text("utf-8"))
        for each in document["deployments"]:
            each["entrypoint"] = str(ROOT / each["entrypoint"])
        change(document)
        path = tmp_path / "deployments.yaml"
        path.write_text(yaml.safe_dump(document), "utf-8")
        return str(path)

    return write


def in_canary(**fields: Any) -> Change:
    return lambda document: document["deployments"][0].update(fields)


def in_schedule(**fields: Any) -> Change:
    return lambda document: document["deployments"][RECONCILE]["schedules"][0].update(fields)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda document: document.update(deployment=[]),
            ["deployment: is no key", "known here: name, prefect-version"],
        ),
        (lambda document: document.update(deployments=[]), ["deployments: ", "at least 1 item"]),
        (lambda document: document.pop("deployments"), ["expected a file with deployments, found a mapping without"]),
        (in_canary(concurency_limit=1), ["deployments[0].concurency_limit: is no key", "concurrency_limit"]),
        (in_canary(triggers=[]), ["deployments[0].triggers: is no key that setup knows"]),
        (
            in_canary(work_pool={"nam": "rollway"}),
            ["deployments[0].work_pool.nam", "known here: name, work_queue_name"],
        ),
        (in_canary(concurrency_limit=0), ["deployments[0].concurrency_limit.limit", "not 0"]),
        (in_canary(concurrency_limit={"limit": 1, "collision_strategy": "QUEUE"}), ["collision_strategy", "'QUEUE'"]),
        (in_canary(tags="rollout"), ["deployments[0].tags", "'rollout'"]),
        (in_canary(entrypoint=f"{ROOT}/flows/cannary.py:canary"), ["deployments[0].entrypoint", "cannary.py"]),
        (in_canary(entrypoint=f"{ROOT}/flows/canary.py:kanary"), ["deployments[0].entrypoint", "'kanary' not found"]),
        (in_canary(entrypoint=f"{ROOT}/flows/canary.py:roll_out"), ["deployments[0].entrypoint", "is not a flow"]),
        (in_canary(parameters={"rolout": {}}), ["deployments[0].parameters.rolout", "it has: rollout"]),
        (in_canary(work_pool={"job_variables": {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "10"}}}), ["'10'", "30"]),
        (
            in_schedule(cron="0 6 * * 1"),
            [f"deployments[{RECONCILE}].schedules[0]", "exactly one of cron, interval and rrule"],
        ),
        (
            in_schedule(interval=None, cron="at six"),
            [f"deployments[{RECONCILE}].schedules[0]", "is no schedule", "at six"],
        ),
        (
            in_schedule(parameters={"jurnal": ""}),
            [f"deployments[{RECONCILE}].schedules[0].parameters.jurnal", "journal"],
        ),
        (
            lambda document: document["deployments"].pop(RECONCILE),
            ["reconcile/reconcile", "take up what lost its process"],
        ),
        (
            lambda document: document["deployments"].append(document["deployments"][-1]),
            [f"deployments[{COUNT}].name", f"{NAMES[-1]}/{NAMES[-1]} is there twice"],
        ),
    ],
)
def test_file_that_prefect_would_half_ignore_is_refused(deployments, capsys, change, told):
    """What Prefect would drop without a word, or find out in the first run, is told by its place before anything is touched."""
    path = deployments(change)

    assert main(["setup", "--file", path]) == 2

    err = capsys.readouterr().err
    without_lines = re.sub(r" \(line \d+\)", "", err)
    assert [words for words in told if words not in without_lines] == []
    assert f"{path}: 1 problem; nothing was changed" in err


def test_all_problems_are_told_at_once(deployments, capsys):
    """A person corrects the file once, not once for each mistake."""
    path = deployments(lambda document: [each.update(tag=[]) for each in document["deployments"]])

    assert main(["setup", "--file", path]) == 2

    err = capsys.readouterr().err
    assert f"{COUNT} problems" in err
    assert [f"deployments[{number}].tag" in err for number in range(COUNT)] == [True] * COUNT


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, ["No such file", "--file"]),
        ("deployments: [", ["is not valid YAML"]),
        ("- canary", ["expected a file with deployments, found a list"]),
    ],
)
def test_what_is_no_file_of_deployments_is_refused(tmp_path, capsys, content, told):
    """A missing or foreign file is one clear message that says how to give another."""
    path = tmp_path / "deployments.yaml"
    if content is not None:
        path.write_text(content, "utf-8")

    assert main(["setup", "--file", str(path)]) == 2

    err = capsys.readouterr().err
    assert [words for words in [str(path), *told] if words not in err] == []


def test_a_file_that_is_given_goes_before_the_one_of_this_folder_and_that_before_rollways_own(tmp_path, monkeypatch):
    """Nobody who keeps deployments of their own gets others; where there are none, the entrypoints lead to the flows that are installed."""
    monkeypatch.chdir(tmp_path)
    given = tmp_path / "elsewhere" / "mine.yaml"
    assert find_place(None) == Place(ROOT / "deployments.yaml", ROOT)
    assert find_place(given) == Place(given, given.parent)
    (tmp_path / "deployments.yaml").touch()
    assert find_place(None) == Place(Path("deployments.yaml"), tmp_path)
    assert find_place(given) == Place(given, given.parent)


def test_a_copy_may_name_the_flows_by_their_modules(deployments, monkeypatch, capsys):
    """Who has Rollway as a package changes a copy of the file: the flows are found wherever it lies, and only the server is missing."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    by_module = str.maketrans({"/": ".", ":": "."})

    def rename(document: dict[str, Any]) -> None:
        for each in document["deployments"]:
            path = Path(each["entrypoint"]).relative_to(ROOT)
            each["entrypoint"] = str(path).replace(".py", "").translate(by_module)

    assert main(["setup", "--file", deployments(rename)]) == 2

    assert "no Prefect server is set up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ({}, ["no Prefect server is set up", "PREFECT_API_URL"]),
        (
            {"PREFECT_API_URL": "http://127.0.0.1:9/api"},
            ["http://127.0.0.1:9/api cannot be reached", "PREFECT_API_URL"],
        ),
    ],
)
def test_server_that_is_not_there_is_one_clear_error(server, told):
    """Without a server, setup says so at once; above all it does not start one of its own, which would be gone with it."""
    command = [sys.executable, "-m", "rollway.cli", "setup"]

    done = subprocess.run(command, cwd=ROOT, env=os.environ | server, capture_output=True, text=True, check=False)

    assert done.returncode == 2, done.stderr
    assert [words for words in told if words not in done.stderr] == []
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (503, ["is too busy to answer (503)", "Run rollway setup again"]),
        (401, ["refused the credentials (401)", "API_KEY"]),
    ],
)
def test_server_that_turns_everything_down_is_one_clear_error(status, told):
    """A server that stays busy, or that knows somebody else's password only, is not asked for ever, and is told from one that is away."""
    with answering(status) as url:
        environment = os.environ | {"PREFECT_API_URL": url, "PREFECT_CLIENT_MAX_RETRIES": "1"}
        command = [sys.executable, "-m", "rollway.cli", "setup"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 2, done.stderr
    assert [words for words in [url, *told] if words not in done.stderr] == []


@contextmanager
def answering(status: int) -> Generator[str]:
    """A server that answers every request in the same way."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
