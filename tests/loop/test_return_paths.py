"""Every way back that is obstructed: while any permitted request, or the switch, could take a failing candidate's traffic, it is taken."""

import os

import pytest

from policies.lifecycle import Outcome
from tests.loop.return_paths import TABLE, Row, closed_by_aws, describe, play, rows

EVERY = 1 if os.environ.get("ROLLWAY_CHAOS") == "full" else 23
"""Which rows are played: all of them with ``make chaos``."""
ROWS = list(rows())


@pytest.mark.parametrize("row", ROWS[::EVERY], ids=lambda row: row.name)
def test_no_obstruction_leaves_a_candidate_with_traffic_that_could_be_taken(row: Row) -> None:
    """A lease and a minute after a rollout is ordered back, its candidate has no traffic; and its end is what the page says."""
    story = play(row)

    assert story.ending is not None
    deleted = row.fault == "deleted"
    assert story.ending.outcome in ({Outcome.ABORTED} if deleted else {Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED})
    share = story.at_the_end if story.exposure is None else story.exposure
    assert share == 0 or closed_by_aws(row)
    assert describe(story) in TABLE.read_text("utf-8").splitlines()


def test_the_page_has_every_row() -> None:
    """No obstruction is left out of the page."""
    lines = TABLE.read_text("utf-8").splitlines()
    found = [tuple(cell.strip() for cell in line.split("|")[1:4]) for line in lines if line.startswith("| ")][1:]
    assert found == [(row.operation, row.fault, row.phase) for row in ROWS]
