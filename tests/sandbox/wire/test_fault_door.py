"""Faults are planted, listed and removed over HTTP while the sandbox runs."""

import http.client
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_door import PATH
from rollway.sandbox.fault_menu import ExpiredCredentials, LostAnswer, MetricGap, Outage
from rollway.sandbox.server import ControlPlane
from rollway.sandbox.snapshot import Snapshot

PAGE = Path(__file__).parents[3] / "docs" / "sandbox.md"
OUTAGE = {"fault": "outage", "service": "s3", "duration": "30s"}


def ask(plane: ControlPlane, method: str, content: object = None, token: str | None = None) -> tuple[int, Any]:
    """Make one request, by default with the right token, and return its status and what its JSON says."""
    connection = http.client.HTTPConnection(urlsplit(plane.url).netloc)
    body = content if content is None or isinstance(content, bytes) else json.dumps(content).encode()
    authorization = f"Bearer {plane.token}" if token is None else token
    connection.request(method, PATH, body, {"Authorization": authorization} if authorization else {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text.startswith(b"{") else text


def test_a_fault_is_planted_listed_and_removed(plane: ControlPlane, cloud: Cloud):
    """One fault goes to work at once, is listed with its times, and is gone after DELETE."""
    assert ask(plane, "GET") == (200, {"faults": []})
    status, planted = ask(plane, "POST", OUTAGE)
    assert (status, planted["fault"], planted["status"]) == (201, "outage", 503)
    assert cloud.faults.outage("s3", "") == Outage(service="s3", duration=timedelta(seconds=30))
    (listed,) = ask(plane, "GET")[1]["faults"]
    assert listed == {"fault": planted, "since": "2026-06-01T12:00:00Z", "left": None}
    assert ask(plane, "DELETE") == (200, {"faults": []})
    assert cloud.faults.planted() == []


def test_what_is_listed_can_be_planted(plane: ControlPlane, cloud: Cloud):
    """A fault as GET shows it is a fault that POST takes."""
    ask(plane, "POST", OUTAGE)
    (listed,) = ask(plane, "GET")[1]["faults"]
    ask(plane, "POST", listed["fault"])
    first, second = cloud.faults.planted()
    assert first.fault == second.fault


def test_the_faults_in_the_pages_text_can_be_planted(plane: ControlPlane, cloud: Cloud):
    """What the sandbox page shows of outages, expired credentials and lost answers is what the menu takes."""
    shown = [yaml.safe_load(text) for text in re.findall(r"`(\{fault: .*?\})`", PAGE.read_text("utf-8"))]
    assert {ask(plane, "POST", fault)[0] for fault in shown} == {201}
    assert {type(each.fault) for each in cloud.faults.planted()} >= {Outage, ExpiredCredentials, LostAnswer}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"fault": "gremlins"}, "gremlins"),
        ({"fault": "throttle"}, "throttle.operation: Field required"),
        ({**OUTAGE, "status": 404}, "outage.status: Input should be 500 or 503"),
        (b"no json", "Invalid JSON"),
    ],
)
def test_what_is_no_fault_is_refused(plane: ControlPlane, cloud: Cloud, content: object, problem: str):
    """A mistake is answered with 400 and what is wrong, and nothing is planted."""
    status, answer = ask(plane, "POST", content)
    assert status == 400
    assert problem in " ".join(answer["problems"])
    assert cloud.faults.planted() == []


def test_other_methods_are_refused(plane: ControlPlane):
    """PUT does nothing, and the answer says what would."""
    status, answer = ask(plane, "PUT", OUTAGE)
    assert (status, answer["problems"]) == (405, [f"{PATH} knows no PUT: GET, POST or DELETE"])


@pytest.mark.parametrize(
    "token", ["", "Bearer ", "Bearer of-another-run", "Basic {}", "{}", "AWS4-HMAC-SHA256 {}", "Bearer ü"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
def test_the_door_opens_for_the_token_of_the_run_only(plane: ControlPlane, cloud: Cloud, method: str, token: str):
    """Without it nothing is listed, planted or removed, and the answer says where it is printed."""
    ask(plane, "POST", OUTAGE)
    status, answer = ask(plane, method, OUTAGE, token=token.format(plane.token))
    assert (status, list(answer)) == (401, ["problems"])
    assert "Authorization: Bearer $ROLLWAY_SANDBOX_TOKEN" in answer["problems"][0]
    assert len(cloud.faults.planted()) == 1


def test_every_run_has_a_token_of_its_own(cloud: Cloud):
    """Two runs share none unless whoever starts them says so; it is as long as 256 bits need."""
    first, second = ControlPlane(cloud).token, ControlPlane(cloud).token
    assert first != second
    assert len(first) >= 256 / 6
    assert ControlPlane(cloud, token=first).token == first


def test_removing_faults_ends_gaps_in_metrics(cloud: Cloud, clock: VirtualClock):
    """What was lost stays lost, but from now on metrics are recorded again."""
    since = clock.now()
    cloud.plant(MetricGap(duration=timedelta(hours=1)))
    cloud.plant(MetricGap(duration=timedelta(hours=1), after=timedelta(minutes=5)))
    clock.advance(timedelta(minutes=1))
    cloud.clear_faults()
    assert cloud.metrics.gaps == [({}, since, since + timedelta(minutes=1))]


def test_planted_and_removed_faults_are_saved(cloud: Cloud, clock: VirtualClock, tmp_path: Path):
    """A sandbox that is killed right after a request about faults restarts with exactly what was asked."""
    Snapshot(cloud, tmp_path).follow()
    cloud.plant(Outage(service="s3", duration=timedelta(hours=1)))
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    assert again.faults.outage("s3", "") is not None
    cloud.clear_faults()
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    assert again.faults.outage("s3", "") is None
