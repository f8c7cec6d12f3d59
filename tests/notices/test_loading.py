"""Notifications files: every problem at once, and no secret in any of them."""

import logging

import pytest
import yaml

from policies.errors import PolicyError, PreflightError
from policies.notices.spec import NotifySpec
from rollway.notices.loading import find_notifications, load_later, load_notifications, parse_notifications

TOKEN = "t0ken-that-nobody/may@see"  # noqa: S105 - of nobody


def problems(document):
    with pytest.raises(PolicyError) as caught:
        parse_notifications(document, "file.yaml")
    return {problem.where: f"{problem.what} — {problem.remedy}" for problem in caught.value.problems}


def test_every_problem_is_told_at_once(monkeypatch):
    """A file with many mistakes is told each, with its place and what to write instead; nothing that may be an address is quoted."""
    monkeypatch.delenv("NOT_SET", raising=False)
    routes = [
        {"name": "On Call", "url": f"nosuch://{TOKEN}"},
        {
            "name": "twin",
            "urls": ["json://localhost/a", "${NOT_SET}", "${file:/not/there}", "${what?}"],
            "events": ["strated"],
        },
        {"name": "x", "url": "json://localhost", "urls": ["json://localhost"], "at_least": "loud"},
        {"name": "none", f"slack://{TOKEN}": 1},
        {"url": 7, "endpoints": []},
    ]

    found = problems({"routes": routes, "rutes": 1})

    assert set(found) == {
        *("routes[0].name", "routes[0].url", "routes[1].urls[1]", "routes[1].urls[2]", "routes[1].urls[3]"),
        *("routes[1].events[0]", "routes[2].at_least", "routes[3].…", "routes[4].name", "routes[4].url"),
        *("routes[4].endpoints", "rutes"),
    }
    assert "NOT_SET" in found["routes[1].urls[1]"]
    assert "/not/there" in found["routes[1].urls[2]"]
    assert "not strated" in found["routes[1].events[0]"]
    assert "rollback_failed" in found["routes[1].events[0]"]
    assert "nosuch://" in found["routes[0].url"]
    assert not any(TOKEN in told or "may@see" in told for told in found.values())


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "expected a file with routes, found a list"),
        ({}, "expected a file with routes, found a mapping without them"),
        ({"routes": []}, "at least 1"),
        ({"routes": [{"name": "a", "url": "json://h"}, {"name": "a", "url": "json://h"}]}, "the name of 2 routes"),
        ({"routes": [{"name": "a"}]}, "needs url or urls"),
    ],
)
def test_what_makes_no_sense_is_refused(document, told):
    """An empty file, routes of one name and routes that lead nowhere are mistakes."""
    assert any(told in each for each in problems(document).values())


def test_a_broken_file_is_not_quoted(tmp_path):
    """YAML's own words quote the line, which may hold a secret: the line's number has to do."""
    path = tmp_path / "notifications.yaml"
    path.write_text(f"routes:\n  - name: a\n    url: [slack://{TOKEN}\n")

    with pytest.raises(PolicyError) as caught:
        load_notifications(path)

    assert "line 4, column 1" in str(caught.value)
    assert "t0ken" not in str(caught.value)


def test_secrets_come_from_the_environment_and_from_files(monkeypatch, tmp_path, caplog):
    """A part of an address is percent-encoded, a whole one taken as it is; neither is ever logged or shown."""
    caplog.set_level(logging.DEBUG)
    (tmp_path / "secret").write_text(f"json://localhost/{TOKEN}\n")
    monkeypatch.setenv("PASSWORD", TOKEN)
    path = tmp_path / "notifications.yaml"
    part, whole = "json://me:${PASSWORD}@localhost", f"${{file:{tmp_path / 'secret'}}}"
    path.write_text(yaml.safe_dump({"routes": [{"name": "a", "urls": [part, whole]}]}))

    found = load_notifications(path)
    first, second = found.targets["a"]

    assert (first.name, second.name) == ("a[1]", "a[2]")
    assert first.service._plugin.password == TOKEN
    assert second.service._plugin.fullpath.endswith(TOKEN.rpartition("/")[2])
    shown = f"{found!r} {first!r} {caplog.text}"
    assert "t0ken" not in shown
    assert "may@see" not in shown


def test_a_policy_that_counts_on_a_route_does_not_start_without_it(tmp_path, monkeypatch):
    """Routes that a policy names have to be there before anything is touched, with a file or without one."""
    monkeypatch.delenv("ROLLWAY_NOTIFICATIONS", raising=False)
    path = tmp_path / "notifications.yaml"
    path.write_text("routes: [{name: team, url: json://localhost}]")
    wanted = NotifySpec(routes=("ops",))

    with pytest.raises(PreflightError, match="there is no route ops"):
        find_notifications(str(path), wanted)
    with pytest.raises(PreflightError, match="there is no route ops"):
        find_notifications(None, wanted)
    assert find_notifications() is None


def test_a_bad_file_keeps_nobody_from_ending_a_rollout(tmp_path, caplog):
    """Whoever brings a rollout to its end is not stopped by a notifications file: that nobody is told is logged."""
    load = load_later(str(tmp_path / "missing.yaml"))

    assert load is not None
    assert load() is None
    assert "nobody is told anything" in caplog.text
