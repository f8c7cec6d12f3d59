"""What every comparison answers, and how it is put together from log increments.

Two lanes are averaged into the evidence that the candidate is worse. The severe lane tests against a much wider margin, exactly, and may
speak after the first stratum. The tolerated lane tests against the policy's margin, restarts so that late faults are found, and is tempered
by how much the arms differ by chance of their own. Evidence that it is not worse counts the present stage alone, so that no stage passes
on what an earlier one has shown.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.compare.memory import FORGETFUL, Forgetful
from policies.compare.mixture import average, restart, since_stage, split_stages
from policies.compare.random_effects import summarise
from policies.compare.tempering import temper
from policies.strata.arrays import Floats, Integers

SEVERE: Final = 0.2
"""Weight of the severe lane; the tolerated one has the rest."""


@dataclass(frozen=True)
class Comparison:
    """Candidate against baseline, after each stratum; the last axis is time.

    Attributes:
        worse: log evidence that the candidate is worse than its margin, an e-process.
        not_worse: log evidence, from the present stage alone, that it is better than its margin; an e-process within the stage.
        tempering: the factor by which the strata vary more than chance explains.
    """

    worse: Floats
    not_worse: Floats
    tempering: Floats

    def until(self, count: int) -> "Comparison":
        """Return the first ``count`` strata."""
        return Comparison(self.worse[..., :count], self.not_worse[..., :count], self.tempering[..., :count])


@dataclass(frozen=True)
class Steps:
    """Log increments by stratum, shape (alternatives, ..., strata).

    Attributes:
        severe: against the null "not worse than a much wider margin".
        tolerated: against the null "not worse than the margin".
        better: against the null "at the margin or beyond".
        weights: of the alternatives, the same in all three; equal by default.
    """

    severe: Floats
    tolerated: Floats
    better: Floats
    weights: Floats | None = None


@dataclass(frozen=True)
class Scores:
    """By how much each stratum lies beyond the margin, for the lanes that take the minute for the sampling unit.

    Attributes:
        score: observed minus expected at the margin; its expectation is the effect beyond the margin times ``information``.
        information: variance of the score when chance alone is at work.
        variance: variance of the arms' own noise, on the scale of score / information, that is assumed until the data speak.
    """

    score: Floats
    information: Floats
    variance: float


def compose(steps: Steps, scores: Scores, stage: Integers, memory: Forgetful = FORGETFUL) -> Comparison:
    """Put lanes and directions together.

    Evidence that the candidate is not worse is the least of two processes, so it is sound if either is: the exact one, tempered, and one
    that takes the minute for the sampling unit.
    """
    tempering = temper(scores.score, scores.information, scores.variance)
    severe = average(np.cumsum(steps.severe, axis=-1), steps.weights)
    tolerated = restart(steps.tolerated, tempering, steps.weights)
    worse = average(np.stack([severe, tolerated]), (SEVERE, 1 - SEVERE))
    exact = average(since_stage(steps.better, stage), steps.weights) / tempering
    by_minute = [
        memory.recall_whole(
            ("by minute", int(stage[part.start])),
            _better_by_minute,
            scores.score[..., part],
            scores.information[..., part],
        )
        for part in split_stages(stage)
    ]
    return Comparison(worse, np.minimum(exact, np.concatenate(by_minute, axis=-1)), tempering)


def _better_by_minute(score: Floats, information: Floats) -> Floats:
    return summarise(score, information).evidence(0.0, direction=-1)
