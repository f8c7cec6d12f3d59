"""What the page about the receiver tells people to type, and the permissions that it asks for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rollway.webhooks.senders import generic, wandb
from tests.webhooks.signing import package_event

DOCS = Path(__file__).parents[2] / "docs"
PATTERN, TEMPLATE, EXAMPLE = (
    json.loads(block)
    for block in re.findall(
        r"^```json\n(.*?)^```",
        (DOCS / "how-to" / "receive-registry-events.md").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
)


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether EventBridge would let an event through: every field one of the listed values."""
    return all(
        matches(wanted, event[name]) if isinstance(wanted, dict) else event[name] in wanted
        for name, wanted in pattern.items()
    )


@pytest.mark.parametrize(("status", "passes"), [("Approved", True), ("Rejected", False)])
def test_the_rule_lets_approvals_through(status: str, passes: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The documented pattern passes the event of an approval, and no other."""
    event = package_event()
    event["detail"]["ModelApprovalStatus"] = status

    assert matches(PATTERN, event) is passes


def test_the_template_is_what_is_read() -> None:
    """The payload for W&B has just the fields that its door reads, the example for anybody those of the generic one."""
    assert set(TEMPLATE) == set(wandb.Body.model_fields)
    assert dict(generic.Body.model_validate(EXAMPLE)) == EXAMPLE
