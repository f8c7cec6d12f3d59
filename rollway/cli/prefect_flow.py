"""A rollout as a Prefect flow in this process.

Beside ``setting_up`` the only part of the command line that imports Prefect; itself imported only to run a flow.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, Final, cast

from httpx import HTTPError
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectException

from flows.ab_test import ab_test
from flows.blue_green import blue_green
from flows.canary import canary
from flows.control_twin import control_twin
from flows.guardrail import guardrail
from flows.linear import linear
from flows.shadow import shadow
from policies.errors import JournalError
from policies.lifecycle import Ending
from rollway.cli.driving import Result, Witness, gave_up, lost_control
from rollway.cli.failures import UsageProblem
from tasks.request import RolloutRequest

_FLOWS: Final = {
    "canary": canary,
    "linear": linear,
    "blue_green": blue_green,
    "control_twin": control_twin,
    "shadow": shadow,
    "guardrail": guardrail,
    "ab_test": ab_test,
}
"""The flow of each strategy."""
_SHOWN_BY_THE_WATCH: Final = ("prefect.flow_runs", "prefect.task_runs")


def run_flow(strategy: str, request: RolloutRequest, witness: Witness) -> Result:
    """Run the flow of a strategy to its end.

    Raises:
        UsageProblem: Prefect's server cannot be reached.
        RolloutError: the rollout could not start.
        LostControl: another process drives the rollout.
        GaveUp: too many errors of our own in a row.
    """
    for name in _SHOWN_BY_THE_WATCH:
        logging.getLogger(name).propagate = False  # off this console; they still go to Prefect's server
    try:
        outcome = asyncio.run(_play(strategy, request))
    except (HTTPError, PrefectException, RuntimeError) as error:
        raise UsageProblem(
            f"the Prefect flow could not be run: {error}",
            hint="Start the server (prefect server start), set PREFECT_API_URL, or run without Prefect: --no-prefect.",
        ) from error
    if isinstance(outcome, Ending) and witness.plan is not None:
        return witness.testify(witness.plan, outcome)
    raise _explain(outcome, witness)


async def _play(strategy: str, request: RolloutRequest) -> Any:  # noqa: ANN401 - an ending, or whatever exception ended the run
    run = cast(
        "Awaitable[State[Any]]", _FLOWS[strategy](request, return_state=True)
    )  # Prefect types this as if the flow were not async
    state = await run
    return await state.aresult(raise_on_failure=False)


def _explain(outcome: object, witness: Witness) -> Exception:
    error = outcome if isinstance(outcome, Exception) else RuntimeError(f"the flow ended with {outcome!r}")
    if witness.plan is None:
        return error
    return lost_control(error, witness.plan) if isinstance(error, JournalError) else gave_up(error, witness.plan)
