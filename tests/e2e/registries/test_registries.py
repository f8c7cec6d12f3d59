"""From a registry to the promoted model and back, with everything real but AWS, which is SIMULATED.

Minutes, and MLflow is large, so only with ``make registries``.
"""

import json
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import uvicorn
from cryptography.x509.verification import Store
from playwright.sync_api import expect, sync_playwright

from rollway.cli.demo import processes
from rollway.loop.starting import open_journal
from rollway.secrets import Secrets
from rollway.webhooks.doors import SENDERS
from rollway.webhooks.handling import make_handler
from rollway.webhooks.receiver import Outside, Receiver, Senders
from tests.e2e.prefect.browser import BROWSER
from tests.e2e.prefect.site import ROOT, wait_for
from tests.e2e.registries.conftest import Team
from tests.e2e.registries.mlflow import SERVER
from tests.webhooks import signing

pytestmark = pytest.mark.skipif(os.environ.get("ROLLWAY_CHAOS") != "full", reason="minutes: only with make registries")
PICTURE = ROOT / "docs/images/registry-run.png"


@pytest.mark.skipif(not SERVER.exists(), reason="MLflow is not installed: make registries")
def test_an_alias_that_is_set_in_mlflow_is_rolled_out_and_told(team: Team, tmp_path, capsys):
    """A real signed webhook leads to a flow run, the bound endpoint to the version, and the version to its tags and alias."""
    assert team.mlflow
    began = datetime.now(UTC)
    team.mlflow.set_alias("digits", "champion", 2)

    outcome = team.site.await_outcome("digits")
    tags, aliases = wait_for(lambda: seen if "live" in (seen := team.mlflow.version("digits", 2))[1] else None)

    assert outcome == "PROMOTED"
    assert serving_model(team, "digits").startswith("digits-2-")
    assert (tags["rollway.outcome"], sorted(aliases)) == ("PROMOTED", ["champion", "live"])
    assert tags["rollway.journal"].startswith("s3://")
    (run,) = runs_for(team, "version:2", "registry:mlflow")
    team.site.ended(run["id"])
    with capsys.disabled():
        print(  # noqa: T201 - a measurement, for whoever reads
            f"\nfrom the alias to the first task of the flow: {(first_task_at(team, run['id']) - began).total_seconds():.1f} s"
        )
    if BROWSER:
        take_picture(team, run["id"], PICTURE if os.environ.get("ROLLWAY_PICTURES") else tmp_path / PICTURE.name)


def test_an_approval_that_comes_by_a_queue_is_rolled_out_and_told(team: Team):
    """EventBridge's event in an SQS queue leads to the approved package on its endpoint, once, however often it comes."""
    event = team.approve("by-queue") | {"id": "by-queue-1", "time": datetime.now(UTC).isoformat()}
    for _ in range(2):
        team.site.aws.sqs.send_message(QueueUrl=team.queue, MessageBody=json.dumps(event))

    assert_promoted(team, "by-queue", event["detail"]["ModelPackageArn"])


def test_an_approval_that_comes_by_sns_is_rolled_out_and_told(team: Team):
    """The same by HTTPS from SNS, with a signature that is checked up to a root; the root and the certificate are the test's own."""
    event = team.approve("by-topic") | {"id": "by-topic-1", "time": datetime.now(UTC).isoformat()}
    sent_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    signer = signing.sns_signer(days=3000)
    body, headers = signing.sns(signer, Message=json.dumps(event), Timestamp=sent_at)
    forged = body.replace(b"by-topic-1", b"by-topic-2")

    with receiving_from_sns(team, signer) as url:
        assert httpx.post(f"{url}/sns", content=forged, headers=headers).status_code == 401
        assert httpx.post(f"{url}/sns", content=body, headers=headers).status_code == 202
        assert_promoted(team, "by-topic", event["detail"]["ModelPackageArn"])


def assert_promoted(team: Team, endpoint: str, package: str) -> None:
    """The package serves, by one flow run, and knows it."""
    describe = team.site.aws.sagemaker.describe_model_package

    assert team.site.await_outcome(endpoint) == "PROMOTED"
    told = wait_for(lambda: describe(ModelPackageName=package).get("CustomerMetadataProperties") or None)
    assert told["rollway.outcome"] == "PROMOTED"
    model = team.site.aws.sagemaker.describe_model(ModelName=serving_model(team, endpoint))
    assert model["PrimaryContainer"]["ModelPackageName"] == package
    assert len(runs_for(team, f"binding:{endpoint}")) == 1


def serving_model(team: Team, endpoint: str) -> str:
    return team.site.config_of(endpoint)["ProductionVariants"][0]["ModelName"]


def runs_for(team: Team, *tags: str) -> list[dict[str, Any]]:
    """The flow runs with these tags."""
    return team.site.ask("POST", "/flow_runs/filter", {"flow_runs": {"tags": {"all_": list(tags)}}}).json()


def first_task_at(team: Team, run: str) -> datetime:
    """When the first task of a flow run began."""
    asked = {"flow_runs": {"id": {"any_": [run]}}}
    tasks = team.site.ask("POST", "/task_runs/filter", asked).json()
    return min(datetime.fromisoformat(each["start_time"]) for each in tasks if each["start_time"])


@contextmanager
def receiving_from_sns(team: Team, signer: signing.Signer) -> Generator[str]:
    """Serve a receiver that trusts the test's root, and finds certificates with the test instead of on the internet."""
    certificates = {signing.PEM_URL: signing.pem(signer), signing.CA_URL: signing.der(signing.sub_authority())}
    store = open_journal(team.site.aws, team.site.environment["ROLLWAY_JOURNAL"])
    outside = Outside(
        team.site.aws,
        store,
        make_handler(team.site.aws, store, team.bindings),
        fetch=certificates.__getitem__,
        roots=Store([signing.root().certificate]),
    )
    receiver = Receiver(Senders(Secrets(SENDERS, lambda _: ()), frozenset({signing.TOPIC})), outside)
    port = processes.free_port()
    server = uvicorn.Server(uvicorn.Config(receiver.app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    with patch.dict(os.environ, team.site.environment):  # where its threads find Prefect
        thread.start()
        wait_for(lambda: server.started or None)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join()


def take_picture(team: Team, run: str, path) -> None:
    """Take a picture of the flow run in Prefect's UI."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(str(team.site.api.base_url.copy_with(path=f"/runs/flow-run/{run}")))
        expect(page.get_by_text("Promoted").first).to_be_visible(timeout=60_000)
        time.sleep(2)  # the graph draws itself
        page.screenshot(path=path)
        browser.close()
