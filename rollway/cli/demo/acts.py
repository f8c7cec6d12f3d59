"""The acts: real ``rollway run`` commands, played in the terminal as a user would, and what came of them."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import click

from policies.errors import RolloutError
from policies.lifecycle import Ending
from policies.plan import Plan
from rollway.cli.demo.account import ENDPOINT, JOURNAL, model_name
from rollway.cli.demo.candidates import EXPECTED
from rollway.cli.demo.scene import Scene, Seen
from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from rollway.loop.starting import open_journal
from rollway.reports.outcome import timeline

POLICY: Final = "rehearsal"


@dataclass(frozen=True)
class Act:
    """One rollout of the demo, played.

    Attributes:
        candidate: the candidate's name.
        plan: the rollout's plan.
        ending: how it ended.
        seen: what the simulated users got from the candidate's variant.
        timeline: what happened when, one line each.
    """

    candidate: str
    plan: Plan
    ending: Ending
    seen: Seen
    timeline: list[str]

    @property
    def as_deserved(self) -> bool:
        """Whether the candidate got what it deserves."""
        return self.ending.outcome == EXPECTED[self.candidate]


def play_all(scene: Scene, candidates: Sequence[str]) -> list[Act]:
    """Play one rollout after the other.

    Raises:
        RolloutError: a rollout did not even start.
    """
    acts: list[Act] = []
    seen = Seen(0, 0)
    for candidate in candidates:
        _run(scene, candidate)
        seen_by_now = scene.seen_from("candidate")
        acts.append(_look_back(scene, candidate, seen_by_now.since(seen)))
        seen = seen_by_now
    return acts


def _run(scene: Scene, candidate: str) -> None:
    """Roll a candidate out with the command that a user would type."""
    arguments = ["run", ENDPOINT, "--model", model_name(candidate), "--policy", POLICY]
    click.echo(f"\n$ rollway {' '.join(arguments)}", err=True)
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "rollway.cli", *arguments],
        check=False,
        env=os.environ | dict(scene.environment),
        stdout=sys.stderr,
    )


def _look_back(scene: Scene, candidate: str, seen: Seen) -> Act:
    """Read from the journal what became of the newest rollout."""
    store = open_journal(scene.aws, JOURNAL)
    standing = read_standing(store, ENDPOINT)
    if standing is None or standing.lease.outcome is None:
        raise RolloutError(
            f"the rollout of {model_name(candidate)} did not come to an end", hint="Its output is above."
        )
    chronicle = Journal(store, standing.lease.rollout_id).read()
    return Act(candidate, chronicle.plan, cast("Ending", chronicle.state.ending), seen, timeline(chronicle.records))


def describe(act: Act) -> dict[str, object]:
    """Return an act as a JSON-able document."""
    return {
        "candidate": act.candidate,
        "rollout": act.plan.rollout_id,
        "outcome": str(act.ending.outcome),
        "expected": EXPECTED[act.candidate],
        "reason": act.ending.reason,
        "candidate_requests": act.seen.requests,
        "candidate_failures": act.seen.failures,
        "timeline": act.timeline,
    }


def read_back(scene: Scene) -> dict[str, object]:
    """Read the endpoint and its configuration back through boto3, as anybody could."""
    endpoint = scene.aws.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    config = scene.aws.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    models = {each["VariantName"]: each.get("ModelName", "") for each in config["ProductionVariants"]}
    variants = [
        {
            "variant": each["VariantName"],
            "model": models[each["VariantName"]],
            "weight": each.get("CurrentWeight"),
            "instances": each.get("CurrentInstanceCount"),
        }
        for each in endpoint.get("ProductionVariants", [])
    ]
    facts = {"endpoint": ENDPOINT, "status": endpoint["EndpointStatus"], "config": endpoint["EndpointConfigName"]}
    return json.loads(json.dumps(facts | {"variants": variants}))
