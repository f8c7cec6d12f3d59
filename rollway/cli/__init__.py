"""The ``rollway`` command.

One module per verb, named after it, whose ``command`` is the click command; it returns the exit code. A verb's module is imported when
it is called and not before, so this module imports next to nothing and ``rollway --help`` is quick. Verbs that run no flow never import
Prefect, but for ``setup``. Results go to stdout, progress and logs to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from rollway.cli.exits import Exit
from rollway.cli.verbs import Verbs

if TYPE_CHECKING:
    from rollway.cli.world import World

VERBS: Final = {
    "demo": "Watch one rollout promoted and one rolled back, simulated.",
    "sandbox": "Run the simulated AWS to rehearse on.",
    "validate": "Check policies: every problem at once.",
    "lint": "Check an endpoint's configuration against good practice.",
    "config": "Check, show or create an endpoint's wanted configuration.",
    "diff": "Show in what a live endpoint differs from a blueprint.",
    "judge": "Judge a file of observations: what the gates come to.",
    "backtest": "Replay a file of observations: the decision at every minute.",
    "replay": "Judge again what a receipt rests on, and compare the bytes.",
    "forecast": "Show what a policy can decide at your traffic.",
    "plan": "Show what a rollout would do. Changes nothing.",
    "calibrate": "Measure on simulated traffic how often a policy would be wrong.",
    "run": "Roll a model out on a live endpoint.",
    "fleet": "Roll a model out over many endpoints, in waves.",
    "bindings": "Bind registered models to endpoints: check, list.",
    "status": "Show where the newest rollout of an endpoint stands.",
    "pause": "Keep the candidate where it is.",
    "resume": "Go on: after a pause, a change that is fine, or a dead process.",
    "approve": "Let a stage go on that waits for a person.",
    "reject": "Take back a candidate that waits for a person.",
    "promote-now": "Promote at once, whatever has not passed yet.",
    "abort": "Stop the rollout that is under way; back to the baseline.",
    "rollback": "Take the candidate back, also when the process has died.",
    "reconcile": "Bring to its end whatever no process drives any more.",
    "serve": "Receive events of model registries.",
    "halt": "Halt every rollout at once.",
    "lift": "End a halt.",
    "notify": "Check and try the routes by which people are told.",
    "setup": "Set a Prefect server up: work pool, deployments, automations.",
    "version": "Show the versions of Rollway and what it stands on.",
}
"""Every verb with its line of help, in the order of a first acquaintance."""


@click.command(
    cls=Verbs,
    package=__name__,
    verbs=VERBS,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="VERB ...",
)
def rollway() -> None:
    r"""Roll a new model out on a live Amazon SageMaker endpoint, in stages, and take it back when it is worse.

    Exit codes: 0 promoted or done, 1 internal error, 2 wrong usage or a reason not to start, 3 rolled back,
    4 aborted, 5 inconclusive or still under way, 6 the rollback failed and a person is needed.
    """


def main(arguments: Sequence[str] | None = None, world: World | None = None) -> int:
    """Run one verb and return its exit code.

    Args:
        arguments: the command line without the program's name; by default this process's own.
        world: the clock to live by; by default the machine's own.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return rollway.main(given, prog_name="rollway", standalone_mode=False, obj=world) or Exit.OK
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in given:
            raise
        from rollway.cli.failures import report_failure  # noqa: PLC0415 - costs time that only a failure needs

        return report_failure(error, given)
