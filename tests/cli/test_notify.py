"""``rollway notify`` and ``--notifications``: who would be told, a test message, and the messages of real verbs."""

import shlex
from pathlib import Path

import pytest
import yaml

from rollway.journal.leases import read_standing
from tests.cli.playing import JOURNAL
from tests.loop.rehearsal import ENDPOINT
from tests.notices.receiving import receiving

EXAMPLE = Path(__file__).parents[2] / "examples" / "notifications.yaml"
SECRETS = ("SLACK_ADDRESS", "PAGERDUTY_KEY", "PAGERDUTY_API_KEY", "MAIL_PASSWORD", "AUDIT_TOKEN")


@pytest.fixture
def receiver():
    """Somebody who is told."""
    with receiving() as found:
        yield found


@pytest.fixture
def file(tmp_path, receiver, monkeypatch):
    """A notifications file with a working route ``team`` and a broken one ``ops``."""
    monkeypatch.delenv("ROLLWAY_NOTIFICATIONS", raising=False)
    path = tmp_path / "notifications.yaml"
    broken = f"json://ada:pa55word@127.0.0.1:{receiver.port}/s3cr3t"
    routes = [{"name": "team", "url": receiver.url()}, {"name": "ops", "url": broken, "at_least": "critical"}]
    path.write_text(yaml.safe_dump({"routes": routes}))
    receiver.sick.add("/s3cr3t")
    return str(path)


def test_the_example_is_checked(player, monkeypatch):
    """The documented file is valid once its secrets are there; the list of routes shows none of them."""
    monkeypatch.chdir(EXAMPLE.parents[1])
    for name in SECRETS:
        monkeypatch.setenv(name, "s3cr3t-of-32-characters-or-so-ok")
    monkeypatch.setenv("SLACK_ADDRESS", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    monkeypatch.setenv("ROLLWAY_APPROVAL_URL", "https://rollway.example.com")
    monkeypatch.setenv("ROLLWAY_APPROVAL_SECRET", "s3cr3t-of-32-characters-or-so-ok")
    said = player.play(*shlex.split("notify check examples/notifications.yaml"))

    assert said.code == 0, said.err
    assert "links to answer by lead to https://rollway.example.com" in said.out
    assert "4 routes" in said.out
    assert "critical only" in said.out
    assert "Slack" in said.out
    assert "s3cr3t" not in said.out + said.err
    assert "TIiajk" not in said.out + said.err


def test_a_bad_file_is_told_every_problem(player, monkeypatch):
    """Without its secrets the documented file is refused, with each one that is missing, on one go."""
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    said = player.play("notify", "check", str(EXAMPLE), "--output", "json")

    assert said.code == 2
    assert said.error["code"] == "invalid_policy"
    told = str(said.error["problems"])
    assert all(name in told for name in SECRETS)


def test_a_test_message_is_marked_as_one(player, receiver, file, monkeypatch):
    """One message, by the one route that was asked for, that nobody can take for news."""
    monkeypatch.setenv("ROLLWAY_NOTIFICATIONS", file)
    said = player.play("notify", "test", "team")

    (got,) = receiver.got
    assert (said.code, said.out) == (0, "team: taken\n")
    assert got["title"].startswith("TEST at ")
    assert "Nothing has happened" in got["message"]


def test_a_test_message_that_fails_says_why_and_no_secret(player, receiver, file):
    """The service's answer is told; neither the password nor the path is."""
    said = player.play("notify", "test", "ops", "--notifications", file)
    unknown = player.play("notify", "test", "nobody", "--notifications", file)

    assert (said.code, unknown.code) == (2, 2)
    assert "error=500" in said.err
    assert "team, ops" in unknown.err
    assert not [secret for secret in ("pa55word", "s3cr3t") if secret in said.err]
    assert receiver.got == []


def test_a_rollout_from_the_command_line_is_told(player, receiver, file, policy_file):
    """``rollway run`` tells the routes of its file, and its output stays what it was."""
    arguments = ("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL)
    said = player.play(*arguments, "--notifications", file)

    assert said.code == 0
    assert said.out.count("\n") == 1
    assert [title.split(" at ")[0] for title in receiver.titles] == ["STARTED", "SHIFTED", "PROMOTED"]


def test_a_route_that_a_policy_misses_stops_the_start(player, receiver, file, policy_file):
    """Before anything is touched, and with what there is instead; with a broken file likewise."""
    policy = policy_file(notify={"routes": ["sre"]})
    arguments = ("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy, "--journal", JOURNAL)
    before = player.changes()
    missing = player.play(*arguments, "--notifications", file)
    broken = player.play(*arguments, "--notifications", "/not/there.yaml")

    assert (missing.code, broken.code) == (2, 2)
    assert "there is no route sre" in missing.err
    assert "there are: team, ops" in missing.err
    assert "No such file" in broken.err
    assert player.changes() == before
    assert read_standing(player.rehearsal.store, ENDPOINT) is None
    assert receiver.got == []


def test_halts_are_told_and_a_broken_file_stops_nobody(player, receiver, file):
    """A halt is told to everybody at once, and its end; where the file is broken, the halt is called all the same."""
    place = ("--journal", JOURNAL, "--notifications", file)
    codes = [
        player.play("halt", "--reason", "network", *place).code,
        player.play("lift", "--reason", "it is back", *place).code,
        player.play("reconcile", *place).code,
        player.play("halt", "--reason", "again", "--journal", JOURNAL, "--notifications", "/not/there.yaml").code,
    ]

    assert codes == [0, 0, 0, 0]
    assert [title.split(" at ")[0] for title in receiver.titles] == ["HALTED", "LIFTED"]
