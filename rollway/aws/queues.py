"""Queues in SQS: taking messages off them. Sends none."""

from dataclasses import dataclass

from rollway.aws.errors import translating
from rollway.aws.session import Aws


@dataclass(frozen=True)
class Message:
    """A message that was received and is hidden from others for a while.

    Attributes:
        id: names the message.
        body: its text.
        receipt: names this reception; to be given to ``delete_message``.
    """

    id: str
    body: str
    receipt: str


def receive_messages(aws: Aws, url: str, wait_s: int) -> tuple[Message, ...]:
    """Return up to ten messages, waiting for the first; they come again when the queue's visibility time-out is over.

    Raises:
        NotFound: there is no such queue.
        AwsError: AWS turned the request down.
    """
    with translating("ReceiveMessage", f"queue {url}"):
        answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s)
    return tuple(
        Message(each.get("MessageId", ""), each.get("Body", ""), each.get("ReceiptHandle", ""))
        for each in answer.get("Messages", [])
    )


def delete_message(aws: Aws, url: str, message: Message) -> None:
    """Take a message off its queue for good.

    Raises:
        AwsError: AWS turned the request down.
    """
    with translating("DeleteMessage", f"queue {url}"):
        aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message.receipt)
