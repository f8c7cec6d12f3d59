"""Whether a rollout may start at a moment, by its windows."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from policies.errors import Problem
from policies.plan import Plan
from policies.spec import Policy
from policies.values import format_duration
from policies.windows.opening import explain_closed, is_open, next_opening


def find_window_obstacles(plan: Plan, now: datetime) -> Iterator[Problem]:
    """Yield why a rollout may not start now, or never could get anywhere."""
    windows = plan.policy.windows
    if windows is None:
        return
    lasting = plan.guard.takes if plan.guard else timedelta(0)
    if next_opening(windows, now, lasting) is None:
        what = "have no opening within two years"
        if lasting:
            what += f" that lasts the {format_duration(lasting)} of SageMaker's own update, which cannot be held"
        yield Problem("windows", what, "allow more hours or days, or shorten the bakes")
    for refusal in find_refusals(plan.policy, now):
        yield Problem("windows", refusal, "start it then, or write outside: hold")


def find_refusals(policy: Policy, now: datetime) -> Iterator[str]:
    """Yield why a policy turns a rollout away that is started now."""
    windows = policy.windows
    if windows is not None and windows.outside == "refuse" and not is_open(windows, now):
        yield explain_closed(windows, now)
