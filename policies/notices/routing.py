"""Which routes a notice goes to."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from policies.errors import Problem
from policies.notices.notice import Notice
from policies.notices.spec import NotifySpec, Route


def choose(routes: Sequence[Route], notice: Notice, notify: NotifySpec) -> tuple[Route, ...]:
    """Return the routes of a notice, by what each of them and the rollout's policy says."""
    return tuple(route for route in routes if _wants(route, notice) and _allows(notify, route, notice))


def find_missing(routes: Sequence[Route], notify: NotifySpec) -> tuple[Problem, ...]:
    """Return a problem for each route that a policy names and nobody has."""
    known = [route.name for route in routes]
    remedy = (
        f"there are: {', '.join(known)}"
        if known
        else "name a notifications file: ROLLWAY_NOTIFICATIONS or --notifications"
    )
    return tuple(
        Problem(f"policy notify.routes[{number}]", f"there is no route {name}", remedy)
        for number, name in enumerate(notify.routes or ())
        if name not in known
    )


def _wants(route: Route, notice: Notice) -> bool:
    urgent = notice.level.rank >= route.at_least.rank
    about = not notice.endpoint or any(fnmatchcase(notice.endpoint, pattern) for pattern in route.endpoints)
    return urgent and about and notice.event in route.events


def _allows(notify: NotifySpec, route: Route, notice: Notice) -> bool:
    return notice.level.rank >= notify.at_least.rank and (notify.routes is None or route.name in notify.routes)
