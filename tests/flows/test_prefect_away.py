"""Prefect's server going away in the middle of a rollout: nothing that decides or acts waits for it.

Prefect's client repeats a request to a dead server for about a minute. The policy's deadline is shorter than that, so a rollout that waited
for the client even once would not end as it does here.
"""

import os

import pytest

from policies.lifecycle import Phase
from tests.flows.playing import ask_for, once_at, play

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
ENDS = [("broken-v7", "Rolled back")]
MORE = [("fraud-v7", "Promoted")]
"""In ``make chaos``."""


@pytest.mark.parametrize(("model", "state"), [*ENDS, *(MORE if FULL else [])])
def test_rollout_ends_without_prefect(account, policy, prefect_wire, model, state):
    """A server that is gone from the first bake to the end of the rollout changes neither the outcome nor, once back, the run."""
    cut, mend = once_at(Phase.BAKING, prefect_wire.cut), once_at(Phase.FINISHED, prefect_wire.mend)

    run = play(ask_for(model, policy), lambda *seen: (cut(*seen), mend(*seen)))

    assert run.record().state.name == state
    assert account.is_on_baseline() is (state == "Rolled back")
