"""The Hugging Face hub read back over real HTTP, simulated in the shape of its documented answers."""

from typing import Any

import pytest

from policies.bindings.spec import When
from rollway.registries.hugging_face import connect_hub
from rollway.registries.registry import RegistryRefused
from tests.registries.simulated_mlflow import serving

COMMIT = "c0ffee" + "0" * 34
INFO = {"id": "acme/fraud", "sha": COMMIT, "lastModified": "2026-06-01T10:00:00.000Z", "tags": ["tabular"]}


@pytest.fixture
def hub(monkeypatch):
    """A simulated hub with one repository that has ``main`` and the tag ``v1``; what was asked of it."""
    asked: list[str] = []
    known = {"/api/models/acme/fraud/revision/main": INFO, "/api/models/acme/fraud/revision/v1": INFO}

    def answer(path: str, given: dict[str, str], authorization: str) -> tuple[int, Any]:
        del given
        asked.append(authorization)
        if path.endswith("/revision/odd"):
            return 200, {"id": "acme/fraud"}
        if path.startswith("/api/models/acme/private"):
            return 401, {"error": "Invalid username or password."}
        return (200, known[path]) if path in known else (404, {"error": "Revision not found"})

    with serving(answer) as url:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        yield asked


@pytest.mark.parametrize("when", [When(version_created=True), When(alias="v1")], ids=["main", "tag"])
def test_a_revision_is_the_commit_that_it_means_now(hub, when):
    """The newest version is the commit of main, an alias that of the branch or tag; the token goes with the question."""
    found = connect_hub().find("acme/fraud", when)

    assert found is not None
    assert (found.version, found.short_version) == (COMMIT, COMMIT[:10])
    assert found.created_at is not None
    assert hub == ["Bearer hf_secret"]


def test_a_revision_that_is_not_there_is_none(hub):
    """A tag that nobody has set starts nothing."""
    assert connect_hub().find("acme/fraud", When(alias="v9")) is None
    assert hub


def test_a_denial_and_an_odd_answer_are_refused(hub):
    """A private repository, and an answer without a commit, are errors and never taken for "there is none"."""
    with pytest.raises(RegistryRefused) as denied:
        connect_hub().find("acme/private", When(version_created=True))
    with pytest.raises(RegistryRefused, match="no sha"):
        connect_hub().find("acme/fraud", When(alias="odd"))

    assert "HF_TOKEN" in denied.value.hint
    assert hub
