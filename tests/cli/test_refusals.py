"""What cannot start is refused before anything is touched: exit 2, one message, one JSON document, no change in AWS."""

import pytest

from rollway.aws.session import connect
from tests.cli.playing import JOURNAL
from tests.loop.rehearsal import ENDPOINT, SECOND
from tests.permissions.documents import EVERY_VERB, admit


def _arguments(verb: str, default_policy: str, /, **changed: str | None) -> list[str]:
    given = {"--model": "fraud-v7", "--policy": default_policy} | ({"--journal": JOURNAL} if verb == "run" else {})
    given |= {f"--{name}": value for name, value in changed.items() if name != "endpoint"}
    options = [part for name, value in given.items() if value is not None for part in (name, value)]
    return [verb, changed.get("endpoint") or ENDPOINT, *options]


TABLE = {
    "unknown endpoint": ({"endpoint": "nowhere"}, "preflight_failed", "nowhere"),
    "unknown model": ({"model": "fraud-v99"}, "preflight_failed", "does not exist"),
    "same model": ({"model": "fraud-v6"}, "preflight_failed", "is what endpoint fraud-prod runs on already"),
    "no such policy": ({"policy": "nope"}, "invalid_policy", "No such file"),
}


@pytest.mark.parametrize("verb", ["plan", "run"])
@pytest.mark.parametrize("case", TABLE)
def test_bad_input(player, policy_file, verb, case):
    """Each mistake gets its own message, in both forms, and leaves AWS alone."""
    changed, code, part = TABLE[case]
    arguments, before = _arguments(verb, policy_file(), **changed), player.changes()

    as_json, as_text = player.play(*arguments, "--output", "json"), player.play(*arguments)

    assert (as_json.code, as_text.code) == (2, 2)
    assert set(as_json.error) == {"code", "message", "hint", "problems"}
    assert as_json.error["code"] == code
    assert part in as_json.out
    assert part in as_text.err
    assert as_text.out == ""
    assert "Traceback" not in as_text.err + as_json.err
    assert player.changes() == before


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_an_endpoint_that_is_not_in_service(player, rehearsal, policy_file, verb):
    """A rollout starts from InService; the status found is named."""
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    connect("us-east-1").sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=ENDPOINT, DesiredWeightsAndCapacities=weights
    )
    rehearsal.clock.advance(SECOND / 10)
    before = player.changes()

    said = player.play(*_arguments(verb, policy_file()), "--output", "json")

    assert said.code == 2
    assert "is Updating; a rollout starts from InService" in said.error["problems"][0]["what"]
    assert player.changes() == before


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_every_mistake_in_a_policy_at_once(player, policy_file, verb):
    """A policy whose shares do not rise, with a misspelt field and an unknown gate, hears of all three."""
    stages = [{"share": 50, "bake": "2m"}, {"share": 20, "bake": "2m", "gates": ["nope"]}]
    policy, before = policy_file(stages=stages, strateggy="x"), player.changes()

    said = player.play(*_arguments(verb, policy), "--output", "json")

    assert said.code == 2
    assert {problem["where"] for problem in said.error["problems"]} == {
        "stages[1].share",
        "stages[1].gates",
        "strateggy",
    }
    assert player.changes() == before


@pytest.mark.parametrize(
    ("journal", "part"),
    [
        (None, "no journal is given"),
        ("s3://no-such-bucket/x", "no-such-bucket"),
        ("journal/rollway", "is no S3 location"),
    ],
)
def test_journals_that_cannot_be(player, policy_file, journal, part):
    """A missing journal, a missing bucket and a malformed location are told apart, each with what to do."""
    before = player.changes()
    admit(player.rehearsal.cloud, *EVERY_VERB, your_journal_bucket="no-such-bucket", your_journal_prefix="x")

    said = player.play(*_arguments("run", policy_file(), journal=journal), "--output", "json")

    assert said.code == 2
    assert part in said.error["message"]
    assert said.error["hint"]
    assert player.changes() == before


def test_the_journal_may_come_from_the_environment(player, policy_file, monkeypatch):
    """ROLLWAY_JOURNAL stands in for --journal."""
    monkeypatch.setenv("ROLLWAY_JOURNAL", JOURNAL)

    assert player.play(*_arguments("run", policy_file(), journal=None)).code == 0


@pytest.mark.parametrize("verb", ["plan", "run", "status"])
def test_missing_credentials(player, policy_file, monkeypatch, tmp_path, verb):
    """Without credentials nothing is tried, and the hint names the ways to sign in."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    before = player.changes()
    arguments = ["status", ENDPOINT, "--journal", JOURNAL] if verb == "status" else _arguments(verb, policy_file())

    said = player.play(*arguments, "--output", "json")

    assert said.code == 2
    assert said.error["code"] == "access_denied"
    assert "AWS_PROFILE" in said.error["hint"]
    assert player.changes() == before


def test_no_region(player, monkeypatch):
    """Without a Region the hint names the option."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)

    said = player.play("plan", ENDPOINT, "--model", "fraud-v7", "--policy", "canary", "--output", "json")

    assert (said.code, "--region" in said.error["hint"]) == (2, True)


def test_names_that_the_flow_would_refuse(player, policy_file):
    """What Prefect's form would not accept is told before Prefect is started."""
    arguments = ["run", "not a name", "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL]

    said = player.play(*arguments, "--prefect", "--output", "json")

    assert (said.code, said.error["code"]) == (2, "usage")
    assert "endpoint 'not a name'" in said.error["message"]
