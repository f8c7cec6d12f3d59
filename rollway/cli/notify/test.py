"""``rollway notify test``: one marked message by a route, to see that it arrives."""

from typing import Unpack

import click

from policies.errors import RolloutError
from policies.notices.notice import Level
from policies.notices.rendering import render_text
from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.cli.options import Common, WithNotifications, common_options, notifications_option
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.loop.starting import whoami
from rollway.notices.dispatch import Dispatch
from rollway.notices.loading import load_notifications


class Options(Common, WithNotifications):
    """The verb's options."""

    route: str


class NotTold(RolloutError):
    """A message that was not taken."""

    code = "not_told"


@click.command()
@click.argument("route")
@notifications_option
@common_options
def command(**options: Unpack[Options]) -> int:
    """Send one test message, marked as such, to every address of ROUTE."""
    if not options["notifications"]:
        hint = "Set ROLLWAY_NOTIFICATIONS=FILE, or give --notifications FILE."
        raise UsageProblem("no notifications file is given", hint=hint)
    dispatch, now = Dispatch(load_notifications(options["notifications"])), current_world().clock.now()
    chosen = [route for route in dispatch.routes if route.name == options["route"]]
    if not chosen:
        known = ", ".join(route.name for route in dispatch.routes)
        raise UsageProblem(f"there is no route {options['route']}", hint=f"There are: {known}.")
    title = f"TEST at {now:%H:%M:%S} UTC · Rollway reaches you by route {options['route']}"
    message = render_text(title, f"Sent by {whoami()} to try the route. Nothing has happened to any endpoint.")
    answers = dispatch.send(dict.fromkeys(dispatch.names_of(chosen), message), Level.INFO, now)
    failed = {name: why for name, why in answers.items() if why}
    if failed:
        told = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise NotTold(f"not everybody took the message — {told}", hint="Check the address: rollway notify check FILE")
    told = "\n".join(f"{name}: taken" for name in answers)
    emit(options["output"], {"route": options["route"], "taken": list(answers)}, told)
    return Exit.OK
