"""Watching: the picture on a terminal, the lines elsewhere, and that neither can touch the rollout."""

import asyncio
import re
from io import StringIO

import pytest
from rich.console import Console

from policies.decision import Decision
from policies.plan import Plan
from policies.verdict import Answer, GateVerdict
from rollway.cli.driving import Witness
from rollway.cli.picture import Moment
from rollway.cli.watch import LiveWatch, PlainWatch, watch_on
from tests.cli.playing import QUICK
from tests.loop.rehearsal import Rehearsal

LOOKS = 5


@pytest.fixture
def moments(rehearsal: Rehearsal) -> list[Moment]:
    """The first looks of a rollout, up to its bake."""
    rollout = rehearsal.begin(QUICK)

    async def look() -> list[Moment]:
        seen: list[Moment] = []
        for _ in range(LOOKS):
            decision = await rollout.tick(rehearsal.now())
            seen.append(Moment(rollout.plan, decision, rehearsal.now()))
            rehearsal.pass_time(decision.next_look)
        return seen

    return asyncio.run(look())


def terminal() -> Console:
    return Console(file=StringIO(), force_terminal=True, width=100, height=40, _environ={})


def written(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def draw_last(moments: list[Moment], rehearsal: Rehearsal, decision: Decision) -> str:
    """Show a decision in place of the last one, and return the picture without colours."""
    console = Console(file=StringIO(), width=100, height=40)
    watch = LiveWatch(console, rehearsal)
    watch.see(Moment(moments[-1].plan, decision, moments[-1].now))
    console.print(watch._draw())
    return written(console)


def test_a_terminal_gets_a_picture_and_a_pipe_gets_lines(rehearsal):
    """Escape sequences go to terminals only."""
    assert isinstance(watch_on(terminal(), rehearsal), LiveWatch)
    assert isinstance(watch_on(Console(file=StringIO()), rehearsal), PlainWatch)


def test_the_picture_shows_where_the_rollout_stands(moments, rehearsal):
    """Share of both, stage, time left of the bake, every gate with verdict and sentence, elapsed and deadline."""
    verdicts = (
        GateVerdict(gate="errors", verdict=Answer.PASS, sentence="as few as before"),
        GateVerdict(gate="latency", verdict=Answer.INCONCLUSIVE, reason="few_requests", sentence="too few to tell"),
    )
    last = moments[-1].decision

    picture = draw_last(moments, rehearsal, Decision(last.state, "wait", "baking", last.next_look, (), verdicts))

    assert "fraud-v7 50 %" in picture
    assert "50 % fraud-v6" in picture
    assert "stage 1/1 (50 %)  baking," in picture
    assert "left of the bake" in picture
    assert "✓ errors  PASS         as few as before" in picture
    assert "… latency INCONCLUSIVE too few to tell" in picture
    assert "of at most 4h" in picture


def test_the_picture_says_what_a_hold_waits_for(moments, rehearsal):
    """A hold shows its whole reason, because a person has to act on it."""
    last = moments[-1].decision

    picture = draw_last(
        moments, rehearsal, Decision(last.state, "hold", "somebody changed the traffic", last.next_look)
    )

    assert "somebody changed the traffic" in picture


def test_the_terminal_keeps_the_news_above_the_picture(moments, rehearsal):
    """What happened stays readable after the picture is gone."""
    console = terminal()
    with LiveWatch(console, rehearsal) as watch:
        for moment in moments:
            watch.see(moment)

    text = written(console)
    assert len(re.findall(r"\d\d:\d\d:\d\d\S* the candidate is up at share 0", text)) == 1
    assert "shift traffic to AllTraffic 50 %, candidate 50 %" in text


def test_a_broken_watch_does_not_touch_the_rollout(moments, caplog):
    """What goes wrong with showing is logged and goes no further."""

    class Broken(PlainWatch):
        def see(self, moment: Moment) -> None:
            raise ValueError(f"no way to show {moment.plan.endpoint}")

    witness = Witness(Broken(Console(file=StringIO())))

    witness(moments[0].plan, moments[0].decision, moments[0].now)

    assert isinstance(witness.plan, Plan)
    assert "could not show the progress" in caplog.text
