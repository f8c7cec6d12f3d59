"""What a request to the simulated AWS says beside its operation and parameters. Values only."""

import re
from dataclasses import dataclass
from typing import Final

_AGENT: Final = re.compile(r"(?:^|\s)rollway-process/(\S+)")


@dataclass(frozen=True)
class Envelope:
    """Which service a request is for, and who sent it.

    Attributes:
        service: boto3's name of the service, for example ``application-autoscaling``.
        agent: which process of Rollway sent it, as it names itself in the User-Agent; empty for any other sender.
        bucket: the S3 bucket that it is about; empty where there is none.
        caller: the access key id that signed it, or the ARN of the role whose session that key belongs to; empty where nothing signed it.
    """

    service: str = "sagemaker"
    agent: str = ""
    bucket: str = ""
    caller: str = ""


PLAIN: Final = Envelope()
"""What a request to SageMaker that came by no wire is wrapped in."""


def agent_of(user_agent: str | None) -> str:
    """Return the token after ``rollway-process/`` in a User-Agent header, or an empty text."""
    found = _AGENT.search(user_agent or "")
    return found[1] if found else ""
