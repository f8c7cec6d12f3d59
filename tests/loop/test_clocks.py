"""Wrong clocks: a rollout goes the same way, at the same times of AWS, whatever the clocks of the machines say that drive it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.lifecycle import Outcome, Phase
from rollway.journal.leases import read_standing
from tests.loop.rehearsal import ENDPOINT, QUICK, Rehearsal, model, stage_endpoint

MINUTE = timedelta(minutes=1)
SKEWS = [-10 * MINUTE, 10 * MINUTE, timedelta(days=-1), timedelta(days=1), timedelta(seconds=-3)]
SEED = 7


@dataclass(frozen=True)
class Course:
    """What a rollout decided and when, by AWS's time, and what it left on record."""

    decisions: tuple[tuple[datetime, str, str], ...]
    outcome: Outcome | None
    stamps: tuple[datetime, ...]
    started_at: datetime
    history: tuple[datetime, ...]


@cache
def play(candidate: str, *skews: timedelta) -> Course:
    """Play a rollout on machines whose clocks are wrong by so much; each after the first takes up what the one before has left."""
    with stage_endpoint(SEED) as rehearsal:
        decided: list[tuple[datetime, str, str]] = []
        rehearsal.watch = lambda at, decision: decided.append((at.clock.now(), decision.action, decision.reason))
        rehearsal.models["fraud-v7"] = model(SEED + 1, failing=0.3 if candidate == "bad" else 0.002)
        rehearsal.skew = skews[0]
        rollout = rehearsal.begin(QUICK)
        if len(skews) == 1:
            outcome = rehearsal.drive(rollout).outcome
        else:
            rehearsal.look_until(Phase.BAKING)
            rehearsal.die()
            rehearsal.skew = skews[1]
            (taken_up,) = rehearsal.reconcile()
            assert taken_up.ending is not None, taken_up.trouble
            outcome = taken_up.ending.outcome
        return _course(rehearsal, decided, outcome)


def _course(rehearsal: Rehearsal, decided: list[tuple[datetime, str, str]], outcome: Outcome) -> Course:
    assert rehearsal.rollout is not None
    chronicle = rehearsal.rollout.journal.read()
    standing = read_standing(rehearsal.store, ENDPOINT)
    assert standing is not None
    return Course(
        decisions=tuple(decided),
        outcome=outcome,
        stamps=tuple(record.at for record in chronicle.records),
        started_at=chronicle.plan.started_at,
        history=(standing.lease.since, *(past.at for past in standing.lease.history)),
    )


@pytest.mark.parametrize("skew", SKEWS, ids=str)
@pytest.mark.parametrize(("candidate", "outcome"), [("good", Outcome.PROMOTED), ("bad", Outcome.ROLLED_BACK)])
def test_a_wrong_clock_changes_nothing(candidate: str, outcome: Outcome, skew: timedelta) -> None:
    """The same decisions at the same times of AWS, the same records, the same end as with a right clock."""
    right = play(candidate, timedelta(0))
    assert right.outcome is outcome
    assert play(candidate, skew) == right


@given(seconds=st.integers(-400_000, 400_000))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_offset_changes_anything(seconds: int) -> None:
    """Nor does any other: what is not a whole number of minutes, and hardly anything at all."""
    skew = timedelta(seconds=seconds)
    if abs(skew) >= timedelta(seconds=2):  # less is within what the store's whole seconds leave open
        assert play("good", skew) == play("good", timedelta(0))


@pytest.mark.parametrize(
    "skews",
    [(10 * MINUTE, -10 * MINUTE), (-10 * MINUTE, 10 * MINUTE), (timedelta(days=-1), timedelta(days=1))],
    ids=str,
)
def test_a_take_over_between_hosts_with_differently_wrong_clocks_changes_nothing(
    skews: tuple[timedelta, timedelta],
) -> None:
    """The one that goes on neither waits longer nor takes over sooner, and ends the rollout at the same time."""
    assert play("good", *skews) == play("good", timedelta(0), timedelta(0))


@pytest.mark.parametrize("skew", SKEWS, ids=str)
def test_a_short_deadline_is_not_over_before_it_begins(skew: timedelta) -> None:
    """A driver whose clock is ten minutes slow does not end a rollout by its deadline at once, nor does a fast one extend it."""
    with stage_endpoint(SEED) as rehearsal:
        rehearsal.skew = skew
        began = rehearsal.clock.now()
        ending = rehearsal.play(QUICK | {"deadline": "15m", "extend_at_most": "1m"})
        assert ending.outcome is Outcome.PROMOTED, ending.reason
        assert rehearsal.clock.now() - began < 15 * MINUTE


@pytest.mark.parametrize("skew", SKEWS, ids=str)
def test_windows_open_by_the_time_of_aws(skew: timedelta) -> None:
    """A window that is open starts a rollout on any machine, though by its own clock it would be closed."""
    with stage_endpoint(SEED) as rehearsal:
        now = rehearsal.clock.now()
        hours = f"{now - MINUTE:%H:%M}-{now + 20 * MINUTE:%H:%M}"
        rehearsal.skew = skew
        policy = QUICK | {"windows": {"days": f"{now:%a}".lower(), "hours": hours, "outside": "refuse"}}
        assert rehearsal.begin(policy).plan.started_at == now
