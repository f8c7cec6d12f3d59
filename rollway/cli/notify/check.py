"""``rollway notify check``: every problem of a notifications file at once, and where links to answer by lead. Sends nothing."""

from typing import Any, Unpack

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from policies.notices.notice import Event, Level
from policies.notices.spec import Route
from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import Document, emit
from rollway.cli.words import count
from rollway.notices.loading import Notifications, load_notifications
from rollway.notices.signing import find_signer


class Options(Common):
    """The verb's options."""

    file: str


@click.command()
@click.argument("file", metavar="FILE")
@common_options
def command(**options: Unpack[Options]) -> int:
    """Check FILE, its secrets being filled in, and show who would be told what. Addresses are never shown."""
    found, signer = load_notifications(options["file"]), find_signer()
    told = Text.assemble(("✓", "green"), f" {options['file']}: {count(len(found.routes), 'route')}")
    document: Document = {
        "file": options["file"],
        "valid": True,
        "routes": [_describe(found, route) for route in found.routes],
        "approvals": signer.url if signer else None,
    }
    links = [f"  links to answer by lead to {signer.url}"] if signer else []
    emit(options["output"], document, Group(told, _draw(found), *links))
    return Exit.OK


def _describe(found: Notifications, route: Route) -> dict[str, Any]:
    return {
        "name": route.name,
        "services": [target.service.kind for target in found.targets[route.name]],
        "at_least": str(route.at_least),
        "endpoints": list(route.endpoints),
        "events": list(map(str, route.events)),
    }


def _draw(found: Notifications) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    for route in found.routes:
        services = ", ".join(target.service.kind for target in found.targets[route.name])
        level = "everything" if route.at_least is Level.INFO else f"{route.at_least} and above"
        level = "critical only" if route.at_least is Level.CRITICAL else level
        about = "every endpoint" if "*" in route.endpoints else ", ".join(route.endpoints)
        events = "every event" if {*route.events} == {*Event} else ", ".join(route.events)
        table.add_row(Text(route.name, "bold"), services, level, about, events)
    return table
