"""Which notices a rollout's story comes to, and their very words."""

from datetime import timedelta
from pathlib import Path

import pytest

from policies.lifecycle import Phase
from policies.notices.notice import Event, Level
from policies.notices.story import Looked, Story, TookOver, tell
from tests.policies.building import START
from tests.policies.notices.telling import GOLDEN, STORIES, notices_of, steps_of, write_story

MINUTE = timedelta(minutes=1)
CASES = sorted(path.stem for path in GOLDEN.glob("*.json"))
ENDS = {Event.PROMOTED, Event.ROLLED_BACK, Event.ABORTED, Event.INCONCLUSIVE, Event.ROLLBACK_FAILED}


@pytest.mark.parametrize("path", sorted(STORIES.glob("*.txt")), ids=lambda path: path.stem)
def test_a_story_is_told_as_written(path: Path):
    """Headline, reason, numbers and commands of every notice are those that people were promised."""
    assert write_story(path.stem) == path.read_text("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_steps_that_come_twice_change_nothing(name):
    """Journal and process both tell of every look; nobody is told twice, whatever the story."""
    plan, steps = steps_of(name)
    twice = [step for step in steps for _ in range(2)]

    assert [notice.key for notice in tell(plan, twice)] == [notice.key for notice in tell(plan, steps)]


@pytest.mark.parametrize("name", CASES)
def test_another_process_comes_to_the_same_keys(name):
    """Wherever a process dies, the next one that reads the story from its beginning gives each event the key that it had."""
    plan, steps = steps_of(name)
    whole = {notice.key for notice in tell(plan, steps)}

    for cut in range(1, len(steps)):
        assert {notice.key for notice in tell(plan, steps[:cut])} <= whole


@pytest.mark.parametrize("name", CASES)
def test_an_end_is_told_once(name):
    """A rollout that ends is told to have ended, once, or once more after a rollback that was given up."""
    _, steps = steps_of(name)
    over = any(isinstance(step, Looked) and step.state.phase is Phase.FINISHED for step in steps)
    told = [notice.event for notice in notices_of(name) if notice.event in ENDS]

    assert (len(told) >= 1) if over else (len(told) <= 1)
    assert len(told) <= 1 + told.count(Event.ROLLBACK_FAILED) + ("drift" in name)


def test_a_slow_way_back_is_told_while_it_lasts():
    """Two minutes after the decision the candidate still has traffic: people are told that, and again when it is back."""
    plan, steps = steps_of("gate-fails-at-first-stage")
    turned = next(at for at, step in enumerate(steps) if isinstance(step, Looked) and step.state.ending)
    stuck = steps[turned]
    late = Looked(stuck.at + 2 * MINUTE, stuck.state, "wait", "AWS is at work on it")
    story = Story(plan)
    before = [notice for step in steps[: turned + 1] for notice in story.add(step)]

    (slow,) = story.add(late)

    assert Event.ROLLED_BACK not in {notice.event for notice in before}
    assert slow.event is Event.ROLLING_BACK
    assert "still has 5 %" in slow.headline


def test_a_helper_that_hands_over_every_minute_is_news_once():
    """Processes that help out pass a rollout on each minute; the next death is news again."""
    plan, steps = steps_of("taken-up-rolls-back")
    story = Story(plan)
    for step in steps[:3]:
        story.add(step)
    lost, seconds = plan.policy.take_over_after, timedelta(seconds=3)
    takes = [(1, lost), (2, seconds), (3, seconds), (4, lost)]

    told = [story.add(TookOver(START + at * MINUTE, "cron", silence, at)) for at, silence in takes]

    assert [len(each) for each in told] == [1, 0, 0, 1]


def test_the_dead_mans_switch_is_critical():
    """That AWS had to take the traffic back itself means that every process was gone: nobody may overlook that."""
    events = {notice.event: notice.level for notice in notices_of("dead-mans-switch-fired")}

    assert events[Event.SWITCH_FIRED] is Level.CRITICAL
    assert Event.ROLLED_BACK in events


def test_a_late_step_repeats_no_drift():
    """A process that tells more slowly than it writes its journal does not tell of a drift again that is over."""
    plan, steps = steps_of("drift-of-counts")
    drifting = [step for step in steps if isinstance(step, Looked) and step.state.drift]
    late = Looked(drifting[0].at + timedelta(seconds=1), drifting[0].state, "hold", drifting[0].reason)
    story = Story(plan)
    told = [notice for step in steps for notice in story.add(step)]

    assert Event.WAITING in {notice.event for notice in told}
    assert story.add(late) == ()
