"""Events of SageMaker's model registry from a queue in SQS: no port open to anybody, and what is in the queue waits for us.

Who may send to the queue is the queue's own policy; what is in it is taken at its word, as a hint.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ValidationError

from rollway.aws.queues import Message, delete_message, receive_messages
from rollway.aws.session import Aws
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Entry, Inbox, name_of
from rollway.webhooks.logs import fields
from rollway.webhooks.senders.delivery import Accepted, Ignored
from rollway.webhooks.senders.model_packages import read_event

_log = logging.getLogger(__name__)

WAIT_S: Final = 5
"""How long to wait for a message: as long as ending may take."""
_REMEMBERED: Final = 1000
"""Messages that could not be read and were told of."""


class _Envelope(BaseModel):
    """SNS's envelope around an event, where a topic feeds the queue."""

    Type: str
    Message: str


@dataclass(frozen=True)
class QueueReader:
    """Brings what comes in one queue into the inbox.

    Attributes:
        aws: the clients.
        url: the queue's.
        inbox: where events go.
        figures: where they are counted.
        now: tells the time.
    """

    aws: Aws
    url: str
    inbox: Inbox
    figures: Figures
    now: Callable[[], datetime]
    _told: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])

    def take(self, wait_s: int = WAIT_S) -> int:
        """Take up to ten messages off the queue and return how many events are new.

        A message is deleted once its event is kept, or when it is no business of ours. One that cannot be read stays, for the queue's
        own dead-letter policy.

        Raises:
            AwsError: the queue or the store cannot be reached; messages come again when their visibility time-out is over.
        """
        return sum(self._take_one(message) for message in receive_messages(self.aws, self.url, wait_s))

    def _take_one(self, message: Message) -> int:
        try:
            reading = read_message(message.body, self.now())
        except ValidationError as error:
            self._tell(message, error)
            return 0
        new = sum(self._keep(reading)) if isinstance(reading, Accepted) else 0
        delete_message(self.aws, self.url, message)
        if isinstance(reading, Ignored):
            self.figures.messages.labels("ignored").inc()
        return new

    def _keep(self, accepted: Accepted) -> list[bool]:
        return [self._keep_one(Entry(event=event, door="sqs", received_at=self.now())) for event in accepted.events]

    def _keep_one(self, entry: Entry) -> bool:
        is_new = self.inbox.put(entry)
        outcome = "accepted" if is_new else "known"
        self.figures.messages.labels(outcome).inc()
        _log.info(outcome, extra=fields(sender="sqs", name=name_of(entry.event), model=entry.event.model))
        return is_new

    def _tell(self, message: Message, error: ValidationError) -> None:
        """Tell once of a message that cannot be read, however often it comes."""
        self.figures.messages.labels("malformed").inc()
        if message.id in self._told:
            return
        self._told[message.id] = None
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        wrong = sorted({each["type"] for each in error.errors()})
        told = fields(sender="sqs", queue=self.url, message=message.id, wrong=wrong)
        _log.error("a message cannot be read; the queue's dead-letter policy decides what becomes of it", extra=told)


def read_message(body: str, at: datetime) -> Accepted | Ignored:
    """Read an event of EventBridge, bare or in SNS's envelope.

    Raises:
        ValidationError: it is neither.
    """
    try:
        envelope = _Envelope.model_validate_json(body)
    except ValidationError:
        return read_event(body, at)
    return read_event(envelope.Message, at)
