"""Whoever watches a rollout in the process that drives it: a terminal, a test. Watching never changes anything."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from policies.decision import Decision
from policies.plan import Plan

Watcher = Callable[[Plan, Decision, datetime], None]
"""Is told every decision as it is made."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Generator[None]:
    """Have a watcher told of the decisions made inside the block."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def tell_watcher(plan: Plan, decision: Decision, now: datetime) -> None:
    """Tell the watcher of a decision, if there is one."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(plan, decision, now)
