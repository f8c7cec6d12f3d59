"""Reading what the linter looks at: everything that belongs to a live endpoint, and what AWS does not tell as unknown."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.blueprint.document import format_path
from policies.errors import NotFound
from policies.lint.linting import lint
from policies.lint.subject import Alarm, Bucket, Missing, Role, Subject, Unknown
from rollway.aws.lint_subject import read_subject
from rollway.aws.session import Aws
from rollway.aws.shapes import blueprint_shapes
from rollway.sandbox.cloud import Cloud

DOCUMENTED = Path(__file__).parents[2] / "docs" / "lint-policy.json"
ROLE = "arn:aws:iam::123456789012:role/serving"
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 10,
    "DestinationS3Uri": "s3://captured/fraud",
    "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}],
}
READING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}],
}
WRITING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": "*"}}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
IAM_ACTIONS = {
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
}
"""The IAM actions that are not simply the service's action of the same name."""


@pytest.fixture
def capturing(cloud: Cloud, settle) -> str:
    """A live endpoint that captures; its name."""
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "fraud-v6",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m6i.xlarge",
    }
    config = {"EndpointConfigName": "c", "ProductionVariants": [variant], "DataCaptureConfig": CAPTURE}
    cloud.call("CreateEndpointConfig", config)
    cloud.call("CreateEndpoint", {"EndpointName": "fraud-prod", "EndpointConfigName": "c"})
    settle()
    return "fraud-prod"


@pytest.fixture
def role(aws: Aws, cloud: Cloud) -> str:
    """The models' execution role, with an inline policy, one of the account and one of AWS; its ARN."""
    del cloud
    iam = aws.iam
    iam.create_role(RoleName="serving", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="serving", PolicyName="reading", PolicyDocument=json.dumps(READING))
    made = iam.create_policy(PolicyName="writing", PolicyDocument=json.dumps(WRITING))
    iam.attach_role_policy(RoleName="serving", PolicyArn=made["Policy"]["Arn"])
    _attach_aws_policy(iam)
    return ROLE


def _attach_aws_policy(iam: Any) -> None:
    """Attach a managed policy of AWS, without that of the simulation having to know all of them."""
    from moto.iam.models import AWSManagedPolicy, iam_backends  # noqa: PLC0415 - only here

    backend = iam_backends["123456789012"]["aws"]
    if ADMINISTRATOR not in backend.managed_policies:
        data = {"Arn": ADMINISTRATOR, "Path": "/", "CreateDate": "2015-02-06T18:39:46+00:00", "DefaultVersionId": "v1"}
        data |= {"Document": WRITING, "UpdateDate": "2015-02-06T18:39:46+00:00", "AttachmentCount": 0}
        policy = AWSManagedPolicy.from_data("AdministratorAccess", "123456789012", "us-east-1", data)
        backend.managed_policies[ADMINISTRATOR] = policy
    iam.attach_role_policy(RoleName="serving", PolicyArn=ADMINISTRATOR)


def found(subject: Subject) -> dict[str, str]:
    """Where each rule found something."""
    return {finding.rule.id: format_path(finding.path) for finding in lint(subject, blueprint_shapes()).findings}


def test_configuration_and_models(aws: Aws, capturing: str) -> None:
    """The configuration is read whole, with its name, and the models of its variants."""
    subject = read_subject(aws, capturing)

    assert subject.endpoint == "fraud-prod"
    assert subject.config["EndpointConfigName"] == "c"
    assert subject.config["DataCaptureConfig"] == CAPTURE
    assert isinstance(subject.models["fraud-v6"], dict)


def test_missing_endpoint(aws: Aws, cloud: Cloud) -> None:
    """What cannot be looked at at all is an error, not an empty report."""
    del cloud
    with pytest.raises(NotFound, match="endpoint nowhere"):
        read_subject(aws, "nowhere")


def test_deleted_model_and_missing_role_and_bucket(aws: Aws, cloud: Cloud, capturing: str) -> None:
    """What was deleted under a live endpoint is known to be missing, which is more than unknown."""
    cloud.call("DeleteModel", {"ModelName": "fraud-v6"})

    subject = read_subject(aws, capturing)

    assert subject.models == {"fraud-v6": Missing()}
    assert subject.capture_bucket == Missing()
    assert {"RW103", "RW506"} <= set(found(subject))


def test_missing_role(aws: Aws, capturing: str) -> None:
    """A role that was deleted is known to be missing."""
    subject = read_subject(aws, capturing)

    assert subject.roles == {ROLE: Missing()}
    assert "RW706" in found(subject)


def test_role_with_all_its_policies(aws: Aws, capturing: str, role: str) -> None:
    """Inline policies and the account's own are read as documents, AWS's by their names."""
    subject = read_subject(aws, capturing)

    read = subject.roles[role]
    assert isinstance(read, Role)
    assert read.trust == TRUST
    assert isinstance(read.managed, tuple)
    assert set(read.managed) == {ADMINISTRATOR, "arn:aws:iam::123456789012:policy/writing"}
    assert read.policies == {"reading": READING, "writing": WRITING}
    told = found(subject)
    assert told["RW702"] == "Roles[serving].Policies[writing].Statement.Resource"
    assert told["RW703"] == "Roles[serving].AttachedPolicies"


def test_role_of_another_account_is_unknown(aws: Aws, cloud: Cloud, settle, role: str) -> None:
    """A role of the same name in this account is not taken for that of another one."""
    del role
    other = "arn:aws:iam::999999999999:role/serving"
    container = {"Image": "fraud:1"}
    cloud.call("CreateModel", {"ModelName": "theirs", "PrimaryContainer": container, "ExecutionRoleArn": other})
    variant = {"VariantName": "a", "ModelName": "theirs", "InitialInstanceCount": 1, "InstanceType": "ml.m6i.xlarge"}
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "c2", "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": "e2", "EndpointConfigName": "c2"})
    settle()

    read = read_subject(aws, "e2").roles[other]

    assert isinstance(read, Unknown)
    assert read.asked


def test_scaling_with_what_moves_it(aws: Aws, capturing: str, register) -> None:
    """A registration is read with the policies and scheduled actions that move it."""
    register(capturing, "AllTraffic", 20)
    assert found(read_subject(aws, capturing))["RW306"] == "Scaling[AllTraffic].ScalingPolicies"

    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{capturing}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    night: Any = {"ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4}, "Schedule": "rate(1 day)"}
    aws.application_autoscaling.put_scheduled_action(**where, **night, ScheduledActionName="night")

    subject = read_subject(aws, capturing)

    assert isinstance(subject.scaling, dict)
    assert subject.scaling["AllTraffic"].moved_by == ("night",)
    assert subject.scaling["AllTraffic"].target.maximum == 20
    assert not {"RW303", "RW306"} & set(found(subject))


def put_alarm(aws: Aws, name: str, endpoint: str, **more: Any) -> None:
    alarm: dict[str, Any] = {
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1.0,
    }
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors", "Dimensions": dimensions}
    single = metric | {"Period": 60, "Statistic": "Sum"}
    queries = [{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}]
    of = {"Metrics": queries} if more.pop("by_query", False) else single
    aws.cloudwatch.put_metric_alarm(AlarmName=name, **alarm, **of, **more)


def test_alarms_on_the_endpoint(aws: Aws, capturing: str) -> None:
    """Alarms are found by their dimensions, also within metric math; those on other endpoints are not counted."""
    topic = "arn:aws:sns:us-east-1:123456789012:page"
    put_alarm(aws, "acting", capturing, AlarmActions=[topic])
    put_alarm(aws, "by-query", capturing, by_query=True)
    put_alarm(aws, "elsewhere", "another", AlarmActions=[topic])
    aws.cloudwatch.set_alarm_state(AlarmName="by-query", StateValue="ALARM", StateReason="test")

    subject = read_subject(aws, capturing)

    metrics = ("Invocation5XXErrors",)
    assert [(alarm.name, alarm.metrics, alarm.variants, alarm.acts) for alarm in subject.alarms or ()] == [
        ("acting", metrics, ("AllTraffic",), True),
        ("by-query", metrics, ("AllTraffic",), False),
    ]
    assert found(subject)["RW903"] == "Alarms[by-query].AlarmActions"
    assert found(subject)["RW904"] == "Alarms[by-query].StateValue"


def test_alarm_that_acts_through_a_composite_one(aws: Aws, capturing: str) -> None:
    """An alarm without actions is heard where a composite alarm with actions makes use of it."""
    alarm: dict[str, Any] = {"AlarmName": "errors", "StateValue": "OK", "AlarmActions": []}
    alarm |= {"MetricName": "ModelLatency", "Dimensions": [{"Name": "EndpointName", "Value": capturing}]}
    composite = {"AlarmName": "any", "AlarmRule": 'ALARM("errors") OR ALARM(other)', "AlarmActions": ["arn:aws:sns:x"]}
    with Stubber(aws.cloudwatch) as stub:
        stub.add_response("describe_alarms", {"MetricAlarms": [alarm], "CompositeAlarms": [composite]})
        subject = read_subject(aws, capturing)

    assert subject.alarms == (Alarm("errors", ("ModelLatency",), (), acts=True, state="OK"),)


@pytest.fixture
def bucket(aws: Aws, cloud: Cloud) -> str:
    """The bucket that is captured to; its name."""
    del cloud
    aws.s3.create_bucket(Bucket="captured")
    return "captured"


def expire(aws: Aws, bucket: str, **rule: Any) -> None:
    whole: Any = {"Rules": [{"ID": "r", "Status": "Enabled", "Expiration": {"Days": 30}} | rule]}
    aws.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=whole)


@pytest.mark.parametrize(
    ("rule", "expiring"),
    [
        ({"Filter": {"Prefix": "fraud/"}}, ("fraud/",)),
        ({"Filter": {"Prefix": ""}}, ("",)),
        ({"Filter": {"Prefix": "fraud/"}, "Status": "Disabled"}, ()),
        ({"Filter": {"Tag": {"Key": "old", "Value": "yes"}}}, ()),
        ({"Filter": {"And": {"Prefix": "fraud/", "Tags": [{"Key": "old", "Value": "yes"}]}}}, ()),
    ],
)
def test_what_expires(aws: Aws, capturing: str, bucket: str, rule: dict[str, Any], expiring: tuple[str, ...]) -> None:
    """Only rules that are on, and pick objects by their keys alone, are counted."""
    expire(aws, bucket, **rule)

    assert read_subject(aws, capturing).capture_bucket == Bucket(expiring, "")


def test_bucket_without_anything(aws: Aws, capturing: str, bucket: str) -> None:
    """A bucket without lifecycle, policy and block is known to expire nothing and to be closed."""
    del bucket
    assert read_subject(aws, capturing).capture_bucket == Bucket((), "")


def test_bucket_is_public_by_its_policy_unless_that_is_blocked(aws: Aws, capturing: str, bucket: str) -> None:
    """A policy for everybody makes a bucket public, and a block of public access ends it."""
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    assert found(read_subject(aws, capturing))["RW505"] == "Buckets[captured].PublicAccess"

    aws.s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True, "IgnorePublicAcls": True}
    )
    assert "RW505" not in found(read_subject(aws, capturing))


def test_bucket_is_public_by_its_access_list(aws: Aws, capturing: str, bucket: str) -> None:
    """An access list for everybody makes a bucket public too."""
    aws.s3.put_bucket_acl(Bucket=bucket, ACL="public-read")

    assert "RW505" in found(read_subject(aws, capturing))


def test_whatever_aws_refuses_is_unknown_with_its_words(aws: Aws, capturing: str) -> None:
    """With no permission but for the endpoint and its configuration, everything else is unknown, and nothing fails."""
    stubs = [Stubber(client) for client in (aws.iam, aws.s3, aws.cloudwatch, aws.application_autoscaling)]
    for stub, operations in zip(
        stubs,
        (
            ["get_role"],
            [
                "get_bucket_lifecycle_configuration",
                "get_public_access_block",
                "get_bucket_policy_status",
                "get_bucket_acl",
            ],
            ["describe_alarms"],
            ["describe_scalable_targets"],
        ),
        strict=True,
    ):
        for operation in operations:
            stub.add_client_error(operation, "AccessDenied", "not authorized", 403)
        stub.activate()
    try:
        subject = read_subject(aws, capturing)
    finally:
        for stub in stubs:
            stub.deactivate()

    assert isinstance(subject.alarms, Unknown)
    assert isinstance(subject.scaling, Unknown)
    assert isinstance(subject.roles[ROLE], Unknown)
    assert isinstance(subject.capture_bucket, Bucket)
    assert isinstance(subject.capture_bucket.public, Unknown)
    gaps = lint(subject, blueprint_shapes()).gaps
    assert {gap.rule.id for gap in gaps} >= {"RW303", "RW504", "RW505", "RW701", "RW705", "RW706", "RW901"}
    refused = [
        gap for gap in gaps if gap.rule.id != "RW807"
    ]  # whose image is named by a tag, which is nothing that was asked for
    assert all(gap.unknown.asked and "not authorized" in gap.unknown.why for gap in refused)


@pytest.mark.usefixtures("bucket", "role")
def test_the_documented_permissions_are_those_that_are_used(aws: Aws, cloud: Cloud, capturing: str, register) -> None:
    """The IAM policy in the docs allows exactly what is asked, and nothing is changed."""
    register(capturing, "AllTraffic", 20)
    before = len(cloud.request_log.entries())

    read_subject(aws, capturing)

    asked = cloud.request_log.entries()[before:]
    used = {IAM_ACTIONS.get(entry.operation, f"{entry.service}:{entry.operation}") for entry in asked}
    statements = json.loads(DOCUMENTED.read_text("utf-8"))["Statement"]
    assert used == {action for statement in statements for action in statement["Action"]}
