"""Puts the simulated data capture's files into moto's S3."""

from collections.abc import Callable
from typing import Any

from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from rollway.sandbox.captures import Write
from rollway.sandbox.cloud import Cloud


def writer(cloud: Cloud) -> Write:
    """Return what writes a file, and says whether its bucket exists; a file without a bucket is never even made."""
    partition = get_partition(cloud.settings.region)

    def write(bucket: str, key: str, render: Callable[[], bytes]) -> bool:
        backend: Any = s3_backends[cloud.settings.account_id][partition]
        if bucket not in backend.buckets:
            return False
        backend.put_object(bucket, key, render())
        return True

    return write
