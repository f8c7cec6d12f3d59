"""The Hugging Face hub over its REST API: which commit a branch or a tag of a repository means now."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from policies.bindings.event import Registry
from policies.bindings.registered import Registered
from policies.bindings.spec import When
from rollway.registries.registry import RegistryRefused
from rollway.registries.rest import Rest

_HUB: Final = "https://huggingface.co"
_MAIN: Final = "main"
_NOT_THERE: Final = 404
SIGN_IN_HINT: Final = (
    "Check the repository's name: the hub says this of one that does not exist, too. "
    "Where it is private or gated, set HF_TOKEN."
)


def connect_hub(environment: Mapping[str, str] = os.environ) -> "HubRegistry":
    """Return the hub, with Hugging Face's own variables ``HF_ENDPOINT`` and ``HF_TOKEN``."""
    url = environment.get("HF_ENDPOINT") or _HUB
    rest = Rest("Hugging Face", url.rstrip("/"), token=environment.get("HF_TOKEN", ""), sign_in_hint=SIGN_IN_HINT)
    return HubRegistry(rest)


@dataclass(frozen=True)
class HubRegistry:
    """Repositories of the hub. A version is a commit, an alias a branch or tag of the repository, the newest version that of ``main``.

    Attributes:
        rest: its REST API.
    """

    rest: Rest

    def find(self, model: str, when: When) -> Registered | None:
        """Return the commit that is asked for as the hub has it now, or None when there is none.

        Raises:
            RegistryUnreachable: the hub did not answer.
            RegistryRefused: it turned us down.
        """
        revision = when.alias or _MAIN
        answer = self.rest.get(f"/api/models/{quote(model)}/revision/{quote(revision, safe='')}", {})
        if answer.status == _NOT_THERE:
            return None
        if not answer.found:
            raise RegistryRefused(f"Hugging Face turned us down: HTTP {answer.status} {answer.words}".rstrip())
        commit = answer.body.get("sha")
        if not isinstance(commit, str) or not commit:
            raise self.rest.puzzle("no sha")
        return Registered(
            registry=Registry.HUGGING_FACE,
            model=model,
            version=commit,
            aliases=(revision,),
            created_at=_read_time(answer.body.get("lastModified")),
        )


def _read_time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
