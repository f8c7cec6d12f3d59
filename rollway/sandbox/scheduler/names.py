"""What EventBridge Scheduler calls things: the ARNs of schedules and groups. Spelling only: nothing is looked up."""

from typing import Final

from rollway.sandbox.sagemaker.constraints import Request
from rollway.sandbox.sagemaker.names import Arns

SERVICE: Final = "scheduler"
DEFAULT_GROUP: Final = "default"


class SchedulerArns:
    """The ARNs of one account's schedules."""

    def __init__(self, arns: Arns) -> None:
        self._owner = f"{arns.region}:{arns.account_id}"
        self._partition = arns.partition
        self._account_id = arns.account_id

    def schedule(self, request: Request) -> str:
        """Return the ARN of the schedule that a request names; without a group it is in the default one."""
        return self._arn("schedule", f"{request.get('GroupName') or DEFAULT_GROUP}/{request['Name']}")

    def group(self, name: str) -> str:
        """Return a schedule group's ARN."""
        return self._arn("schedule-group", name)

    def is_own_role(self, role: str) -> bool:
        """Whether an ARN names a role of this account."""
        return role.startswith(f"arn:{self._partition}:iam::{self._account_id}:role/")

    def is_universal(self, target: str) -> bool:
        """Whether an ARN is of the kind that names an operation of any service, in this part of AWS's world."""
        return target.startswith(f"arn:{self._partition}:scheduler:::aws-sdk:")

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:{self._partition}:scheduler:{self._owner}:{kind}/{name}"
