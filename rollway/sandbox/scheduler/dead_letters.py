"""What becomes of an invocation that came to nothing: a message for the schedule's dead-letter queue. Values only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rollway.sandbox.sagemaker.constraints import section
from rollway.sandbox.scheduler.schedule import Invocation
from rollway.sandbox.scheduler.targets import payload_of


@dataclass(frozen=True)
class Failure:
    """Why an invocation came to nothing.

    Attributes:
        code: the error's code.
        message: the error's message.
        exhausted: the member of the retry policy that ended it; empty where the policy did not.
    """

    code: str
    message: str
    exhausted: str = ""


@dataclass(frozen=True)
class DeadLetter:
    """A message for a dead-letter queue.

    Attributes:
        queue: the queue's ARN.
        body: what the target was, or would have been, called with.
        attributes: the message's attributes, named as EventBridge Scheduler names them.
    """

    queue: str
    body: str
    attributes: Mapping[str, str]


Deliver = Callable[[DeadLetter], bool]
"""Puts a dead letter into its queue, and says whether there was such a queue."""


def write_letter(invocation: Invocation, failure: Failure) -> DeadLetter | None:
    """Return the letter about a failed invocation; None when its schedule names no queue."""
    target = invocation.schedule.target
    queue = section(target, "DeadLetterConfig").get("Arn")
    if not queue:
        return None
    attributes = {
        "ERROR_CODE": failure.code,
        "ERROR_MESSAGE": failure.message,
        "EXECUTION_ID": invocation.execution,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": f"{invocation.due:%Y-%m-%dT%H:%M:%SZ}",
        "SCHEDULE_ARN": invocation.schedule.arn,
        "TARGET_ARN": target["Arn"],
    }
    if failure.exhausted:
        attributes["EXHAUSTED_RETRY_CONDITION"] = failure.exhausted
    return DeadLetter(queue, payload_of(invocation), attributes)
