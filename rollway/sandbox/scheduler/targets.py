"""What a schedule calls: a universal target, and the request that it makes of the simulated SageMaker.

Real schedules can call thousands of operations, and templated targets besides. Simulated are only those universal targets
that name an operation of the simulated SageMaker which changes something.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from botocore.validate import ParamValidator

from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request, sagemaker_model
from rollway.sandbox.scheduler.names import SchedulerArns
from rollway.sandbox.scheduler.schedule import Invocation

_SAGEMAKER: Final = re.compile(r"arn:[a-z-]+:scheduler:::aws-sdk:sagemaker:([a-z]\w*)")
_ONLY_READ: Final = ("Describe", "List")
_NO_INPUT: Final = "{}"


class Targets:
    """The targets that a schedule of one account can have."""

    def __init__(self, arns: SchedulerArns, operations: tuple[str, ...]) -> None:
        """``operations`` are those of the simulated SageMaker."""
        self._arns = arns
        self._callable = frozenset(name for name in operations if not name.startswith(_ONLY_READ))

    def check(self, target: Request) -> None:
        """Refuse a target that could never be called.

        AWS tests whether it can assume the role. Here every role of the account exists.

        Raises:
            Refusal: ``ValidationException``.
        """
        if not self._arns.is_own_role(target["RoleArn"]):
            raise invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
        if not self._arns.is_universal(target["Arn"]) or operation_of(target) not in self._callable:
            choice = ", ".join(sorted(self._callable))
            raise invalid(
                f"Not part of the simulated AWS: a schedule whose target is {target['Arn']}. Simulated are universal "
                f"targets of SageMaker, arn:<partition>:scheduler:::aws-sdk:sagemaker:<operation>, for {choice}."
            )
        _object_in(target.get("Input") or _NO_INPUT)


def operation_of(target: Request) -> str:
    """Return the SageMaker operation that a universal target calls, as SageMaker spells it; nothing for any other."""
    named = _SAGEMAKER.fullmatch(target["Arn"])
    return named[1][:1].upper() + named[1][1:] if named else ""


def payload_of(invocation: Invocation) -> str:
    """Return the target's input with the invocation's own facts in the places of the context attributes."""
    payload = str(invocation.schedule.target.get("Input") or _NO_INPUT)
    facts = {
        "schedule-arn": invocation.schedule.arn,
        "scheduled-time": f"{invocation.due:%Y-%m-%dT%H:%M:%SZ}",
        "execution-id": invocation.execution,
        "attempt-number": "1",
    }
    for name, value in facts.items():
        payload = payload.replace(f"<aws.scheduler.{name}>", value)
    return payload


def read_request(operation: str, payload: str) -> Mapping[str, Any]:
    """Return what a target is called with.

    Raises:
        Refusal: ``ValidationException`` for what SageMaker's model does not know, or knows as another type.
    """
    request = _object_in(payload)
    shape = sagemaker_model().operation_model(operation).input_shape
    if shape and (report := ParamValidator().validate(request, shape)).has_errors():
        raise invalid(report.generate_report())
    return request


def _object_in(payload: str) -> Mapping[str, Any]:
    try:
        content: object = json.loads(payload)
    except ValueError as error:
        raise invalid(f"The target's Input is no JSON: {error}.") from error
    if not isinstance(content, dict):
        raise invalid(f"The target's Input must be a JSON object, not {payload}.")
    return cast("Mapping[str, Any]", content)
