"""The deployment as a user has it: real server, real worker, real processes, and a SIMULATED AWS."""

import os
import re
import signal
from datetime import UTC, datetime, timedelta

import pytest

from rollway.cli import main
from tests.e2e.prefect.browser import (
    ANSWERING,
    BROWSER,
    PICTURE,
    await_text,
    choose,
    fill_in,
    open_form,
    open_page,
    read_field,
    submit,
    submit_until_accepted,
)
from tests.e2e.prefect.conftest import LOST
from tests.e2e.prefect.site import ROOT, documented_commands, wait_for

HOW_TO = ROOT / "docs" / "how-to" / "run-with-prefect.md"
FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
STRATEGIES = ("canary", "linear", "blue-green", "control-twin", "shadow", "guardrail", "ab-test")
DEPLOYMENTS = (*STRATEGIES, "reconcile", "free-slots", "steer", "fleet", "poll-registries")
TAKE_UP = "rollway: take up what crashed"
CRASHED_WITHIN = timedelta(seconds=90 + 30)
"""Three heartbeats, and what Prefect takes to look."""
SUSPENDED_FOR = timedelta(seconds=20)


def test_loss_of_a_worker_leaves_no_process(lost):
    """Whether a worker is told to end or is killed, its flows end with it: what they left under way is nobody's, see below."""
    for process in lost.processes.values():
        wait_for(lambda process=process: None if is_alive(process) else True)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_sigterm_to_the_flow_brings_the_endpoint_back(site, runs):
    """A flow process that is told to end in the middle of a bake leaves the endpoint on its baseline."""
    site.await_serving("terminated", "candidate")

    os.kill(site.process_of(runs["terminated"]), signal.SIGTERM)

    state = site.ended(runs["terminated"])
    assert (state["type"], state["name"]) == ("COMPLETED", "Aborted")
    assert "SIGTERM" in state["message"]
    site.await_baseline("terminated")


def test_cancelling_in_prefect_brings_the_endpoint_back(site, runs):
    """Cancel, pressed in the middle of a bake, leaves the endpoint on its baseline."""
    site.await_serving("cancelled", "candidate")

    site.set_state(runs["cancelled"], type="CANCELLING")

    assert site.ended(runs["cancelled"])["type"] == "CANCELLED"
    site.await_baseline("cancelled")


def test_suspending_in_prefect_brings_the_endpoint_back(site, runs):
    """Suspend, which makes Prefect end the run's process, leaves no endpoint between two models with nobody to look after it."""
    site.await_serving("suspended", "candidate")
    until = (datetime.now(UTC) + SUSPENDED_FOR).isoformat()

    site.set_state(runs["suspended"], type="PAUSED", name="Suspended", state_details={"pause_timeout": until})

    site.await_baseline("suspended")
    assert site.await_outcome("suspended") == "ABORTED"


def test_worker_rolls_a_model_out(site, runs):
    """A run that was started from the form's fields ends Promoted, and its report can be read in Prefect."""
    state = site.ended(runs["digits"])

    assert (state["type"], state["name"]) == ("COMPLETED", "Promoted"), state["message"]
    of_this_run = {"flow_runs": {"id": {"any_": [runs["digits"]]}}}
    reports = [each for each in site.ask("POST", "/artifacts/filter", of_this_run).json() if each["type"] == "markdown"]
    assert [report["data"].startswith("# PROMOTED") for report in reports] == [True]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"endpoint": "digits!"}, "rollout.endpoint"),
        ({"region": "Frankfurt"}, "rollout.region"),
        ({"polcy": "canary"}, "polcy"),
        ({"journal": "bucket/prefix"}, "rollout.journal"),
    ],
)
def test_wrong_form_is_refused_at_the_door(site, fields, told):
    """What cannot be a request never becomes a run: the server says which field is wrong."""
    answer = site.submit(**{"endpoint": "digits", "model": "digits-better"} | fields)

    assert answer.status_code == 409
    assert told in answer.json()["detail"]


@pytest.mark.usefixtures("asking")
def test_unknown_endpoint_fails_the_run_before_anything_is_touched(site):
    """A request that could be one, for an endpoint that is not there, is a failed run that says so."""
    answer = site.submit(endpoint="no-such-endpoint", model="digits-better")

    state = site.ended(answer.json()["id"])
    assert (state["type"], state["name"]) == ("FAILED", "Not started")
    assert "no-such-endpoint" in state["message"]


def test_site_was_brought_up_with_the_documented_commands(site):
    """The site stands by what README.md and deployments.yaml tell a user to type, word by word; its deployment is there to be run."""
    documented = [
        "prefect work-pool create rollway --type process",
        "prefect --no-prompt deploy --prefect-file deployments.yaml --all",
        "rollway setup",
        "prefect worker start --pool rollway",
    ]

    assert documented_commands() == documented
    assert "rollway setup\nprefect worker start --pool rollway" in HOW_TO.read_text("utf-8")
    assert site.ask("GET", "/deployments/name/canary/canary").json()["work_pool_name"] == "rollway"


def test_setup_and_prefect_deploy_mean_the_same(site):
    """What ``prefect deploy`` has made of the file is what setup wants of it: only the automations, which it cannot make, were missing."""
    assert site.told["rollway setup"].splitlines()[:-1] == [
        "By deployments.yaml:",
        "unchanged  work pool rollway",
        *(f"unchanged  deployment {name}/{name}" for name in DEPLOYMENTS),
        "created    automation rollway: mark dead runs crashed",
        "created    automation rollway: mark runs crashed that never began",
        "created    automation rollway: take up what crashed",
        "created    automation rollway: free what dead runs occupy",
    ]


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_form_in_a_browser_starts_a_canary(site, policies, tmp_path):
    """What could never be carried out is refused at the door by the field's name; what a person types in is rolled out."""
    site.create_endpoint("typed")
    before = site.asked_for("canary/canary")

    with open_form(site, "canary/canary") as page:
        fill_in(page, endpoint="fraud-prod", new_model="fraud-v7")
        page.screenshot(path=PICTURE if os.environ.get("ROLLWAY_PICTURES") else tmp_path / PICTURE.name)
        fill_in(page, endpoint="fraud prod")
        submit(page)
        await_text(page, "'rollout.endpoint'")
        assert site.asked_for("canary/canary") == before

        site.await_serving("typed", "AllTraffic")
        fill_in(page, endpoint="typed", new_model="digits-better", policy=policies["linger"])
        submit_until_accepted(page)
    site.await_serving("typed", "candidate")

    asked = next(each for each in site.asked_for("canary/canary") if each not in before)
    assert (asked["endpoint"], asked["model"], asked["policy"]) == ("typed", "digits-better", policies["linger"])


@pytest.mark.usefixtures("asking")
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_a_stage_that_asks_is_answered_in_the_form(site, tmp_path):
    """The run's artifact leads to a form that has the endpoint filled in and nothing decided; what is chosen there is heard."""
    of_this_run = {"artifacts": {"key": {"any_": ["rollway-question-digits"]}}}
    question = wait_for(lambda: next(iter(site.ask("POST", "/artifacts/filter", of_this_run).json()), None))
    assert "digits-baseline on digits awaits approval at 40 %" in question["data"]
    address = re.search(r"\]\((http\S+)\)", question["data"])[1]

    with open_page(address) as page:
        await_text(page, "What to do")
        assert read_field(page, "Endpoint") == "digits"
        choose(page, "What to do", "approve")
        fill_in(page, why="numbers look right", who_asks="Ada")
        page.screenshot(path=ANSWERING if os.environ.get("ROLLWAY_PICTURES") else tmp_path / ANSWERING.name)
        submit_until_accepted(page)

    approved = site.await_state("digits", lambda state: state.approved)
    assert [(each.stage, each.by, each.reason) for each in approved] == [(0, "Ada", "numbers look right")]


def test_suspended_run_that_nobody_resumes_changes_nothing(site, runs):
    """Prefect fails the run when its time is out, with no process left: the endpoint is on its baseline, and nothing is left behind."""
    state = site.ended(runs["suspended"])

    assert (state["type"], state["message"]) == ("FAILED", "The flow was paused and never resumed.")
    site.await_baseline("suspended")
    assert site.left_over("suspended") == []


@pytest.mark.parametrize("endpoint", LOST)
def test_rollout_of_a_lost_worker_is_brought_to_its_end(site, lost, endpoint):
    """SIGTERM to a worker, or SIGKILL of worker and flow: the minutely reconcile ends the rollout, and leaves nothing behind."""
    assert endpoint in lost.processes

    assert site.await_outcome(endpoint) == "ROLLED_BACK"
    site.await_baseline(endpoint)
    assert site.left_over(endpoint) == []


@pytest.mark.skipif(not FULL, reason="Prefect's heartbeats take their minute and a half: only with ROLLWAY_CHAOS=full")
def test_run_without_a_process_is_marked_crashed(site, runs, lost, asking):
    """A dead run is found by its silence, after three heartbeats, and reconcile is started for it; a run that lives is left alone."""
    for endpoint in LOST:
        state = site.ended(runs[endpoint], limit_s=2 * CRASHED_WITHIN.total_seconds())
        assert (state["type"], state["message"]) == ("CRASHED", "no sign of life for 90 s")
        crashed = datetime.fromisoformat(state["timestamp"])
        assert crashed < lost.at + CRASHED_WITHIN
        assert wait_for(lambda crashed=crashed: site.started_by(TAKE_UP, after=crashed) or None)
    assert site.run(asking)["state"]["name"] == "Running"


def test_rollout_goes_on_when_prefects_server_is_gone_for_good(site, asking):
    """The server is killed in the middle of a rollout and never comes back: its flow ends it as it should. Nothing can come after."""
    asked = site.await_state("digits", lambda state: state.awaiting_since and state)
    process = site.process_of(asking)

    site.server.kill()
    for stage in range(asked.stage, 2):
        site.await_state("digits", lambda state, stage=stage: state.stage == stage and state.awaiting_since)
        assert main(["approve", "digits", "--reason", "Prefect need not know"]) == 0

    assert site.await_outcome("digits") == "PROMOTED"
    (variant,) = site.config_of("digits")["ProductionVariants"]
    assert variant["ModelName"] == "digits-baseline"
    os.kill(
        process, signal.SIGKILL
    )  # the rollout is over; Prefect's client would go on asking for the server for a minute
