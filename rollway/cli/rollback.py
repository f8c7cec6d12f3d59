"""``rollway rollback``: take the candidate back, by the process that drives the rollout or, where that is dead, by this one."""

import asyncio
from datetime import timedelta
from typing import Final, Unpack

import click

from policies.lifecycle import CLIMBING, Outcome, State, turn_back
from policies.plan import Plan
from policies.values import format_duration
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws, connect
from rollway.cli.answering import describe_answer, refuse_ended, say_answer, tell
from rollway.cli.driving import drive_here, watching
from rollway.cli.exits import EXIT_OF_OUTCOME
from rollway.cli.newest import Newest, need_newest, signed
from rollway.cli.options import OnJournal, journal_options, need_journal, reason_option
from rollway.cli.output import emit
from rollway.cli.world import World, current_world
from rollway.journal.claims import Claim, claim_endpoint
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import open_journal, whoami

_LOOK_EVERY: Final = timedelta(seconds=2)
_LEAST_GRACE: Final = timedelta(seconds=30)
_LOOKS_OF_GRACE: Final = 3


class Options(OnJournal):
    """The verb's options."""

    reason: str


@click.command()
@reason_option
@journal_options
def command(**options: Unpack[Options]) -> int:
    """Take the candidate of ENDPOINT back to the baseline, also when the rollout's process has died."""
    location, world = need_journal(options["journal"]), current_world()
    aws = connect(options["region"], options["profile"])
    newest = need_newest(open_journal(aws, location), options["endpoint"])
    if newest.claim.outcome is not None:
        state, ended = _reopen(aws, newest, options["reason"], world), True
    else:
        newest.ask(signed("rollback", options["reason"]), world.clock.now())
        newest = asyncio.run(_await_life(aws, newest, world))
        state, ended = newest.chronicle.state, newest.ending is not None
    return 0


def _grace(plan: Plan) -> timedelta:
    return max(_LEAST_GRACE, _LOOKS_OF_GRACE * plan.policy.metrics.look_every)
