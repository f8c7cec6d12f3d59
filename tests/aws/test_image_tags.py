"""Which digest a tag stands for now: looked up in ECR, and not known wherever that is not possible."""

import json
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.deployed import Deployment, Finding, find_doubts
from policies.lint.linting import lint
from rollway.aws.facts import read_facts
from rollway.aws.image_tags import read_digests
from rollway.aws.lint_subject import read_subject
from rollway.aws.session import Aws
from rollway.aws.shapes import blueprint_shapes
from rollway.sandbox.cloud import Cloud

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{REGISTRY}/fraud:1"


def push(aws: Aws, repository: str, tag: str) -> str:
    """Push an image into the simulated ECR; its digest."""
    ecr = aws.ecr()
    ecr.create_repository(repositoryName=repository)
    manifest: dict[str, Any] = {"schemaVersion": 2, "config": {"digest": f"sha256:{'a' * 64}"}, "layers": []}
    manifest["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
    made = ecr.put_image(repositoryName=repository, imageManifest=json.dumps(manifest), imageTag=tag)
    return made["image"]["imageId"]["imageDigest"]


def test_a_tag_is_looked_up(aws: Aws, cloud: Cloud) -> None:
    """The digest is that of the repository's tag; without a tag that of ``latest``."""
    del cloud
    digests = {IMAGE: push(aws, "fraud", "1"), f"{REGISTRY}/team/fraud": push(aws, "team/fraud", "latest")}

    assert read_digests(aws, digests) == digests


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        f"{REGISTRY}/fraud:other",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/fraud:1",
        "docker.io/library/fraud:1",
        "fraud:1",
        "",
    ],
)
def test_what_cannot_be_looked_up_is_absent(aws: Aws, cloud: Cloud, image: str) -> None:
    """A repository or tag that is gone, another Region and another registry leave the digest unknown, and nothing fails."""
    del cloud
    assert read_digests(aws, [image]) == {}


def test_what_aws_refuses_is_absent(aws: Aws, cloud: Cloud) -> None:
    """Without the permission, which is optional, the digest is unknown."""
    del cloud
    with Stubber(aws.ecr()) as stub:
        stub.add_client_error("describe_images", "AccessDeniedException", "not authorized", 400)
        assert read_digests(aws, [IMAGE]) == {}


def test_a_tag_that_was_moved_is_found(aws: Aws, live: str) -> None:
    """A tag that stands for another digest than the one that serves is found by planning and by the linter; unknown before."""
    before = read_facts(aws, live, "fraud-v7")
    push(aws, "fraud", "1")

    facts = read_facts(aws, live, "fraud-v7")

    for each, finding in ((before, Finding.TAG_UNKNOWN), (facts, Finding.TAG_MOVED)):
        deployment = Deployment(each.endpoint, each.config, each.config_created, each.models, each.digests)
        assert [doubt.finding for doubt in find_doubts(deployment)] == [finding]
    assert "RW807" in {found.rule.id for found in lint(read_subject(aws, live), blueprint_shapes()).findings}
