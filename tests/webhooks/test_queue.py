"""Events from a queue: kept before they are deleted, and what cannot be read is left to the queue's own policy."""

import json
from collections.abc import Callable

import pytest

from rollway.aws.session import Aws
from rollway.sandbox.clock import VirtualClock
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Inbox
from rollway.webhooks.queue import QueueReader
from tests.webhooks.signing import package_event


@pytest.fixture
def queue(aws: Aws, inbox: Inbox, clock: VirtualClock) -> QueueReader:
    """An empty queue, and its reader."""
    url = aws.sqs.create_queue(QueueName="events", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    return QueueReader(aws, url, inbox, Figures(), clock.now)


@pytest.fixture
def send(aws: Aws, queue: QueueReader) -> Callable[[str], None]:
    """Put a message into the queue."""
    return lambda body: aws.sqs.send_message(QueueUrl=queue.url, MessageBody=body) and None


def left(queue: QueueReader) -> int:
    names = ["ApproximateNumberOfMessages"]
    attributes = queue.aws.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]])


@pytest.mark.parametrize("way", ["bare", "from a topic"])
def test_an_approval_is_kept_and_its_message_deleted(
    queue: QueueReader, inbox: Inbox, send: Callable[[str], None], way: str
) -> None:
    """EventBridge's event, bare or in SNS's envelope, ends in the inbox once, and in the queue no more."""
    event = json.dumps(package_event())
    for _ in range(2):
        send(json.dumps({"Type": "Notification", "Message": event}) if way == "from a topic" else event)

    assert queue.take(0) == 1
    assert len(inbox.list_open()) == 1
    assert left(queue) == 0


def test_a_message_that_cannot_be_read_stays_and_is_told_once(
    queue: QueueReader, send: Callable[[str], None], lines: Callable[[], list[str]]
) -> None:
    """What is no event goes to the queue's dead letters by its own policy; the log has it once, without its content."""
    send('{"secret": "geheim"}')

    assert [queue.take(0) for _ in range(3)] == [0, 0, 0]
    assert left(queue) == 1
    (line,) = lines()
    assert json.loads(line)["level"] == "error"
    assert "geheim" not in line


def test_what_is_no_approval_is_deleted(queue: QueueReader, inbox: Inbox, send: Callable[[str], None]) -> None:
    """An event that nothing can follow from does not come again."""
    send(json.dumps(package_event(ModelApprovalStatus="Rejected")))

    assert queue.take(0) == 0
    assert (left(queue), inbox.list_open()) == (0, ())


def test_a_dead_store_leaves_the_message_in_its_queue(queue: QueueReader, send: Callable[[str], None]) -> None:
    """While the journal cannot be written, the queue keeps what we could not."""
    send(json.dumps(package_event()))
    queue.aws.s3.delete_bucket(Bucket="journal")

    with pytest.raises(Exception, match="NoSuchBucket"):
        queue.take(0)

    assert left(queue) == 1
