"""Evidence: only whole periods in which the rollout itself held the split count, each for its own stage."""

from datetime import timedelta

import pandas as pd

from policies.gates.evidence import Window, gather_evidence, label_strata
from policies.observation import Metrics
from tests.policies.building import MINUTE, START, make_policy, make_strata

HALF = timedelta(seconds=30)
STRATA = make_strata(START, 10)


def minutes(window: Window) -> list[int]:
    kept = label_strata(STRATA, [window], make_policy())
    return sorted({int((minute - START) / MINUTE) for minute in kept["minute"]})


def test_only_whole_periods_within_a_window_count() -> None:
    """A minute in which the split changed belongs to no stage."""
    assert minutes(Window(stage=0, share=5, start=START + HALF, end=START + 4 * MINUTE + HALF)) == [1, 2, 3]
    assert minutes(Window(stage=0, share=5, start=START + MINUTE, end=START + 4 * MINUTE)) == [1, 2, 3]
    assert minutes(Window(stage=0, share=5, start=START + 8 * MINUTE)) == [8, 9]


def test_counts_are_of_the_present_stage_and_strata_of_all() -> None:
    """Samples start anew at each stage; comparisons keep everything, stage by stage."""
    first = Window(stage=0, share=5, start=START, end=START + 4 * MINUTE)
    second = Window(stage=1, share=50, start=START + 6 * MINUTE)
    series = pd.Series([1.0, 2.0], index=pd.DatetimeIndex([START, START + 7 * MINUTE]))
    metrics = Metrics(strata=STRATA, series={"slo": series}, settled_until=START + 10 * MINUTE)
    evidence = gather_evidence(make_policy(), metrics, [first, second])
    assert (evidence.total("invocations", "candidate"), evidence.total("invocations", "baseline")) == (200, 3800)
    assert sorted(evidence.strata["stage"].unique()) == [0, 1]
    assert len(evidence.strata) == 16
    assert (evidence.share, list(evidence.series["slo"])) == (50, [2.0])


def test_no_rows_are_no_evidence() -> None:
    """An empty table stays an empty table with all its columns."""
    metrics = Metrics(strata=make_strata(START, 0), series={}, settled_until=START)
    evidence = gather_evidence(make_policy(), metrics, [Window(stage=0, share=5, start=START)])
    assert evidence.total("invocations", "candidate") == 0
