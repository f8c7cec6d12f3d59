"""A healthy candidate's canary under a real Prefect server: what the run ends as, and what a person finds in Prefect's UI."""

from collections.abc import Generator

import pytest
import yaml
from prefect.settings import PREFECT_UI_URL

from policies.lifecycle import Ending, Outcome
from tests.flows.account import ENDPOINT
from tests.flows.playing import Played, ask_for, play
from tests.notices.receiving import Receiver, receiving


@pytest.fixture(scope="module")
def receiver(environment, tmp_path_factory) -> Generator[Receiver]:
    """Somebody who is told, by the file that the worker's environment names."""
    with receiving() as found:
        path = tmp_path_factory.mktemp("notices") / "notifications.yaml"
        path.write_text(yaml.safe_dump({"routes": [{"name": "team", "url": found.url()}]}))
        environment.setenv("ROLLWAY_NOTIFICATIONS", str(path))
        yield found


@pytest.fixture(scope="module")
def promoted(account, policy, receiver) -> Played:
    """The run, played once for all tests here."""
    del account, receiver  # they are up, and the environment points at them
    return play(ask_for("fraud-v7", policy))


def test_run_ends_promoted_and_hands_over_the_ending(promoted):
    """The outcome is the run's state, and its result is the ending itself."""
    record = promoted.record()
    assert record.state is not None
    assert (record.state.is_completed(), record.state.name) == (True, "Promoted")
    assert "fraud-v7 serves all traffic of fraud-prod" in str(record.state.message)
    assert isinstance(promoted.result, Ending)
    assert promoted.result.outcome is Outcome.PROMOTED


def test_endpoint_serves_the_candidate(promoted, account):
    """What the run says is true of the endpoint."""
    assert promoted.state.name == "Promoted"
    config = account.cloud.call("DescribeEndpointConfig", {"EndpointConfigName": account.live()["EndpointConfigName"]})
    assert [variant["ModelName"] for variant in config["ProductionVariants"]] == ["fraud-v7"]


def test_report_says_outcome_reason_gates_and_what_happened(promoted):
    """Whoever opens the run reads its story without leaving the page."""
    report = promoted.artifact("markdown")
    assert report.startswith("# PROMOTED at ")
    assert promoted.result.reason in report
    for gate in ("errors", "sample", "split"):
        assert f"**{gate} PASS** — " in report
    assert "shift traffic to AllTraffic 70 %, candidate 30 %" in report
    assert report.index("started by") < report.index("every gate passed at 30 %") < report.index("promoting fraud-v7")


def test_progress_reaches_the_end(promoted):
    """The progress bar is full when the candidate serves everything."""
    assert promoted.artifact("progress") == 100


def test_runs_have_names_that_a_person_can_read(promoted):
    """Neither the run nor its tasks are called by an adjective and an animal: each says what it does to what."""
    commands = {"shift traffic to AllTraffic 70 %, candidate 30 %", "shift traffic to AllTraffic 10 %, candidate 90 %"}
    reading = {f"forecast {ENDPOINT}", f"read endpoint {ENDPOINT}", f"read metrics of {ENDPOINT}"}
    expected = commands | reading | {f"plan {ENDPOINT} to fraud-v7"}
    assert promoted.record().name == "fraud-prod to fraud-v7"
    assert expected <= promoted.task_names(expected)


def test_people_are_told_by_the_time_the_run_ends(promoted, receiver):
    """Each event once, and every message leads to the run in Prefect's UI."""
    words = [title.split(" at ")[0] for title in receiver.titles]
    assert words == ["STARTED", "SHIFTED", "SHIFTED", "PROMOTED"]
    page = f"{PREFECT_UI_URL.value()}/runs/flow-run/{promoted.record().id}"
    assert all(f"Flow run: {page}" in got["message"] for got in receiver.got)
