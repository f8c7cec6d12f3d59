"""MLflow's model registry over its REST API: which version an alias, a tag or "the newest" means now, and telling it how a rollout ended.

Its own package is not needed, and would bring hundreds of megabytes. What is asked here is answered alike by MLflow 2 and 3.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from policies.bindings.event import Registry
from policies.bindings.registered import Registered
from policies.bindings.spec import When
from policies.errors import RolloutError
from rollway.registries.registry import RegistryRefused
from rollway.registries.rest import Answer, Json, Rest

_API: Final = "/api/2.0/mlflow"
_PAGE: Final = "200"
_MOST_PAGES: Final = 50
"""Ten thousand versions are looked through for a tag; further back nobody means."""
_NOT_THERE: Final = 404
_MISSING_WORDS: Final = "not found"
SIGN_IN_HINT: Final = "Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."


def connect_mlflow(environment: Mapping[str, str] = os.environ) -> "MlflowRegistry":
    """Return the registry that the environment names, with MLflow's own variables.

    Raises:
        RolloutError: it names none.
    """
    url = environment.get("MLFLOW_REGISTRY_URI") or environment.get("MLFLOW_TRACKING_URI") or ""
    if not url.startswith(("http://", "https://")):
        told = f"MLFLOW_TRACKING_URI is {url!r}" if url else "MLFLOW_TRACKING_URI is not set"
        raise RolloutError(f"{told}, and MLflow is asked over HTTP", hint="Set it to https://your-mlflow-server.")
    user = environment.get("MLFLOW_TRACKING_USERNAME")
    basic = (user, environment.get("MLFLOW_TRACKING_PASSWORD", "")) if user else None
    token = environment.get("MLFLOW_TRACKING_TOKEN", "")
    return MlflowRegistry(Rest("MLflow", url.rstrip("/"), token=token, basic=basic, sign_in_hint=SIGN_IN_HINT))


@dataclass(frozen=True)
class MlflowRegistry:
    """MLflow's model registry.

    Attributes:
        rest: its REST API.
    """

    rest: Rest

    def find(self, model: str, when: When) -> Registered | None:
        """Return the version that is asked for as MLflow has it now, or None when there is none.

        Raises:
            RegistryUnreachable: MLflow did not answer.
            RegistryRefused: it turned us down.
        """
        if when.alias is not None:
            answer = self.rest.get(f"{_API}/registered-models/alias", {"name": model, "alias": when.alias})
            return self._complete(self._one(answer), (when.alias,)) if self._there(answer) else None
        versions = (self._read(each) for each in self._newest_first(model))
        found = (each for each in versions if when.tag is None or when.tag in _spell_tags(each))
        newest = next(found, None)
        return None if newest is None else self._locate(newest)

    def set_tags(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        """Set tags of a version. Harmless when repeated. Raises as ``find`` does."""
        for key, value in tags.items():
            told = {"name": model, "version": version, "key": key, "value": value}
            self._expect(self.rest.post(f"{_API}/model-versions/set-tag", told))

    def set_alias(self, model: str, alias: str, version: str) -> None:
        """Have an alias point at a version. Harmless when repeated. Raises as ``find`` does."""
        self._expect(
            self.rest.post(f"{_API}/registered-models/alias", {"name": model, "alias": alias, "version": version})
        )

    def _newest_first(self, model: str) -> Iterator[Json]:
        """Yield a model's versions. MLflow cannot be asked for a name that holds both kinds of quotes; no such name is sensible."""
        quote = '"' if "'" in model else "'"
        query = {"filter": f"name={quote}{model}{quote}", "max_results": _PAGE, "order_by": "version_number DESC"}
        for _ in range(_MOST_PAGES):
            answer = self.rest.get(f"{_API}/model-versions/search", query)
            if not self._there(answer):
                return
            yield from cast("list[Json]", answer.body.get("model_versions", []))
            page = str(answer.body.get("next_page_token") or "")
            if not page:
                return
            query = query | {"page_token": page}

    def _complete(self, version: Json, aliases: tuple[str, ...]) -> Registered:
        """Read a version that was asked for by an alias, which older servers do not repeat in their answer."""
        read = self._read(version)
        return self._locate(read.model_copy(update={"aliases": tuple(sorted({*read.aliases, *aliases}))}))

    def _locate(self, version: Registered) -> Registered:
        """Ask where the artifact lies: a version's source may be a name of MLflow's own, such as models:/m-…."""
        if version.artifact.startswith("s3://"):
            return version
        query = {"name": version.model, "version": version.version}
        answer = self.rest.get(f"{_API}/model-versions/get-download-uri", query)
        if not self._there(answer):
            return version
        return version.model_copy(update={"artifact": str(answer.body.get("artifact_uri") or version.artifact)})

    def _read(self, version: Json) -> Registered:
        try:
            created = int(version["creation_timestamp"])
            return Registered(
                registry=Registry.MLFLOW,
                model=str(version["name"]),
                version=str(version["version"]),
                ready=version.get("status", "READY") == "READY",
                artifact=str(version.get("source") or ""),
                aliases=tuple(str(each) for each in version.get("aliases", [])),
                tags={str(tag["key"]): str(tag.get("value", "")) for tag in version.get("tags", [])},
                created_at=datetime.fromtimestamp(created / 1000, UTC),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self.rest.puzzle(f"a model version without {error}") from error

    def _one(self, answer: Answer) -> Json:
        version: Any = answer.body.get("model_version")
        if not isinstance(version, dict):
            raise self.rest.puzzle("no model_version")
        return cast("Json", version)

    def _there(self, answer: Answer) -> bool:
        """Say whether what was asked for is there. MLflow says "not found" of an alias with status 400, of the rest with 404.

        Raises:
            RegistryRefused: the question itself was turned down.
        """
        if answer.found:
            return True
        if answer.status == _NOT_THERE or _MISSING_WORDS in answer.words.lower():
            return False
        raise self._refusal(answer)

    def _expect(self, answer: Answer) -> None:
        if not answer.found:
            raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> RegistryRefused:
        return RegistryRefused(
            f"MLflow at {self.rest.url} turned us down: HTTP {answer.status} {answer.words}".rstrip()
        )


def _spell_tags(version: Registered) -> set[str]:
    return {f"{key}={value}" for key, value in version.tags.items()}
