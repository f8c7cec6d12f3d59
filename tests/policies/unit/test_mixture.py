"""Mixtures of e-processes: weights never exceed one, and late faults are found."""

import numpy as np
import pytest

from policies.compare.mixture import average, restart, since_stage, split_stages


def test_an_average_of_e_values_is_their_mean():
    """Logs in, the log of the weighted mean out."""
    logs = np.log([[2.0, 8.0], [4.0, 2.0]])
    assert np.exp(average(logs)) == pytest.approx([3.0, 5.0])
    assert np.exp(average(logs, (0.2, 0.8))) == pytest.approx([3.6, 3.2])


@pytest.mark.parametrize("length", [1, 5, 6, 60, 200])
def test_without_evidence_a_restart_mixture_stays_at_one(length):
    """The weights of the process from the start, of all restarts and of those to come are one together at every look."""
    assert restart(np.zeros((3, length))) == pytest.approx(np.zeros(length), abs=1e-12)


def test_a_late_fault_outweighs_a_good_past():
    """After fifty good strata the restarts find in five what the process from the start has not found."""
    steps = np.concatenate([np.full(50, -1.0), np.full(10, 2.0)])[None]
    assert restart(steps)[-1] > np.log(1 / 0.05)
    assert np.cumsum(steps)[-1] < 0


def test_restarts_average_to_at_most_one_by_chance():
    """The mean over 20,000 seeded fair bets stays at one within three standard errors, at every look."""
    rng = np.random.default_rng(1)
    wins = rng.random((20_000, 23)) < 0.5
    steps = np.log(np.where(wins, 1.2, 0.8))[None]
    values = np.exp(restart(steps))
    assert (values.mean(axis=0) <= 1 + 3 * values.std(axis=0) / np.sqrt(len(values))).all()


def test_a_stage_starts_from_nothing():
    """Accumulated evidence begins anew with every stage."""
    stage = np.array([0, 0, 2, 2, 2])
    assert since_stage(np.array([[1.0, 1.0, 5.0, 1.0, 1.0]]), stage)[0] == pytest.approx([1, 2, 5, 6, 7])
    assert split_stages(stage) == [slice(0, 2), slice(2, 5)]
