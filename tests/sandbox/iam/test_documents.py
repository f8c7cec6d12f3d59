"""Policy documents of the simulated IAM: what is not simulated is refused, with its place, and never counts as true."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollway.sandbox.iam.documents import PolicyDocumentError, read_principal, read_principals

ALLOW = {"Sid": "One", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}


def policy(**changes: Any) -> str:
    """A policy of one statement, with changes; None leaves a member out."""
    statement = {name: value for name, value in (ALLOW | changes).items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "p.json is not valid JSON"),
        ("[]", "p.json is not a policy document"),
        (json.dumps({"Statement": []}), "Version"),
        (policy(NotAction="s3:*", Action=None), "NotAction"),
        (policy(Effect="Perhaps"), "Statement.0.Effect"),
        (policy(Resource=None), "statement One: this kind of policy has Resource and no Principal"),
        (
            policy(Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}),
            "operator DateLessThan is not simulated",
        ),
        (
            policy(Condition={"StringEquals": {"aws:SourceIp": "10.0.0.1"}}),
            "aws:SourceIp is not simulated for s3:ListBucket",
        ),
        (
            policy(Action="s3:*", Condition={"StringLike": {"s3:prefix": "a/*"}}),
            "s3:prefix is not simulated for s3:DeleteObject",
        ),
        (policy(Condition={"Null": {"s3:prefix": "yes"}}), 'Null takes "true" or "false"'),
        (policy(Resource="my-bucket/*"), "the resource my-bucket/. is neither"),
        (policy(Resource="arn:aws:s3:::b/${aws:username}/*"), "an ARN without variables"),
        ('{"Version": "2012-10-17", "Version": "2012-10-17"}', "a key is given twice"),
        ("[" * 100_000, "p.json is not valid JSON"),
    ],
)
def test_what_is_not_simulated_is_refused(text, words):
    """Every document that would be taken for something else is refused, and the message says where and what."""
    with pytest.raises(PolicyDocumentError, match=words.replace("(", r"\(")):
        read_principal("key", {"p.json": text})


def test_a_trust_policy_needs_a_principal():
    """A role that anybody could take on for want of a member is refused."""
    trust = {"Version": "2012-10-17", "Statement": [{**TRUST, "Principal": {}}]}
    role = {"RoleName": "r", "AssumeRolePolicyDocument": trust, "Policies": []}
    with pytest.raises(PolicyDocumentError, match="Principal and no Resource"):
        read_principal("arn:aws:iam::123456789012:role/r", {"r.json": json.dumps(role)})


def test_files_are_read_by_principal(tmp_path: Path):
    """Several files are the policies of one principal; one that is missing is named."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(policy(), "utf-8")
    read = read_principals({"key": (tmp_path / "a.json", tmp_path / "b.json")})["key"]
    assert [each.policy.statement[0].sid for each in read.policies] == ["One", "One"]
    with pytest.raises(PolicyDocumentError, match=r"permissions of key: .*c\.json"):
        read_principals({"key": (tmp_path / "c.json",)})
