"""The deployment as a user has it: real server, real worker, real processes, and a SIMULATED AWS. No browser is needed here."""

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.prefect.site import ROOT, documented_commands


def test_sigterm_to_the_flow_brings_the_endpoint_back(site, runs):
    """A flow process that is told to end in the middle of a bake leaves the endpoint on its baseline."""
    site.await_serving("terminated", "candidate")

    os.kill(int(site.run(runs["terminated"])["infrastructure_pid"].rpartition(":")[2]), signal.SIGTERM)

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

    site.set_state(runs["suspended"], type="PAUSED", name="Suspended")

    site.await_baseline("suspended")
    assert site.run(runs["suspended"])["state"]["name"] == "Suspended"


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


def test_unknown_endpoint_fails_the_run_before_anything_is_touched(site):
    """A request that could be one, for an endpoint that is not there, is a failed run that says so."""
    answer = site.submit(endpoint="no-such-endpoint", model="digits-better")

    state = site.ended(answer.json()["id"])
    assert (state["type"], state["name"]) == ("FAILED", "Not started")
    assert "no-such-endpoint" in state["message"]


def test_site_was_brought_up_with_the_documented_commands(site):
    """The site stands by what README.md tells a user to type, word by word; its deployment is there to be run."""
    documented = [
        "prefect work-pool create rollway --type process",
        "prefect --no-prompt deploy --prefect-file deployments.yaml --all",
        "prefect worker start --pool rollway",
    ]
    typed = [" ".join([Path(program).name, *rest]) for program, *rest in documented_commands()]
    readme = (ROOT / "README.md").read_text("utf-8")

    assert typed == documented
    assert "\n".join(documented) in readme
    assert site.ask("GET", "/deployments/name/canary/canary").json()["work_pool_name"] == "rollway"
