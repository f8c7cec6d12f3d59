"""Who is told what: the routes of a notifications file, and what a policy says about them. The fields that a user writes.

A route's addresses hold secrets. They are only ever compared with nothing, shown to nobody, and left out of every error.
"""

from collections import Counter
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from policies.errors import PolicyError, Problem
from policies.notices.notice import Event, Level
from policies.values import Frozen

RouteName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class NotifySpec(Frozen):
    """Who is told of the policy's rollouts.

    Attributes:
        routes: names of the routes that are used; all of them by default.
        at_least: leave out what is less urgent, whatever the routes say: info, warning or critical.
    """

    routes: tuple[RouteName, ...] | None = None
    at_least: Level = Level.INFO

    @field_validator("routes")
    @classmethod
    def _names_each_once(cls, routes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = [name for name, count in Counter(routes or ()).items() if count > 1]
        if twice:
            raise ValueError(f"names {', '.join(twice)} more than once")
        return routes


class Route(Frozen):
    """A way to tell people.

    Attributes:
        name: what it is called, in policies and in the journal.
        url: the address, as Apprise writes it, for example slack://… or mailto://…; secrets as ${VARIABLE} or ${file:/path}.
        urls: several addresses instead; each is told.
        at_least: how urgent a notice has to be: info, warning or critical.
        endpoints: patterns of the endpoints' names, for example fraud-*; halts, which are about all of them, always pass.
        events: only these; all of them by default.
    """

    name: RouteName
    url: Annotated[str | None, Field(min_length=1, repr=False)] = None
    urls: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(repr=False)] = ()
    at_least: Level = Level.INFO
    endpoints: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] = ("*",)
    events: tuple[Event, ...] = tuple(Event)

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if (self.url is None) == (not self.urls):
            raise ValueError("needs url or urls, and not both")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses, with their secrets still to be filled in."""
        return self.urls if self.url is None else (self.url,)


class NotificationsSpec(Frozen):
    """What a notifications file says.

    Attributes:
        routes: the ways to tell people.
    """

    routes: Annotated[tuple[Route, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = Counter(route.name for route in self.routes)
        problems = [
            Problem(
                f"routes[{number}].name", f"{route.name} is the name of {names[route.name]} routes", "give each its own"
            )
            for number, route in enumerate(self.routes)
            if names[route.name] > 1
        ]
        if problems:
            raise PolicyError("notifications", problems)
        return self
