"""The options that verbs share, and their types."""

from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from typing import Any, Literal, TypedDict

import click

from policies.values import parse_duration
from rollway.cli.failures import UsageProblem

Form = Literal["text", "json"]
Decorator = Callable[[Any], Any]


class Common(TypedDict):
    """Options of every verb."""

    output: Form


class OnAws(Common):
    """Options of the verbs that talk to AWS."""

    region: str | None
    profile: str | None


class OnWholeJournal(OnAws):
    """Options of the verbs that are about every rollout in a journal."""

    journal: str | None


class WithNotifications(TypedDict):
    """Options of the verbs that may have something to tell people who are not watching."""

    notifications: str | None


class OnJournal(OnWholeJournal):
    """Options of the verbs that are about the rollout of one endpoint."""

    endpoint: str


class OnReturn(OnJournal, WithNotifications):
    """Options of the verbs that lead a rollout back to its baseline."""


class OnChange(TypedDict):
    """Options of the verbs that are about a new rollout."""

    models: tuple[str, ...]
    config: str | None
    policy: str


class OnRollout(OnJournal):
    """Options of the verbs that ask a rollout for something."""

    reason: str
    wait: timedelta


def read_duration(_context: click.Context, _option: click.Parameter, value: str) -> timedelta:
    """Read the value of an option that is a length of time, the way policies write it."""
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _together(*decorators: Decorator) -> Decorator:
    def apply(function: Any) -> Any:  # noqa: ANN401 - whatever click makes of a function
        return reduce(lambda decorated, decorator: decorator(decorated), reversed(decorators), function)

    return apply


def form_options(*forms: str) -> Decorator:
    """Return the options of every verb, for a verb that can put its result in these forms; the first is the default."""
    documents = " and ".join(forms[1:])
    return _together(
        click.option(
            "--output",
            type=click.Choice(forms),
            default=forms[0],
            show_default=True,
            help=f"{documents}: one document on stdout.",
        ),
        click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."),
    )


common_options: Decorator = form_options("text", "json")
place_options: Decorator = _together(
    click.option("--region", metavar="REGION", help="AWS Region. [default: as for any AWS client]"),
    click.option("--profile", metavar="NAME", help="Profile of the AWS configuration. [default: AWS_PROFILE]"),
)
aws_options: Decorator = _together(place_options, common_options)
all_journal_options: Decorator = _together(
    click.option(
        "--journal",
        metavar="S3URI",
        envvar="ROLLWAY_JOURNAL",
        help="Where rollouts are recorded: s3://bucket/prefix. [default: ROLLWAY_JOURNAL]",
    ),
    aws_options,
)
"""For the verbs that are about every rollout in a journal."""

journal_options: Decorator = _together(click.argument("endpoint"), all_journal_options)
"""For the verbs that are about the rollout of one endpoint."""

wait_option: Decorator = click.option(
    "--wait",
    default="60s",
    show_default=True,
    callback=read_duration,
    metavar="DURATION",
    help="How long to wait for an answer.",
)

notifications_option: Decorator = click.option(
    "--notifications",
    metavar="FILE",
    envvar="ROLLWAY_NOTIFICATIONS",
    help="Who is told of it, by which service. [default: ROLLWAY_NOTIFICATIONS]",
)

reason_option: Decorator = click.option(
    "--reason", required=True, metavar="TEXT", help="Why; it goes on record and into the outcome."
)


change_options: Decorator = _together(
    click.option(
        "--model",
        "models",
        metavar="NAME",
        multiple=True,
        help="The SageMaker model that shall take over; several, one option each, for an A/B test.",
    ),
    click.option(
        "--config",
        metavar="FILE",
        help="Instead of a model: a blueprint, whose whole configuration shall, with its models and its scaling.",
    ),
    click.option("--policy", required=True, metavar="POLICY", help="Path of a policy file, or a name such as canary."),
)
"""For the verbs that are about a new rollout."""


def need_journal(location: str | None) -> str:
    """Return the journal's location.

    Raises:
        UsageProblem: none was given.
    """
    if not location:
        raise UsageProblem(
            "no journal is given", hint="Set ROLLWAY_JOURNAL=s3://bucket/prefix, or give --journal s3://bucket/prefix."
        )
    return location
