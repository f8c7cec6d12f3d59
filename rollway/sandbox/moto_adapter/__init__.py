"""Installs the simulated account into moto, in process: boto3 clients then talk to the simulated AWS.

Reversible: what is put in is taken out whole, and moto is itself again. Only one account can be installed at a time, as
moto's classes are the whole process's. A contract test pins every symbol of moto that is replaced.
"""

import os
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch as replace

from moto import mock_aws

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import (
    alarms,
    autoscaling,
    cloudwatch,
    front,
    model_registry,
    runtime,
    s3_addresses,
    s3_captures,
    s3_time,
    sagemaker,
    scheduler,
    service_quotas,
)
from rollway.sandbox.moto_adapter.patch import Patch

_in_use = threading.Lock()


def all_patches(cloud: Cloud) -> list[Patch]:
    """Return everything that installing ``cloud`` replaces in moto."""
    return [
        *front.patches(cloud),
        *s3_addresses.patches(),
        *s3_time.patches(cloud),
        *sagemaker.patches(cloud),
        *cloudwatch.patches(cloud),
        *alarms.patches(),
        *model_registry.patches(cloud),
        *runtime.patches(cloud),
        *autoscaling.patches(cloud),
        *scheduler.patches(cloud),
        *service_quotas.patches(cloud),
    ]


@contextmanager
def installed(cloud: Cloud) -> Generator[None]:
    """Have moto answer from ``cloud`` inside the block.

    Raises:
        AttributeError: when moto lacks a symbol that is to be replaced: it is not the version we were written for.
        RuntimeError: when another account is installed.
    """
    if not _in_use.acquire(blocking=False):
        raise RuntimeError("another simulated account is installed in this process: one at a time")
    with ExitStack() as stack:
        stack.callback(_in_use.release)
        for item in all_patches(cloud):
            stack.enter_context(replace.object(item.owner, item.name, item.replacement, create=item.adds))
        stack.enter_context(replace.object(cloud.scheduler, "deliver", scheduler.deliver))
        stack.enter_context(replace.object(cloud.captures, "write", s3_captures.writer(cloud)))
        stack.enter_context(replace.object(cloud.alarms, "book", alarms.MotoBook(cloud)))
        yield


@contextmanager
def in_process(cloud: Cloud) -> Generator[Cloud]:
    """Have every boto3 client of this process talk to ``cloud`` inside the block, with no network and no ports."""
    account = {"MOTO_ACCOUNT_ID": cloud.settings.account_id, "AWS_DEFAULT_REGION": cloud.settings.region}
    with replace.dict(os.environ, account), mock_aws(), installed(cloud):
        yield cloud
