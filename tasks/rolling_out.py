"""One rollout, held from its plan to its outcome: what the flow of every strategy does, between Prefect's form and its final state."""

import asyncio
import os
from dataclasses import replace

from prefect.client.schemas.objects import State
from prefect.exceptions import Pause
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from policies.bindings.origin import read_origin
from policies.errors import AwsError, RolloutError
from policies.facts import Endpoint
from policies.lifecycle import Ending, Outcome
from policies.loading import load_policy, read_policy
from policies.observation import Signal
from policies.plan import Plan
from policies.spec import Policy
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws, connect
from rollway.loop.clock import AwsClock, Clock
from rollway.loop.drive import drive
from rollway.loop.hands import PlainHands
from rollway.loop.queueing import make_way
from rollway.loop.rollout import Rollout
from rollway.loop.starting import open_journal, refuse_if_braked, refuse_if_halted, start
from rollway.loop.wanted import make_request
from rollway.notices.loading import find_notifications
from rollway.notices.messenger import telling_in_flow
from rollway.registries.writing_back import tell_quietly
from rollway.reports.outcome import headline, render_report
from tasks.artifacts import publish_report
from tasks.aws import check_quotas, forewarn, plan
from tasks.dead_runs import dead_runs_freed
from tasks.files import find_file, find_policy
from tasks.hands import PrefectHands
from tasks.request import RolloutRequest
from tasks.run_address import find_run_address


async def roll_out(rollout: RolloutRequest, strategy: str) -> State[Ending | RolloutError]:
    """Roll a model out by a policy of the given strategy, and return the state in which the flow run ends.

    The run ends *Promoted*, *Rolled back*, *Aborted* or *Inconclusive*; those are results. It fails when the endpoint could not be
    brought back to its baseline, or when the rollout could not start.
    """
    try:
        policy = choose_policy(rollout, strategy)
        notifications = await asyncio.to_thread(find_notifications, None, policy.notify)
        aws = await asyncio.to_thread(connect, rollout.region or None)
    except RolloutError as error:
        return _not_started(error)
    clock = AwsClock(aws)
    async with dead_runs_freed(), telling_in_flow(notifications, clock.now, find_run_address()):
        try:
            under_way = await set_out(aws, rollout, policy, clock)
        except RolloutError as error:
            return _not_started(error)
        ending = await drive_to_the_end(under_way, aws, clock)
        await report(aws, under_way, ending)
        await tell_origin(aws, under_way)
    return final_state(under_way, ending)


def choose_policy(rollout: RolloutRequest, strategy: str) -> Policy:
    """Load the policy, or read it where the form has all of it.

    Raises:
        RolloutError: there is no such policy, it has mistakes, or it is of another strategy.
    """
    in_full = "\n" in rollout.policy.strip()
    policy = read_policy(rollout.policy, "the form's policy") if in_full else load_policy(find_policy(rollout.policy))
    if policy.strategy != strategy:
        name = "of the form" if in_full else rollout.policy
        told = f"policy {name} is of strategy {policy.strategy}, and this is the flow for {strategy}"
        raise RolloutError(told, hint=f"Start the flow {policy.strategy.replace('_', '-')}, or choose another policy.")
    return policy


async def set_out(aws: Aws, rollout: RolloutRequest, policy: Policy, clock: Clock) -> Rollout:
    """Plan the rollout and claim the endpoint for it.

    Raises:
        RolloutError: the rollout cannot start; nothing was changed in SageMaker.
    """
    store = open_journal(aws, journal_location(rollout), clock.now)
    await asyncio.to_thread(refuse_if_halted, store)  # also the first answer, from which on AWS's time is known
    config = find_file(rollout.config) if rollout.config else ""
    request = await asyncio.to_thread(make_request, rollout.endpoint, policy, rollout.models, config)
    request = replace(request, origin=read_origin(rollout.origin))
    await make_way(request, store, lambda: PlainHands(aws), clock)
    planned = await plan(aws, request, clock.now())
    if rollout.automatic:
        await asyncio.to_thread(refuse_if_braked, planned, store, clock.now())
    await check(aws, planned)
    await warn(aws, planned, clock)
    return await asyncio.to_thread(start, planned, store, PrefectHands(aws))


async def check(aws: Aws, planned: Plan) -> None:
    """Refuse a rollout for which a quota is surely too small; log where that cannot be said.

    Raises:
        PreflightError: with every quota that is too small.
    """
    try:
        unchecked = await check_quotas(aws, planned)
    except RolloutError:
        raise
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away, and a task may run out of time
        unchecked = f"The account's quotas were not checked: {error!r}."
    if unchecked:
        get_run_logger().info("%s", unchecked)


async def warn(aws: Aws, planned: Plan, clock: Clock) -> None:
    """Log which gates may not decide in time at the present traffic. Nothing here may keep the rollout from starting."""
    try:
        for line in (*planned.notes, *(await forewarn(aws, planned, clock.now())).lines):
            get_run_logger().warning(line)
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away, and a task may run out of time
        get_run_logger().warning("whether the gates can decide in time is not known: %r", error)


def journal_location(rollout: RolloutRequest) -> str:
    """Return where the journal lies.

    Raises:
        RolloutError: neither the request nor the environment says so.
    """
    location = rollout.journal or os.environ.get("ROLLWAY_JOURNAL")
    if not location:
        raise RolloutError(
            "no journal is given", hint="Set ROLLWAY_JOURNAL=s3://bucket/prefix, or fill in the field Journal."
        )
    return location


async def drive_to_the_end(rollout: Rollout, aws: Aws, clock: Clock) -> Ending:
    """Drive the rollout until it has ended, also when somebody suspends the run.

    Prefect carries out no task of a suspended run and wants its process to exit. So the rollout goes back to its baseline first, without
    Prefect; a run that is resumed begins anew.
    """
    try:
        return await drive(rollout, clock)
    except Pause:
        get_run_logger().warning("the run was suspended: going back to the baseline; resumed, it begins anew")
        rollout.hands = PlainHands(aws)
        rollout.interrupt(
            Signal(verb="abort", reason="the run was suspended", by="the process that drives the rollout")
        )
        return await drive(rollout, clock)


async def report(aws: Aws, rollout: Rollout, ending: Ending) -> None:
    """Publish the outcome and why. The rollout is over: nothing here may spoil its result."""
    try:
        chronicle = await asyncio.to_thread(rollout.journal.read)
        live = await asyncio.to_thread(_read_live, aws, rollout.plan.endpoint)
        await publish_report(render_report(chronicle, ending, live), rollout.plan.endpoint)
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away, and its client raises whatever its HTTP client does
        get_run_logger().warning("the report could not be published: %r", error)


async def tell_origin(aws: Aws, rollout: Rollout) -> None:
    """Tell the registry that the model came from how the rollout ended, where its binding wants that. It cannot change the outcome."""
    if rollout.plan.origin is not None:
        told = await asyncio.to_thread(tell_quietly, aws, rollout.journal.store, rollout.plan.rollout_id)
        if told:
            get_run_logger().info("%s", told)


def final_state(rollout: Rollout, ending: Ending) -> State[Ending | RolloutError]:
    """Return the state in which the flow run ends."""
    message = f"{headline(rollout.plan, ending)} — {ending.reason}"
    if ending.outcome is Outcome.ROLLBACK_FAILED:
        return Failed(name="Rollback failed", message=message, data=ending)
    return Completed(name=ending.outcome.replace("_", " ").capitalize(), message=message, data=ending)


def _not_started(error: RolloutError) -> State[Ending | RolloutError]:
    return Failed(name="Not started", message=f"{error}\n{error.hint}".strip(), data=error)


def _read_live(aws: Aws, endpoint: str) -> Endpoint | None:
    try:
        return describe_endpoint(aws, endpoint)
    except AwsError:
        return None
