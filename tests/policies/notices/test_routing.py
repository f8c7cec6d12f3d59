"""Who is told what."""

from datetime import UTC, datetime

import pytest

from policies.notices.notice import Event, Level, Notice
from policies.notices.routing import choose, find_missing
from policies.notices.spec import NotifySpec, Route

AT = datetime(2026, 11, 20, 14, 7, tzinfo=UTC)
ROUTES = [
    Route(name="everybody", url="json://a"),
    Route(name="on-call", url="json://b", at_least=Level.CRITICAL),
    Route(name="fraud", url="json://c", endpoints=("fraud-*", "scoring"), at_least=Level.WARNING),
    Route(name="winners", url="json://d", events=(Event.PROMOTED,)),
]


def notice(event, level, endpoint="fraud-prod"):
    return Notice(key="k", event=event, level=level, endpoint=endpoint, at=AT, headline="h")


@pytest.mark.parametrize(
    ("event", "level", "endpoint", "expected"),
    [
        (Event.STARTED, Level.INFO, "fraud-prod", ["everybody"]),
        (Event.ROLLED_BACK, Level.WARNING, "fraud-prod", ["everybody", "fraud"]),
        (Event.ROLLED_BACK, Level.WARNING, "scoring", ["everybody", "fraud"]),
        (Event.ROLLED_BACK, Level.WARNING, "Fraud-prod", ["everybody"]),
        (Event.ROLLBACK_FAILED, Level.CRITICAL, "shop", ["everybody", "on-call"]),
        (Event.PROMOTED, Level.INFO, "shop", ["everybody", "winners"]),
        (Event.HALTED, Level.CRITICAL, "", ["everybody", "on-call", "fraud"]),
    ],
)
def test_a_notice_goes_to_whom_it_concerns(event, level, endpoint, expected):
    """Level, event and endpoint decide; a halt concerns everybody, whatever their endpoints."""
    assert [route.name for route in choose(ROUTES, notice(event, level, endpoint), NotifySpec())] == expected


@pytest.mark.parametrize(
    ("notify", "expected"),
    [
        ({"routes": ["on-call", "fraud"]}, ["fraud"]),
        ({"routes": []}, []),
        ({"at_least": "critical"}, []),
        ({"at_least": "warning"}, ["everybody", "fraud"]),
    ],
)
def test_a_policy_narrows_whom_its_rollouts_are_told(notify, expected):
    """A policy chooses among the routes and may leave out what is less urgent; it cannot make a route louder."""
    chosen = choose(ROUTES, notice(Event.ROLLED_BACK, Level.WARNING), NotifySpec.model_validate(notify))

    assert [route.name for route in chosen] == expected


def test_every_route_that_a_policy_names_in_vain_is_told():
    """A policy that counts on a route that there is not is told each one, with what there is instead."""
    problems = find_missing(ROUTES[:2], NotifySpec(routes=("on-call", "ops", "sre")))

    assert [problem.where for problem in problems] == ["policy notify.routes[1]", "policy notify.routes[2]"]
    assert "everybody, on-call" in problems[0].remedy
    assert "ROLLWAY_NOTIFICATIONS" in find_missing((), NotifySpec(routes=("ops",)))[0].remedy
