"""Sending probes: requests to one variant by its name, whatever its share. Judges only whether it answers, and how soon is told."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from time import perf_counter

from botocore.exceptions import BotoCoreError, ClientError

from policies.commands import CommandResult, Probe
from policies.values import format_percent
from rollway.aws.session import Aws

_SHOWN_CHARACTERS = 300


def probe(aws: Aws, command: Probe) -> CommandResult:
    """Send the probes and wait for the answers.

    Returns:
        ``done`` when as many as wanted were answered in time, else ``refused``, with what the first failure said.
    """
    spec = command.probes
    with ThreadPoolExecutor(spec.at_once, thread_name_prefix="probe") as pool:
        sent = [pool.submit(copy_context().run, _ask, aws, command) for _ in range(spec.count)]  # with its permit
        answered, late = wait(sent, timeout=spec.within.total_seconds())
        for probe in late:
            probe.cancel()
    return _conclude(command, list(answered))


def _ask(aws: Aws, command: Probe) -> float | str:
    """Send one probe; return how many seconds its answer took, or what went wrong."""
    started = perf_counter()
    try:
        answer = aws.sagemaker_runtime.invoke_endpoint(
            EndpointName=command.endpoint,
            TargetVariant=command.variant,
            ContentType=command.probes.content_type,
            Body=command.probes.body.encode(),
        )
        answer["Body"].read()
    except (ClientError, BotoCoreError) as error:
        return str(error)[:_SHOWN_CHARACTERS]
    return perf_counter() - started


def _conclude(command: Probe, probes: list[Future[float | str]]) -> CommandResult:
    results = [probe.result() for probe in probes]
    times = sorted(result for result in results if isinstance(result, float))
    errors = [result for result in results if isinstance(result, str)]
    count, wanted = command.probes.count, command.probes.answered
    told = f"{command.variant} answered {len(times):,} of {count:,} probes"
    if len(times) / count >= wanted:
        median = f"; half of them within {times[len(times) // 2] * 1000:.0f} ms" if times else ""
        return CommandResult(status="done", message=f"{told}{median}")
    why = errors[0] if errors else f"the others not within {command.probes.within.total_seconds():g} s"
    return CommandResult(status="refused", message=f"{told}, wanted were {format_percent(wanted)}: {why}")
