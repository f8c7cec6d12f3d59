"""``rollway run``: one rollout from its plan to its outcome, through the Prefect flow or by the plain loop in this process."""

import asyncio
import os
from typing import Unpack

import click
from pydantic import ValidationError

from policies.loading import load_policy
from policies.spec import Policy
from rollway.aws.session import connect
from rollway.cli.driving import Result, drive_here, watching
from rollway.cli.exits import EXIT_OF_OUTCOME
from rollway.cli.failures import UsageProblem
from rollway.cli.options import (
    OnChange,
    OnJournal,
    WithNotifications,
    change_options,
    journal_options,
    need_journal,
    notifications_option,
)
from rollway.cli.output import emit
from rollway.cli.prefect_server import find_server
from rollway.cli.world import current_world
from rollway.loop.forewarning import forewarn
from rollway.loop.hands import PlainHands
from rollway.loop.queueing import make_way
from rollway.loop.quota_check import check_quotas
from rollway.loop.starting import open_journal, plan_rollout, refuse_if_braked, refuse_if_halted, start
from rollway.loop.wanted import make_request
from rollway.notices.loading import VARIABLE, Notifications, find_notifications
from rollway.notices.messenger import telling
from tasks.files import FOLDER
from tasks.request import AbTestRequest, RolloutRequest


class Options(OnJournal, OnChange, WithNotifications):
    """The verb's options."""

    prefect: bool | None
    automatic: bool


@click.command()
@change_options
@click.option(
    "--prefect/--no-prefect",
    default=None,
    help="Run as a Prefect flow, or without Prefect. [default: as a flow when a Prefect server is set up]",
)
@click.option(
    "--automatic",
    is_flag=True,
    help="Started by a machine: do not try again what was taken back, and let an endpoint rest after a failure.",
)
@notifications_option
@journal_options
def command(**options: Unpack[Options]) -> int:
    """Roll a model, or a whole configuration, out on ENDPOINT and stay until it is promoted or taken back."""
    policy, journal = load_policy(options["policy"]), need_journal(options["journal"])
    notifications = find_notifications(options["notifications"], policy.notify)
    result = (
        _run_as_flow(options, policy.strategy, journal)
        if _wants_prefect(options["prefect"])
        else _run_here(options, policy, journal, notifications)
    )
    emit(options["output"], result.describe(), result.say())
    return EXIT_OF_OUTCOME[result.ending.outcome]


def _wants_prefect(asked: bool | None) -> bool:  # noqa: FBT001 - an option that may be left open
    if asked is not None:
        return asked
    server = find_server()
    told = (
        f"running as a Prefect flow, reporting to {server}"
        if server
        else "no Prefect server is set up (PREFECT_API_URL): running without Prefect, in this process"
    )
    click.echo(click.style(told, dim=True), err=True)
    return server is not None


def _run_here(options: Options, policy: Policy, journal: str, notifications: Notifications | None) -> Result:
    aws = connect(options["region"], options["profile"])
    world = current_world().by_aws(aws)
    store = open_journal(aws, journal, world.clock.now)
    refuse_if_halted(store)  # also the first answer, from which on AWS's time is known
    request = make_request(options["endpoint"], policy, options["models"], options["config"])
    hands = PlainHands(aws, world.timing)
    with telling(notifications, world.clock.now):
        asyncio.run(make_way(request, store, lambda: PlainHands(aws, world.timing), world.clock))
    plan = plan_rollout(aws, request, world.clock.now())
    if options["automatic"]:
        refuse_if_braked(plan, store, world.clock.now())
    if unchecked := check_quotas(aws, plan):
        click.echo(click.style(unchecked, dim=True), err=True)
    for line in (*plan.notes, *forewarn(aws, plan, world.clock.now()).lines):
        click.echo(click.style(line, fg="yellow"), err=True)
    with watching(world, notifications) as witness:
        return drive_here(start(plan, store, hands), world, witness)


def _run_as_flow(options: Options, strategy: str, journal: str) -> Result:
    request = _fill_in(options, journal, strategy)
    from rollway.cli.prefect_flow import run_flow  # noqa: PLC0415 - Prefect takes seconds to import

    os.environ.setdefault(FOLDER, "/")  # a person at the command line may read what they may read
    if options["notifications"]:
        os.environ[VARIABLE] = options["notifications"]
    if options["profile"]:
        os.environ["AWS_PROFILE"] = options[
            "profile"
        ]  # the flow's form has no field for it, and it runs in this process
    with watching(current_world()) as witness:
        return run_flow(strategy, request, witness)


def _fill_in(options: Options, journal: str, strategy: str) -> RolloutRequest:
    """Fill in the flow's form.

    Raises:
        UsageProblem: a field has no value that the form accepts.
    """
    names = ("endpoint", "config", "policy", "region")
    model, *challengers = options["models"] or ("",)
    given = {name: options[name] for name in names if options[name]}
    given |= {"model": model, "journal": journal, "automatic": options["automatic"]}
    try:
        if challengers or strategy == "ab_test":
            return AbTestRequest.model_validate(given | {"challengers": challengers})
        return RolloutRequest.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{each['loc'][0]} {each['input']!r}: {each['msg']}" for each in error.errors())
        raise UsageProblem(wrong) from error
