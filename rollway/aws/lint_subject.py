"""Reading all that the linter looks at of a live endpoint, as far as AWS tells. Changes nothing.

Only the endpoint and its configuration have to be readable. Whatever else AWS refuses to tell is unknown, with AWS's own words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from policies.deployed import images_of
from policies.facts import Endpoint
from policies.lint.rules import roles_in_use
from policies.lint.subject import Deployed, Document, Missing, Scaling, Subject, Unknown, split_location
from rollway.aws.alarms import read_alarms
from rollway.aws.autoscaling import read_scaling, resource_id
from rollway.aws.buckets import read_bucket
from rollway.aws.errors import translating
from rollway.aws.image_tags import read_digests
from rollway.aws.looking import look
from rollway.aws.roles import read_role
from rollway.aws.sagemaker import describe_endpoint, read_config_fields
from rollway.aws.scaling_snapshot import snapshot_scaling
from rollway.aws.session import Aws

_GONE: Unknown = Unknown("it was removed while it was read", asked=True)


def read_subject(aws: Aws, endpoint: str) -> Subject:
    """Read an endpoint's configuration and what belongs to it.

    Raises:
        NotFound: there is no such endpoint, or its configuration was deleted.
        AwsError: AWS does not tell of the endpoint or its configuration.
    """
    live = describe_endpoint(aws, endpoint)
    described = read_config_fields(aws, live.config)
    bare = Subject(
        {"EndpointConfigName": live.config, **described.fields},
        endpoint=endpoint,
        deployed=Deployed(live, described.created, read_digests(aws, images_of(live.variants))),
    )
    models = {name: look(lambda name=name: _read_model(aws, name)) for name in bare.model_names}
    scaling, alarms = look(lambda: _read_scaling(aws, live)), look(lambda: read_alarms(aws, endpoint))
    subject = replace(
        bare,
        models=models,
        scaling=_GONE if isinstance(scaling, Missing) else scaling,
        alarms=_GONE if isinstance(alarms, Missing) else alarms,
    )
    roles = {arn: look(lambda arn=arn: read_role(aws, arn)) for arn in roles_in_use(subject)}
    bucket, _ = split_location(subject.whole.section("DataCaptureConfig").text("DestinationS3Uri"))
    if not bucket or not subject.captures:
        return replace(subject, roles=roles)
    return replace(subject, roles=roles, capture_bucket=look(lambda: read_bucket(aws, bucket)))


def _read_model(aws: Aws, name: str) -> Document:
    with translating("DescribeModel", f"model {name}"):
        return cast("Document", aws.sagemaker.describe_model(ModelName=name))


def _read_scaling(aws: Aws, endpoint: Endpoint) -> dict[str, Scaling]:
    """Return the registrations by variant, each with the names of what moves its instance count."""
    targets = read_scaling(aws, endpoint.name, [variant.name for variant in endpoint.variants])
    taken = snapshot_scaling(aws, endpoint)
    found: dict[str, Scaling] = {}
    for target in targets:
        resource = resource_id(endpoint.name, target.variant)
        policies = [each["PolicyName"] for each in taken.policies if each["ResourceId"] == resource]
        actions = [each["ScheduledActionName"] for each in taken.actions if each["ResourceId"] == resource]
        found[target.variant] = Scaling(target, (*policies, *actions))
    return found
