"""A simulated MLflow server on loopback: real HTTP, and the answers of MLflow 3.17.2 as recorded, filled in from a small registry.

What it answers is compared with a real server's by ``tests/e2e/mlflow``.
"""

import base64
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

API = "/api/2.0/mlflow"
CREATED_MS = 1795439290334
MISSING = {"sqlstate": "KAM00", "error_class": "RESOURCE_NOT_FOUND", "error_code": "RESOURCE_DOES_NOT_EXIST"}
INVALID = {"sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE", "error_code": "INVALID_PARAMETER_VALUE"}

Answer = tuple[int, dict[str, Any]]


@dataclass
class SimulatedMlflow:
    """The registry, and what was asked of it.

    Attributes:
        url: its address.
        versions: sources of the versions of each model, by number.
        tags: tags of each version, by model and number.
        aliases: what each alias points at, by model and alias.
        located: where the registry says that a source really lies.
        authorization: the header that it insists on; empty for none.
        failures: statuses that it answers with first, before anything else.
        asked: path and query or body of every request.
    """

    url: str = ""
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    tags: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    located: dict[str, str] = field(default_factory=dict)
    authorization: str = ""
    failures: list[int] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def register(self, model: str, version: str, source: str = "", **tags: str) -> None:
        """Register a version."""
        self.versions.setdefault(model, {})[version] = source or f"s3://models/{model}/{version}/model.tar.gz"
        self.tags[model, version] = dict(tags)

    def answer(self, path: str, given: dict[str, str], authorization: str) -> Answer:
        """Answer a request."""
        self.asked.append((path.removeprefix(API), given))
        if self.failures:
            return self.failures.pop(0), {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "try again"}
        if self.authorization and authorization != self.authorization:
            return 401, {}
        answers = {
            "/registered-models/alias": self._set_alias if "version" in given else self._by_alias,
            "/model-versions/search": self._search,
            "/model-versions/get-download-uri": self._download_uri,
            "/model-versions/set-tag": self._set_tag,
        }
        return answers[path.removeprefix(API)](given)

    def _download_uri(self, given: dict[str, str]) -> Answer:
        source = self.versions[given["name"]][given["version"]]
        return 200, {"artifact_uri": self.located.get(source, source)}

    def _by_alias(self, given: dict[str, str]) -> Answer:
        model, alias = given["name"], given["alias"]
        if model not in self.versions:
            return 404, MISSING | {"message": f"Registered Model with name={model} not found"}
        if (model, alias) not in self.aliases:
            return 400, INVALID | {"message": f"Registered model alias {alias} not found."}
        version = self.aliases[model, alias]
        names = [name for (of, name), to in self.aliases.items() if (of, to) == (model, version)]
        return 200, {"model_version": self._describe(model, version) | {"aliases": names}}

    def _search(self, given: dict[str, str]) -> Answer:
        model = given["filter"].removeprefix("name=")[1:-1]
        numbers = sorted(self.versions.get(model, {}), key=int, reverse=True)
        begin, size = int(given.get("page_token") or 0), int(given["max_results"])
        page = [self._describe(model, number) for number in numbers[begin : begin + size]]
        more = {"next_page_token": str(begin + size)} if begin + size < len(numbers) else {}
        return 200, ({"model_versions": page} if page else {}) | more

    def _set_alias(self, given: dict[str, str]) -> Answer:
        if given["version"] not in self.versions.get(given["name"], {}):
            return 404, MISSING | {"message": f"Model Version (name={given['name']}, ...) not found"}
        self.aliases[given["name"], given["alias"]] = given["version"]
        return 200, {}

    def _set_tag(self, given: dict[str, str]) -> Answer:
        tags = self.tags.get((given["name"], given["version"]))
        if tags is None:
            return 404, MISSING | {"message": f"Model Version (name={given['name']}, ...) not found"}
        tags[given["key"]] = given["value"]
        return 200, {}

    def _describe(self, model: str, version: str) -> dict[str, Any]:
        described = {
            "name": model,
            "version": version,
            "creation_timestamp": CREATED_MS,
            "last_updated_timestamp": CREATED_MS,
            "current_stage": "None",
            "description": "",
            "source": self.versions[model][version],
            "run_id": "",
            "status": "READY",
            "run_link": "",
        }
        tags = [{"key": key, "value": value} for key, value in self.tags[model, version].items()]
        return described | ({"tags": tags} if tags else {})


@contextmanager
def serving(answer: Any) -> Generator[str]:
    """Answer HTTP requests on loopback with a function of path, query or body, and Authorization header; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._give(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})

        def do_POST(self) -> None:
            self._give(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _give(self, path: str, given: dict[str, str]) -> None:
            status, body = answer(path, given, self.headers.get("Authorization", ""))
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "https://elsewhere.example/login")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def basic(user: str, password: str) -> str:
    """The header that a user and a password make."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
