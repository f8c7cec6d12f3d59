"""Makes moto's EventBridge Scheduler answer from the simulated account: moto's keeps schedules, and never fires one.

moto serialises the answer by botocore's model, and is made to parse the request by it too. A refusal passes through to
``front``. The tags of schedule groups stay moto's.
"""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.scheduler.responses import EventBridgeSchedulerResponse
from moto.sqs.models import sqs_backends

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.answer import Answer
from rollway.sandbox.moto_adapter.patch import Patch
from rollway.sandbox.scheduler.dead_letters import DeadLetter

Method = Callable[[Any], ActionResult]


def patches(cloud: Cloud) -> list[Patch]:
    """Return the replacements of every operation, and of how moto reads their requests."""
    return [
        Patch(EventBridgeSchedulerResponse, "__init__", _parsing(EventBridgeSchedulerResponse.__init__)),
        *(_patch(cloud, operation) for operation in cloud.scheduler.operations),
    ]


def deliver(letter: DeadLetter) -> bool:
    """Put a dead letter into moto's queue, and say whether there is one."""
    *_, region, account, name = letter.queue.split(":")
    backend = sqs_backends[account][region]
    if name not in backend.queues:
        return False
    attributes = {key: {"DataType": "String", "StringValue": value} for key, value in letter.attributes.items()}
    backend.send_message(name, letter.body, message_attributes=attributes)
    return True


def _parsing(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def init(response: Any) -> None:  # noqa: ANN401 - moto's response classes are untyped to us
        original(response)
        response.automated_parameter_parsing = True

    return init


def _patch(cloud: Cloud, operation: str) -> Patch:
    answer = _answer(cloud, operation)
    if operation == "CreateScheduleGroup":
        answer = _tagging(answer)
    return Patch(EventBridgeSchedulerResponse, camelcase_to_underscores(operation), answer)


def _answer(cloud: Cloud, operation: str) -> Method:
    def method(response: Any) -> ActionResult:  # noqa: ANN401 - as above
        return Answer(cloud.scheduler.answer(operation, response.params))

    return method


def _tagging(create: Method) -> Method:
    """Hand the tags of a new group to moto, which keeps those that are put on it later as well."""

    def method(response: Any) -> ActionResult:  # noqa: ANN401 - as above
        created: Any = create(response)
        arn = created.result["ScheduleGroupArn"]
        response.scheduler_backend.tagger.delete_all_tags_for_resource(arn)  # those of a deleted group of that name
        response.scheduler_backend.tag_resource(arn, response.params.get("Tags") or [])
        return created

    return method
