"""Windows on the simulated AWS: what goes up waits for the next opening, what goes back does not."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.errors import PreflightError
from policies.lifecycle import Outcome, Phase
from tests.loop.rehearsal import QUICK, Rehearsal, model

LUNCH = QUICK | {"windows": {"hours": "12:20-12:03", "days": "mon-sun"}}
"""Nothing shifts from three minutes after the rollout's start, at noon, to twenty past."""
OPENS = datetime(2026, 6, 1, 12, 20, tzinfo=UTC)


def test_a_stage_that_ends_outside_goes_on_at_the_next_opening(rehearsal: Rehearsal) -> None:
    """The candidate keeps its share until the window opens, is told so, and is promoted after it."""
    shares: dict[datetime, float] = {}
    rehearsal.watch = lambda now, _: shares.update({now.now(): now.share()})

    ending = rehearsal.play(LUNCH)

    assert ending.outcome is Outcome.PROMOTED
    assert ending.at > OPENS
    assert max(share for moment, share in shares.items() if moment < OPENS) == pytest.approx(20)
    held = [each.reason for each in rehearsal.decisions if each.action == "hold"]
    assert held
    assert all(
        reason.startswith("outside the window until Mon 2026-06-01 12:20 UTC; then: every gate") for reason in held
    )


def test_a_candidate_that_goes_bad_outside_is_taken_back_at_once(rehearsal: Rehearsal) -> None:
    """While the window is closed the gates still count, and the way back is open."""

    def go_bad(rehearsal: Rehearsal, _: object) -> None:
        if rehearsal.now() > OPENS - timedelta(minutes=10):
            rehearsal.models["fraud-v7"] = model(3, failing=0.5)

    rehearsal.watch = go_bad

    ending = rehearsal.play(LUNCH)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.at < OPENS
    assert rehearsal.share() == 0


def test_a_person_who_promotes_now_is_not_held(rehearsal: Rehearsal) -> None:
    """Whoever says it is there: the promotion does not wait for the window."""
    begun = rehearsal.begin(LUNCH)
    rehearsal.look_until(Phase.BAKING)
    rehearsal.pass_time(timedelta(minutes=3))
    rehearsal.signal("promote_now")

    ending = rehearsal.drive(begun)

    assert ending.outcome is Outcome.PROMOTED
    assert ending.at < OPENS


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"windows": {"days": "tue", "outside": "refuse"}}, "outside the window until Tue 2026-06-02 00:00 UTC"),
        ({"windows": {"days": "mon", "freezes": [{"first": "2026-01-01", "last": "2029-01-01"}]}}, "no opening"),
        (
            {
                "strategy": "guardrail",
                "stages": [{"share": 50, "bake": "20m"}, {"share": 100, "bake": "20m"}],
                "gates": {"failing": QUICK["gates"]["failing"]},
                "windows": {"hours": "09:00-09:30"},
            },
            "that lasts the",
        ),
    ],
)
def test_what_can_never_begin_is_refused(rehearsal: Rehearsal, policy: dict, told: str) -> None:
    """Before anything is touched: a policy that does not hold, one that never opens, an update that fits nowhere."""
    with pytest.raises(PreflightError, match=told):
        rehearsal.begin(QUICK | policy)
    assert rehearsal.endpoint()["EndpointConfigName"] == "fraud-v6-config"
