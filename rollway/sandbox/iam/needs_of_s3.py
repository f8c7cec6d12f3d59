"""What requests to S3 need. Its actions have other names than its operations, and a read may ask for a second permission."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from rollway.sandbox.iam.request import Asked, Need

_BUCKET_READS: Final = {
    "GetBucketAcl": "s3:GetBucketAcl",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketPolicyStatus": "s3:GetBucketPolicyStatus",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "HeadBucket": "s3:ListBucket",
}


def bucket_arn(asked: Asked) -> str:
    """Return the ARN of the bucket that a request is about."""
    return f"arn:{asked.around.partition}:s3:::{asked.text('Bucket')}"


def to_learn_that_an_object_is_missing(asked: Asked) -> Need:
    """Return what a caller needs to be told that an object does not exist; without it S3 says that access is denied.

    The request names no prefix, so the key ``s3:prefix`` is missing here. Not verified against AWS.
    """
    return Need("s3:ListBucket", bucket_arn(asked))


def _object(action: str) -> Callable[[Asked], Iterator[Need]]:
    def find(asked: Asked) -> Iterator[Need]:
        yield Need(action, f"{bucket_arn(asked)}/{asked.text('Key')}")

    return find


def _put(asked: Asked) -> Iterator[Need]:
    yield from _object("s3:PutObject")(asked)
    if asked.text("IfMatch"):  # S3 reads what is there to compare it
        yield from _object("s3:GetObject")(asked)


def _list(asked: Asked) -> Iterator[Need]:
    keys = {"s3:prefix": (asked.text("Prefix"),)} if "Prefix" in asked.parameters else {}
    yield Need("s3:ListBucket", bucket_arn(asked), keys)


def _bucket_read(asked: Asked) -> Iterator[Need]:
    yield Need(_BUCKET_READS[asked.operation], bucket_arn(asked))


FINDERS: Final[Mapping[str, Callable[[Asked], Iterator[Need]]]] = {
    "GetObject": _object("s3:GetObject"),
    "HeadObject": _object("s3:GetObject"),
    "DeleteObject": _object("s3:DeleteObject"),
    "PutObject": _put,
    "ListObjects": _list,
    "ListObjectsV2": _list,
    **dict.fromkeys(_BUCKET_READS, _bucket_read),
}
