"""Signed links to the page on which a person answers a stage that asks: made only where a message is about to be sent, and kept nowhere."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from policies.approvals.link import Question, sign
from policies.errors import PolicyError, Problem
from policies.notices.rendering import Link
from rollway.aws.secrets import read_secrets
from rollway.aws.session import connect
from rollway.secrets import Secrets

PATH: Final = "approvals"
"""Where the receiver has the page."""
SENDER: Final = "approval"
"""What the secret is called: ``ROLLWAY_APPROVAL_SECRET``, and the other ways to give one."""
URL: Final = "ROLLWAY_APPROVAL_URL"


@dataclass(frozen=True)
class Signer:
    """Makes links.

    Attributes:
        url: where people reach the receiver.
        secret: signs.
    """

    url: str
    secret: str = field(repr=False)

    def link_to(self, question: Question, now: datetime) -> Link:
        """Return a link to the page on which a question can be answered."""
        return Link(name="Approve or reject", place=f"{self.url}/{PATH}/{sign(self.secret, question, now)}")


def find_signer() -> Signer | None:
    """Return who signs links by this process's environment; None where nobody shall.

    Raises:
        PolicyError: with what is wrong: an address without a secret, a secret without an address, or one that cannot be used.
    """
    url = os.environ.get(URL, "").strip().rstrip("/")
    secrets = Secrets([SENDER], lambda arn: read_secrets(connect(None), arn)).of(SENDER)
    if url and not url.startswith(("https://", "http://")):
        problem = Problem(URL, f"{url!r} is no address", "write for example https://rollway.example.com")
        raise PolicyError("approvals by link", [problem])
    if bool(url) is not bool(secrets):
        missing = "ROLLWAY_APPROVAL_SECRET" if url else URL
        what = "is not set, and approvals by link need an address and a secret"
        raise PolicyError("approvals by link", [Problem(missing, what, "set both, or neither")])
    return Signer(url, secrets[0]) if url else None
