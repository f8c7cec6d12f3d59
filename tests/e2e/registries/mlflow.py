"""A real MLflow server, from an environment of its own, and the few calls of its REST API that a team makes."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from rollway.cli.demo import processes
from tests.e2e.prefect.site import ROOT, running

SERVER = ROOT / ".mlflow" / "bin" / "mlflow"
"""Where ``make registries`` puts it."""
SECRET = "the-secret-of-mlflow-and-rollway"  # noqa: S105 - of this test only
EVENTS = {"MODEL_VERSION_ALIAS": "CREATED", "MODEL_VERSION_TAG": "SET", "MODEL_VERSION": "CREATED"}


@dataclass(frozen=True)
class Mlflow:
    """The server's REST API."""

    client: httpx.Client

    def register(self, model: str, versions: int) -> None:
        """Register a model with so many versions; what they are made of lies where nobody looks here."""
        self._post("registered-models/create", {"name": model})
        for number in range(1, versions + 1):
            self._post("model-versions/create", {"name": model, "source": f"s3://models/{model}/{number}"})

    def announce(self, url: str) -> None:
        """Have every change of a version sent to a receiver, signed."""
        events = [{"entity": entity, "action": action} for entity, action in EVENTS.items()]
        self._post("webhooks", {"name": "rollway", "url": url, "secret": SECRET, "events": events})

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Set an alias, or move it."""
        self._post("registered-models/alias", {"name": model, "alias": alias, "version": str(version)})

    def version(self, model: str, version: int) -> tuple[dict[str, str], list[str]]:
        """A version's tags and aliases."""
        asked = {"name": model, "version": str(version)}
        answer = self.client.get("model-versions/get", params=asked).raise_for_status().json()["model_version"]
        return {tag["key"]: tag["value"] for tag in answer.get("tags", [])}, answer.get("aliases", [])

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        self.client.post(path, json=body).raise_for_status()


@contextmanager
def serving(folder: Path, port: int) -> Generator[Mlflow]:
    """Serve MLflow on loopback. Webhooks to plain HTTP and loopback are what only a test allows."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_CACHE_TTL": "0",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }
    places = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--default-artifact-root", str(folder / "art")]
    command = [str(SERVER), "server", *places, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    url = f"http://127.0.0.1:{port}"
    with (
        running(command, folder, "mlflow", environment),
        httpx.Client(base_url=f"{url}/api/2.0/mlflow/", timeout=30) as client,
    ):
        processes.wait_for_answer(f"{url}/health", folder / "logs" / "mlflow.log")
        yield Mlflow(client)
