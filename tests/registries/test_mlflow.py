"""MLflow read back over real HTTP: which version an alias, a tag or the newest means, and what is not an answer."""

import pytest

from policies.bindings.spec import When
from policies.errors import RolloutError
from rollway.registries.mlflow import connect_mlflow
from rollway.registries.registry import RegistryRefused, RegistryUnreachable
from rollway.registries.rest import TRIES
from tests.registries.simulated_mlflow import basic, serving

CHAMPION = When(alias="champion")
NEWEST = When(version_created=True)
TAGGED = When(tag="stage=prod")


@pytest.mark.parametrize(("when", "version"), [(CHAMPION, "2"), (NEWEST, "3"), (TAGGED, "2")])
def test_the_version_that_is_asked_for_is_found(mlflow, when, version):
    """An alias gives the version that it points at, a tag the newest that has it, and nothing else the newest of all."""
    mlflow.register("fraud", "10")
    mlflow.register("other", "11", stage="prod")
    wanted = "10" if when is NEWEST else version

    found = connect_mlflow().find("fraud", when)

    assert found is not None
    assert (found.version, found.artifact) == (wanted, f"s3://models/fraud/{wanted}/model.tar.gz")


def test_an_alias_that_moves_is_followed(mlflow):
    """The answer is that of now, with the version's own aliases and tags."""
    mlflow.aliases["fraud", "champion"] = "1"

    found = connect_mlflow().find("fraud", CHAMPION)

    assert found is not None
    assert (found.version, found.aliases, found.tags) == ("1", ("champion",), {"stage": "prod"})


@pytest.mark.parametrize(
    ("model", "when"),
    [
        ("example_model", When(alias="example_alias")),
        ("fraud", When(alias="challenger")),
        ("nobody", NEWEST),
        ("fraud", When(tag="stage=test")),
    ],
)
def test_what_is_not_there_is_none(mlflow, model, when):
    """A model that nobody knows (such as that of MLflow's own test call), an alias, a tag: none of them is an error."""
    assert mlflow.url
    assert connect_mlflow().find(model, when) is None


def test_a_tag_is_looked_for_beyond_the_first_page(mlflow):
    """A tag on an old version is found behind hundreds of newer ones."""
    for number in range(4, 260):
        mlflow.register("fraud", str(number))

    found = connect_mlflow().find("fraud", TAGGED)

    assert found is not None
    assert found.version == "2"


def test_a_source_of_mlflows_own_is_located(mlflow):
    """A version whose source is a name of MLflow's gets the place that the registry gives for it."""
    mlflow.register("fraud", "4", "models:/m-1")
    mlflow.located["models:/m-1"] = "s3://mlflow/1/models/m-1/artifacts"

    found = connect_mlflow().find("fraud", NEWEST)

    assert found is not None
    assert found.artifact == "s3://mlflow/1/models/m-1/artifacts"


@pytest.mark.parametrize(
    ("variables", "header"),
    [
        ({"MLFLOW_TRACKING_TOKEN": "t0ken"}, "Bearer t0ken"),
        ({"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"}, basic("u", "p")),
    ],
)
def test_mlflows_own_variables_sign_in(mlflow, monkeypatch, variables, header):
    """Token, or user and password, go with every request; without them the denial says what to set, and shows no secret."""
    mlflow.authorization = header
    with pytest.raises(RegistryRefused, match="HTTP 401") as caught:
        connect_mlflow().find("fraud", CHAMPION)
    assert "MLFLOW_TRACKING_TOKEN" in caught.value.hint

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    registry = connect_mlflow()

    assert registry.find("fraud", CHAMPION) is not None
    assert "t0ken" not in repr(registry)


def test_a_server_that_fails_for_a_moment_is_asked_again(mlflow):
    """One 503 and one 429 are got over within the same question."""
    mlflow.failures = [503, 429]

    assert connect_mlflow().find("fraud", CHAMPION) is not None


def test_a_server_that_keeps_failing_is_unreachable(mlflow):
    """It is asked so many times and no more, and counts as transient, never as "there is no such version"."""
    mlflow.failures = [500] * 10

    with pytest.raises(RegistryUnreachable, match="HTTP 500"):
        connect_mlflow().find("fraud", CHAMPION)

    assert len(mlflow.asked) == TRIES


def test_nobody_at_the_address_is_unreachable(monkeypatch):
    """A refused connection is transient, too."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    with pytest.raises(RegistryUnreachable, match="did not answer"):
        connect_mlflow().find("fraud", CHAMPION)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b"<html>sign in</html>", "cannot be understood"),
        (200, b"[]", "JSON list"),
        (200, b"{}", "no model_version"),
        (200, b'{"model_version": {"name": "fraud"}}', "without"),
        (302, b"", "elsewhere.example"),
        (400, b'{"message": "Invalid alias"}', "Invalid alias"),
    ],
)
def test_what_is_no_answer_is_refused(monkeypatch, status, body, told):
    """A sign-in page, another shape, a redirect and a refusal are errors that say so, and never taken for a version or for none."""
    with serving(lambda *_: (status, body)) as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(RegistryRefused, match=told):
            connect_mlflow().find("fraud", CHAMPION)


@pytest.mark.parametrize("address", ["", "sqlite:///mlflow.db", "/mnt/mlruns"])
def test_an_address_that_is_no_servers_is_told(monkeypatch, address):
    """MLflow without a server cannot be asked; the message names the variable."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)

    with pytest.raises(RolloutError, match="MLFLOW_TRACKING_URI"):
        connect_mlflow()


def test_tags_and_aliases_are_set(mlflow):
    """What is written is there afterwards, also when it is written twice."""
    for _ in range(2):
        connect_mlflow().set_tags("fraud", "2", {"rollway.outcome": "PROMOTED"})
        connect_mlflow().set_alias("fraud", "live", "2")

    assert mlflow.tags["fraud", "2"] == {"stage": "prod", "rollway.outcome": "PROMOTED"}
    assert mlflow.aliases["fraud", "live"] == "2"
    with pytest.raises(RegistryRefused, match="not found"):
        connect_mlflow().set_alias("fraud", "live", "99")
