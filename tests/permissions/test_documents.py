"""The IAM documents in docs themselves: their form, their actions, and how narrow they are, by AWS's own reference."""

import json
import re
from pathlib import Path

import pytest

from rollway.sandbox.iam.actions import ACTIONS, keys_of
from rollway.sandbox.iam.documents import read_principal
from rollway.sandbox.iam.patterns import covers_action
from tests.permissions.documents import DOCS, FILLED, documented, statements

AWS = json.loads((Path(__file__).parent / "service_authorization.json").read_text("utf-8"))["actions"]
FILES = sorted(path.name for path in DOCS.glob("*.json"))
POLICIES = [name for name in FILES if list(statements(name))]
PAGE = (DOCS / "reference" / "permissions.md").read_text("utf-8")
WHOLE = [
    ("iam-policy.json", "EveryEndpoint"),
    ("iam-policy.json", "HoldScaling"),
    ("iam-blueprint-policy.json", "DeclaredScaling"),
    ("iam-blueprint-policy.json", "ServerlessScaling"),
    ("lint-policy.json", "TheirPolicies"),
]
"""Statements about every resource of a kind, though AWS would take a narrower one: the page says why."""


def test_the_simulated_iam_knows_what_aws_knows():
    """Every action and condition key of the simulated IAM is in AWS's service authorization reference."""
    assert set(ACTIONS) == set(AWS)
    for action in ACTIONS:
        known = {re.sub(r"\$\{\w+\}|<\w+>", "*", key) for key in AWS[action]["keys"]}
        extra = {"aws:SourceAccount", "aws:SourceArn"}  # global keys, which no service lists
        assert keys_of(action) - extra <= known, action


@pytest.mark.parametrize("name", FILES)
def test_each_document_can_be_used_as_it_is(name):
    """Filled in, the simulated IAM reads it; each placeholder is explained on the page, and the page names the document."""
    read_principal("anyone", documented(name))
    text = (DOCS / name).read_text("utf-8")
    for placeholder in re.findall(r"YOUR-[A-Z-]*[A-Z]", text):
        assert placeholder in FILLED
        assert f"`{placeholder}`" in PAGE
    assert f"../{name}" in PAGE


@pytest.mark.parametrize("name", POLICIES)
def test_every_statement_is_of_the_form_that_aws_takes(name):
    """Actions are spelled out, exist, and take the resources and the condition keys that the statement gives them."""
    for statement in statements(name):
        resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        keys = [key for block in statement.get("Condition", {}).values() for key in block]
        for action in statement["Action"]:
            kinds = [kind["arn"] for kind in AWS[action]["resources"].values()]
            for resource in resources:
                fits = any(_is_of_kind(resource, kind) for kind in kinds)
                assert fits or resource == "*", (statement["Sid"], action, resource)
            known = [re.sub(r"\$\{\w+\}|<\w+>", "*", key) for key in AWS[action]["keys"]]
            assert all(any(covers_action(pattern, key) for pattern in known) for key in keys), (statement["Sid"], keys)


@pytest.mark.parametrize("name", POLICIES)
def test_what_is_not_narrowed_has_its_reason_on_the_page(name):
    """A statement about every resource, or every one of a kind, is there only where AWS takes no other, or the page says why."""
    for statement in statements(name):
        resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        wide = [
            each
            for each in resources
            if each == "*" or (re.search(r"[:/]\*$", each) and "YOUR" not in each.split(":", 5)[5])
        ]
        if not wide:
            continue
        assert f"`{statement['Sid']}`" in _reasons(name), (name, statement["Sid"])
        unnarrowable = all(not AWS[action]["resources"] for action in statement["Action"])
        described = "cloudwatch:DescribeAlarms" in statement["Action"]
        assert unnarrowable or described or (name, statement["Sid"]) in WHOLE, (name, statement["Sid"])


def _reasons(name: str) -> str:
    """The rows of the page's table of what is wide that are about a document."""
    return "\n".join(line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line)


def _is_of_kind(resource: str, kind: str) -> bool:
    """Whether a pattern names resources of a kind, whose ARN has places to fill in."""
    form = re.sub(r"\\\$\\\{\w+\\\}", "[^:]*", re.escape(kind))
    return re.fullmatch(form, resource) is not None
