"""What the simulated IAM decides: wildcards, conditions, Allow and Deny, trust policies; checked against words of AWS's documentation."""

import json
from collections.abc import Callable, Generator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.iam.conditions import Condition
from rollway.sandbox.iam.documents import read_principal
from rollway.sandbox.iam.patterns import covers_action, covers_resource
from rollway.sandbox.moto_adapter import in_process

ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/fraud-prod"
NAMES = st.text(alphabet="abc-/:*?.[]", max_size=6)


@pytest.fixture
def guarded(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[..., Any]]:
    """Return S3's client for a caller with these statements; the bucket ``journal`` is there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "owner")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def client(*statements: dict[str, Any]) -> Any:
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        cloud.access.admit(read_principal("guarded", {"p.json": text}))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "guarded")
        return boto3.Session().client("s3")

    with in_process(cloud):
        boto3.Session().client("s3").create_bucket(Bucket="journal")
        yield client


@pytest.mark.parametrize(
    ("pattern", "arn", "covered"),
    [
        (ARN, ARN, True),
        ("*", ARN, True),
        ("*", "*", True),
        ("arn:*", ARN, True),
        (ARN, "*", False),
        ("arn:aws:sagemaker:*:123456789012:endpoint/*", ARN, True),
        ("arn:aws:sagemaker:us-east-1:123456789012:endpoint/fraud*", ARN, True),
        ("arn:aws:sagemaker:us-east-1:123456789012:endpoint/Fraud*", ARN, False),
        ("arn:aws:sagemaker:us-east-1:*endpoint/fraud-prod", ARN, False),
        ("arn:aws:secretsmanager:*:*:secret:a-??????", "arn:aws:secretsmanager:us-east-1:1:secret:a-AbCdEf", True),
        ("arn:aws:s3:::journal/*", "arn:aws:s3:::journal/a/b", True),
        ("arn:aws:s3:::journal", "arn:aws:s3:::journal/a", False),
        ("arn:aws:s3:::j[a]", "arn:aws:s3:::ja", False),
    ],
)
def test_resources(pattern, arn, covered):
    """A wildcard stays within its part of an ARN, and ``*`` alone is the only pattern of actions that name no resource."""
    assert covers_resource(pattern, arn) is covered


def test_actions_are_alike_in_upper_and_lower_case():
    """IAM compares actions without regard to case."""
    assert covers_action("S3:get*", "s3:GetObject")
    assert not covers_action("s3:Get*", "s3:PutObject")


@given(NAMES)
def test_a_text_covers_itself_and_the_star_covers_it(name: str):
    """Whatever is in a name: as a pattern it covers itself, and a star in its place does."""
    arn = f"arn:aws:s3:::b{name}"
    assert covers_resource(arn, arn)
    assert covers_resource("arn:aws:s3:::b*", arn)


@pytest.mark.parametrize(
    ("operator", "values", "given", "holds"),
    [
        ("StringEquals", ("a",), ("a",), True),
        ("StringEquals", ("a*",), ("ab",), False),
        ("StringLike", ("x", "a*"), ("ab",), True),
        ("StringLike", ("a*",), (), False),
        ("StringLikeIfExists", ("a*",), (), True),
        ("StringLikeIfExists", ("a*",), ("b",), False),
        ("ArnLike", ("arn:aws:iam::*:role/x",), ("arn:aws:iam::1:role/x",), True),
        ("Null", ("true",), (), True),
        ("Null", ("false",), (), False),
    ],
)
def test_conditions(operator, values, given, holds):
    """A key that the request lacks makes a condition false, unless it ends in IfExists; Null asks for just that."""
    context = {"S3:Prefix": given} if given else {}
    assert Condition(operator, "s3:prefix", values).holds(context) is holds


def test_a_deny_wins_and_says_where(guarded):
    """An explicit deny is stronger than any allow, and the message names the document and the statement."""
    s3 = guarded(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Sid": "No", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"},
    )
    with pytest.raises(ClientError, match=r"explicit deny in p\.json, statement No") as denied:
        s3.put_object(Bucket="journal", Key="a", Body=b"")
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_what_is_missing_is_told_to_those_alone_who_may_list(guarded):
    """S3 answers a read of a missing object by 403, unless the caller may list the bucket (S3 API reference, GetObject)."""
    reading = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::journal/*"}
    with pytest.raises(ClientError, match="AccessDenied"):
        guarded(reading).get_object(Bucket="journal", Key="missing")
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::journal"}
    with pytest.raises(ClientError, match="NoSuchKey"):
        guarded(reading, listing).get_object(Bucket="journal", Key="missing")


def test_an_operation_that_is_not_known_is_refused(guarded):
    """A request whose permissions are not simulated never passes for allowed, even by a policy that allows everything."""
    s3 = guarded({"Effect": "Allow", "Action": "*", "Resource": "*"})
    with pytest.raises(ClientError, match="does not know which permissions s3:ListBuckets needs"):
        s3.list_buckets()
