"""Events of EventBridge about SageMaker's model registry, whatever way they come: an API destination, SNS or a queue.

SageMaker may send several events with ids of their own for one change, and any edit of an approved package tells "Approved" again. So an
event is named by the package, its status and when it last changed.
"""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, JsonValue

from policies.bindings.event import Happening, Registry, RegistryEvent
from rollway.webhooks.senders.delivery import Accepted, Ignored
from rollway.webhooks.senders.signing import name_by_content, read_time

_SOURCE: Final = "aws.sagemaker"
_KIND: Final = "SageMaker Model Package State Change"
_APPROVED: Final = "approved"


class Detail(BaseModel):
    """What an event says of a model package.

    Attributes:
        ModelPackageArn: the package: a version of a group.
        ModelPackageGroupName: the group; a package that is in none has no versions.
        ModelApprovalStatus: ``Approved``, or another; EventBridge also writes ``APPROVED``.
        LastModifiedTime: when the package last changed.
    """

    ModelPackageArn: str
    ModelPackageGroupName: str | None = None
    ModelApprovalStatus: str | None = None
    LastModifiedTime: str | float | None = None


class Event(BaseModel):
    """EventBridge's envelope, with the fields that are needed."""

    model_config = {"populate_by_name": True, "alias_generator": lambda name: name.replace("_", "-")}

    id: str
    source: str
    detail_type: str
    time: str | float | None = None
    detail: dict[str, JsonValue]


def read_event(text: str | bytes, at: datetime) -> Accepted | Ignored:
    """Read an event of EventBridge.

    Args:
        text: the event, in JSON.
        at: when it arrived.

    Raises:
        ValidationError: it is no such event.
    """
    event = Event.model_validate_json(text)
    if (event.source, event.detail_type) != (_SOURCE, _KIND):
        return Ignored("nothing to do for anything but a model package's change of state")
    detail = Detail.model_validate(event.detail)
    status = (detail.ModelApprovalStatus or "").replace("_", "").lower()
    if status != _APPROVED or not detail.ModelPackageGroupName:
        return Ignored("the model package is not approved, or in no group")
    changed = str(detail.LastModifiedTime or "")
    return Accepted(
        (
            RegistryEvent(
                registry=Registry.SAGEMAKER,
                id=name_by_content(detail.ModelPackageArn, status, changed) if changed else event.id,
                happening=Happening.APPROVED,
                model=detail.ModelPackageGroupName,
                version=detail.ModelPackageArn,
                at=read_time(str(event.time or ""), at),
            ),
        )
    )
