"""From a notifications file to the routes and where they lead: every problem at once, and never a secret in any of them."""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from policies.documents.loading import expect_fields, load_document
from policies.errors import PolicyError, PreflightError, Problem, RolloutError
from policies.notices.notice import Event
from policies.notices.routing import find_missing
from policies.notices.spec import NotificationsSpec, NotifySpec, Route
from rollway.notices.secrecy import Mask, fill_in
from rollway.notices.services import Service, open_service
from rollway.notices.signing import Signer, find_signer

log = logging.getLogger(__name__)

VARIABLE: Final = "ROLLWAY_NOTIFICATIONS"
"""The environment variable that names the file."""
_HARMLESS: Final = re.compile(r"[\w*?.-]{1,40}")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """One address of a route.

    Attributes:
        name: what it is called in the journal: its route's name, numbered where the route has several.
        service: whoever takes messages there.
    """

    name: str
    service: Service


@dataclass(frozen=True)
class Notifications:
    """Who is told what, ready to be used.

    Attributes:
        source: the file.
        routes: its routes.
        targets: where they lead, by the route's name.
        signer: makes the links by which people answer; None where there are none.
    """

    source: str
    routes: tuple[Route, ...]
    targets: Mapping[str, tuple[Target, ...]] = field(repr=False)
    signer: Signer | None = None


def find_notifications(path: str | None = None, notify: NotifySpec | None = None) -> Notifications | None:
    """Load the file that is given, or that the environment names; None where nobody wants to be told anything.

    Args:
        path: the file; by default that of ``ROLLWAY_NOTIFICATIONS``.
        notify: what the policy of a rollout that is about to start says.

    Raises:
        PolicyError: the file, or what links are signed with, cannot be used.
        PreflightError: the policy names routes that there are not.
    """
    path = path or os.environ.get(VARIABLE)
    found = replace(load_notifications(path), signer=find_signer()) if path else None
    missing = find_missing(found.routes if found else (), notify or NotifySpec())
    if missing:
        raise PreflightError(missing)
    return found


def load_later(path: str | None = None) -> Callable[[], Notifications | None] | None:
    """Return what loads the file when somebody is to be told; None where nobody wants to be told anything.

    For rollouts that are under way already: loading takes a second or two, and what is wrong with the file is logged. Neither may keep
    anybody from bringing a rollout to its end.
    """
    path = path or os.environ.get(VARIABLE)

    def load() -> Notifications | None:
        try:
            return replace(load_notifications(path or ""), signer=_find_signer_quietly())
        except RolloutError as error:
            log.error("nobody is told anything: %s", error)  # noqa: TRY400 - the message says it all
            return None

    return load if path else None


def _find_signer_quietly() -> Signer | None:
    """Find whoever signs links; without links people are still told, and what to type."""
    try:
        return find_signer()
    except RolloutError as error:
        log.error("no message has a link to approve by: %s", error)  # noqa: TRY400 - the message says it all
        return None


def load_notifications(path: str | Path) -> Notifications:
    """Load a notifications file.

    Raises:
        PolicyError: there is no such file, it is no YAML, or with every problem in it.
    """
    document = load_document(path)
    with document.naming_lines():
        return parse_notifications(document.content, str(path))


def parse_notifications(document: object, source: str = "notifications") -> Notifications:
    """Turn a parsed document into routes that can be used.

    Raises:
        PolicyError: with every problem of the document.
    """
    foreign = expect_fields(document, ("routes",))
    if foreign:
        raise PolicyError(source, [foreign])
    given = dict(cast("Mapping[str, Any]", document))
    try:
        spec, problems = NotificationsSpec.model_validate(given), list[Problem]()
    except ValidationError as error:
        found = [details for details in map(dict[str, Any], error.errors()) if not _is_echo(details)]
        spec, problems = None, [_problem(details) for details in found]
    except PolicyError as error:
        spec, problems = None, list(error.problems)
    opened = [_open(address, where) for where, address in _addresses(given)]
    problems += [each for found in opened if isinstance(found, list) for each in found]
    if problems or spec is None:
        raise PolicyError(source, problems) from None
    services = (found for found in opened if isinstance(found, Service))
    targets = {route.name: tuple(_name(route, services)) for route in spec.routes}
    return Notifications(source, spec.routes, targets)


def _name(route: Route, services: Iterator[Service]) -> Iterator[Target]:
    several = len(route.addresses) > 1
    for number, _ in enumerate(route.addresses, start=1):
        yield Target(f"{route.name}[{number}]" if several else route.name, next(services))


def _addresses(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every address with its place, also in a document that has other problems."""
    routes = document.get("routes")
    for number, route in enumerate(routes if isinstance(routes, list) else []):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        if not isinstance(route, Mapping):
            continue
        fields: dict[str, Any] = dict(route)  # pyright: ignore[reportUnknownArgumentType]
        several: Sequence[object] = fields["urls"] if isinstance(fields.get("urls"), list) else []
        where = f"routes[{number}]"
        given = [(f"{where}.url", fields.get("url")), *((f"{where}.urls[{at}]", url) for at, url in enumerate(several))]
        yield from ((place, url) for place, url in given if isinstance(url, str) and url)


def _open(address: str, where: str) -> Service | list[Problem]:
    filled = fill_in(address, where)
    if isinstance(filled, list):
        return filled
    Mask([filled]).put_on()
    service = open_service(filled)
    if service is not None:
        return service
    scheme = _SCHEME.match(filled)
    kind = f"{scheme[0]} address" if scheme else "address, which begins with no service such as slack://"
    remedy = (
        "see https://appriseit.com/services/ for its form; a secret that is several parts has to be the whole address"
    )
    return [Problem(where, f"Apprise cannot use this {kind}", remedy)]


def _problem(details: Mapping[str, Any]) -> Problem:
    where, value = _path(details["loc"]), details["input"]
    shown = f", not {value}" if isinstance(value, str | int) and _is_harmless(details["loc"], str(value)) else ""
    match details["type"]:
        case "missing":
            return Problem(where, "is required")
        case "extra_forbidden":
            return Problem(where, "is no field here", "check the spelling, or remove it")
        case "value_error":
            return Problem(where, str(details["ctx"]["error"]))
        case "enum" if "events" in details["loc"]:
            known = ", ".join(Event)
            return Problem(where, f"there is no such event{shown}", f"there are: {known}")
        case _:
            return Problem(where, f"{details['msg']}{shown}")


def _is_echo(details: Mapping[str, Any]) -> bool:
    """Whether an error only says that of wrong routes none is left."""
    return details["type"] == "too_short" and details["loc"] == ("routes",) and bool(details["input"])


def _path(location: tuple[str | int, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part if _HARMLESS.fullmatch(part) else '…'}"
    return path.lstrip(".") or "(top level)"


def _is_harmless(location: tuple[str | int, ...], value: str) -> bool:
    """Whether a wrong value may be shown: nothing that may have been meant for an address."""
    return not {"url", "urls"} & {*location} and _HARMLESS.fullmatch(value) is not None
