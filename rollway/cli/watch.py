"""Watching a rollout: what is new as lines, and the present moment as a picture where there is a terminal. Writes to stderr only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from policies.commands import explain
from policies.decision import Decision
from policies.lifecycle import Phase
from policies.plan import Plan
from rollway.cli.picture import Moment, draw, traffic_light
from rollway.loop.clock import Clock
from rollway.reports.news import News

STILL_EVERY: Final = timedelta(minutes=1)
"""How long a rollout without news is left uncommented where there is no terminal."""
_REFRESHES_PER_S: Final = 4


class Watch(Protocol):
    """Shows the decisions of a rollout. A context manager: it watches inside the block."""

    def see(self, moment: Moment) -> None:
        """Take note of a decision."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def watch_on(console: Console, clock: Clock) -> Watch:
    """Return the watch that suits a console: a live picture on a terminal, plain lines elsewhere."""
    return LiveWatch(console, clock) if console.is_terminal and not console.is_dumb_terminal else PlainWatch(console)


@dataclass
class Headlines:
    """Turns decisions into lines: one per piece of news, and one word to those who press Ctrl-C on the way back."""

    news: News
    returning: bool = False

    def tell(self, moment: Moment) -> list[Text]:
        """Return the lines that a decision deserves; none when nothing is new. The end is told with the result."""
        decision = moment.decision
        worth_it = self.news.is_new(decision) and not _is_echo(decision) and decision.action != "finish"
        lines = [headline(moment)] if worth_it else []
        if not self.returning and decision.state.phase is Phase.ROLLING_BACK:
            self.returning = True
            lines.append(Text(_no_hurry(moment.plan), "dim"))
        return lines


class PlainWatch:
    """One plain line per piece of news, and at most one "still" line a minute in between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._headlines = Headlines(News())
        self._told_at: datetime | None = None

    def see(self, moment: Moment) -> None:
        """Print what is new."""
        lines = self._headlines.tell(moment)
        if not lines and self._told_at is not None and moment.now - self._told_at >= STILL_EVERY:
            lines = [headline(moment, "still: ")]
        for line in lines:
            self._console.print(_stamp(moment), line, soft_wrap=True)
            self._told_at = moment.now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class LiveWatch:
    """The present moment as a picture that moves, with the news scrolling away above it."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._headlines = Headlines(News())
        self._moment: Moment | None = None
        self._live = Live(
            console=console, get_renderable=self._draw, refresh_per_second=_REFRESHES_PER_S, transient=True
        )

    def see(self, moment: Moment) -> None:
        """Print what is new, and go on with the new picture."""
        for line in self._headlines.tell(moment):
            self._console.print(_hanging(moment, line))
        self._moment = moment
        self._live.refresh()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _draw(self) -> RenderableType:
        return draw(self._moment, self._clock.now()) if self._moment else Text()


def headline(moment: Moment, prefix: str = "") -> Text:
    """Write a decision as one line: why, and what is asked of AWS."""
    decision = moment.decision
    asked = "; ".join(explain(command) for command in decision.commands)
    return Text.assemble(
        (f"{prefix}{decision.reason}", traffic_light(decision)),
        (f" · {asked}" if asked else "", "dim"),
    )


def _stamp(moment: Moment) -> Text:
    return Text(f"{moment.now:%H:%M:%S}", "dim")


def _hanging(moment: Moment, line: Text) -> RenderableType:
    """Wrap a line beside its time, not below it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(_stamp(moment), line)
    return grid


def _is_echo(decision: Decision) -> bool:
    """Whether a decision only says that AWS is at work on what was just asked of it."""
    return decision.action == "wait" and decision.state.operation is not None


def _no_hurry(plan: Plan) -> str:
    return (
        f"Ctrl-C does not stop this. If the process is killed: rollway rollback {plan.endpoint} takes up what is left."
    )
