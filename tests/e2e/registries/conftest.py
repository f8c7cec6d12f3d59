"""A team's site: a model registry, the receiver, Prefect with a worker, the simulated AWS with real model servers, and users."""

import json
import threading
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollway.cli.demo import processes
from rollway.sandbox.digits.training import WEIGHTS_VARIABLE, held_out_rows
from tests.e2e.prefect.site import BIN, Site, open_site, running
from tests.e2e.registries.mlflow import SECRET, SERVER, Mlflow, serving

ROLE = "arn:aws:iam::123456789012:role/digits"
IMAGE = "rollway-sandbox/python:rollway.sandbox.digits.model"
POLICY = """
strategy: canary
stages: [{share: 20, bake: 5s}, {share: 60, bake: 5s}]
gates:
  errors: {metric: model_errors, no_worse_than: {ratio: 1.5, or_absolute: 5%}}
  sample: {requests_at_least: 20}
  split: {share_within: 50%}
metrics: {period: 1s, settle: 2s, reread: 5s, look_every: 1s}
timeouts: {update: 1m, rollback: 1m, settle: 10s}
deadline: 2h
"""
APPROVED = ("by-queue", "by-topic")
"""Endpoints that follow a model package group of the same name."""
PAUSE_S = 0.04


@dataclass(frozen=True)
class Team:
    """What a test may use.

    Attributes:
        site: Prefect and the simulated AWS.
        mlflow: the real MLflow; None where it is not installed.
        queue: address of the queue that the receiver reads.
        bindings: the bindings file.
        log: what the receiver logs.
    """

    site: Site
    mlflow: Mlflow | None
    queue: str
    bindings: Path
    log: Path

    def approve(self, group: str) -> dict[str, Any]:
        """Register a version in SageMaker's registry, have it approved, and return what EventBridge would say of it."""
        sagemaker = self.site.aws.sagemaker
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
        weights = self.bindings.parent / "weights" / "2.npz"
        containers = [{"Image": IMAGE, "Environment": {WEIGHTS_VARIABLE: str(weights)}}]
        types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["application/json"]}
        arn = sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={"Containers": containers, **types},
        )["ModelPackageArn"]
        sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
        detail = {"ModelPackageGroupName": group, "ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}
        return {"source": "aws.sagemaker", "detail-type": "SageMaker Model Package State Change", "detail": detail}

    def logged(self) -> list[dict[str, Any]]:
        """What the receiver has logged, line by line."""
        lines = self.log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Generator[Team]:
    """Everything up, the receiver told to MLflow, two more endpoints with users of their own."""
    folder = tmp_path_factory.mktemp("team")
    ports = {name: processes.free_port() for name in ("mlflow", "receiver")}
    settings = {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{ports['mlflow']}",
        "ROLLWAY_MLFLOW_SECRET": SECRET,
        "ROLLWAY_BINDINGS": str(folder / "bindings.yaml"),
    }
    with ExitStack() as stack:
        mlflow = stack.enter_context(serving(folder / "mlflow", ports["mlflow"])) if SERVER.exists() else None
        site = stack.enter_context(open_site(folder, settings=settings))
        _bind(folder)
        queue = site.aws.sqs.create_queue(QueueName="approvals")["QueueUrl"]
        _receive(stack, site, folder, ports["receiver"], queue)
        for endpoint in APPROVED:
            site.create_endpoint(endpoint)
        for endpoint in APPROVED:
            site.await_serving(endpoint, "AllTraffic")
        stack.enter_context(_users(site))
        if mlflow:
            mlflow.register("digits", versions=2)
            mlflow.announce(f"http://127.0.0.1:{ports['receiver']}/mlflow")
        yield Team(site, mlflow, queue, folder / "bindings.yaml", folder / "logs" / "receiver.log")


def _bind(folder: Path) -> None:
    """Write the bindings: a version's weights lie under its number."""
    (folder / "weights").mkdir()
    for number, name in enumerate(("baseline", "better"), start=1):
        (folder / "weights" / f"{number}.npz").write_bytes((folder / "models" / f"{name}.npz").read_bytes())
    (folder / "policy.yaml").write_text(POLICY, "utf-8")
    common: dict[str, Any] = {"policy": str(folder / "policy.yaml"), "write_back": True}
    weights = {WEIGHTS_VARIABLE: f"{folder}/weights/{{version}}.npz"}
    champion = {
        "name": "digits-champion",
        "registry": "mlflow",
        "model": "digits",
        "when": {"alias": "champion"},
        "endpoints": [{"endpoint": "digits"}],
        "make": {"role": ROLE, "image": IMAGE, "artifact": "none", "environment": weights},
        "alias_when_promoted": "live",
    }
    approved = [
        {
            "name": group,
            "registry": "sagemaker",
            "model": group,
            "when": {"approved": True},
            "endpoints": [{"endpoint": group}],
            "make": {"role": ROLE},
        }
        for group in APPROVED
    ]
    bindings = [common | each for each in (champion, *approved)]
    (folder / "bindings.yaml").write_text(yaml.safe_dump({"bindings": bindings}), "utf-8")


def _receive(stack: ExitStack, site: Site, folder: Path, port: int, queue: str) -> None:
    options = ["--bindings", str(folder / "bindings.yaml"), "--port", str(port), "--queue", queue]
    command = [str(BIN / "rollway"), "serve", *options]
    stack.enter_context(running(command, folder, "receiver", site.environment))
    processes.wait_for_answer(f"http://127.0.0.1:{port}/healthz", folder / "logs" / "receiver.log")


def _users(site: Site) -> ExitStack:
    """Ask each of the further endpoints again and again, until the end."""
    over, stack = threading.Event(), ExitStack()
    rows = [row.body for row in held_out_rows()]

    def ask(endpoint: str) -> None:
        number = 0
        while not over.wait(PAUSE_S):
            number += 1
            row = rows[number % len(rows)]
            site.aws.sagemaker_runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=row)

    threads = [threading.Thread(target=ask, args=(endpoint,), daemon=True) for endpoint in APPROVED]
    for thread in threads:
        thread.start()
        stack.callback(thread.join)
    stack.callback(over.set)
    return stack
