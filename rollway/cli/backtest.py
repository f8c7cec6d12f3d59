"""``rollway backtest``: how a recorded rollout would have gone under a policy. Reads files and nothing else."""

from pathlib import Path
from typing import Any, Unpack

import click
from rich.console import Group
from rich.text import Text

from policies.loading import load_policy
from policies.replaying import replay
from policies.strata.reading import read_observations
from policies.verdict import Verdict
from rollway.cli.exits import Exit
from rollway.cli.judge import EXIT_OF_CALL
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit
from rollway.cli.words import name_policy
from rollway.reports.course import describe_course, draw_course, trace_course


class Options(Common):
    """The verb's options."""

    policy: str
    observations: Path


@click.command()
@click.argument("policy")
@click.argument("observations", type=click.Path(path_type=Path))
@common_options
def command(**options: Unpack[Options]) -> int:
    """Replay OBSERVATIONS (.csv or .parquet) minute by minute: what POLICY would have decided at each.

    Stages and shares are those of the file: a real rollout would have stayed longer where its gates did not let it go on.

    Exit codes: 0 promoted, 3 rolled back, 5 undecided, 2 unusable input.
    """
    policy, observations = load_policy(options["policy"]), read_observations(options["observations"])
    verdicts = replay(policy, observations, in_full=False)
    name = name_policy(options["policy"], policy)
    if not verdicts:
        nothing = "INCONCLUSIVE · there are no observations at all"
        emit(options["output"], {"policy": name, "course": None, "verdicts": []}, nothing)
        return Exit.WAITING
    course = trace_course(policy, observations, verdicts)
    document = {
        "policy": name,
        "course": describe_course(course),
        "verdicts": [_describe(verdict) for verdict in verdicts],
    }
    headline = Text(f"{name} on {options['observations']}", "dim")
    emit(options["output"], document, Group(headline, draw_course(course)))
    return EXIT_OF_CALL[course.end.decision]


def _describe(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as a document, without the many things that it does not tell."""
    return verdict.model_dump(mode="json", exclude_none=True)
