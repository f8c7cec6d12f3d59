"""Looking up which digest a container image's tag stands for now, in Amazon ECR, where that is allowed. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from policies.errors import AwsError
from rollway.aws.errors import translating
from rollway.aws.session import Aws

_ECR_IMAGE: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[^:@]+)(?::(?P<tag>[^:@/]+))?"
)
_DEFAULT_TAG: Final = "latest"


def read_digests(aws: Aws, images: Iterable[str]) -> dict[str, str]:
    """Return the digest that each image's tag stands for now, ``sha256:...``, by the image.

    The digest of an image that is absent is not known: the image is not in this Region's ECR, AWS does not allow the look-up, or the
    repository or the tag is gone.
    """
    found = {image: _read_digest(aws, image) for image in images}
    return {image: digest for image, digest in found.items() if digest}


def _read_digest(aws: Aws, image: str) -> str:
    named = _ECR_IMAGE.fullmatch(image)
    if named is None or named["region"] != aws.region:
        return ""
    tag = {"imageTag": named["tag"] or _DEFAULT_TAG}
    try:
        with translating("DescribeImages", f"image {image}"):
            answer = aws.ecr().describe_images(
                registryId=named["account"], repositoryName=named["repository"], imageIds=[tag]
            )
    except AwsError:
        return ""
    return next((str(detail.get("imageDigest", "")) for detail in answer.get("imageDetails", ())), "")
