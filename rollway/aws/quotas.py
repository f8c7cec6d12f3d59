"""Reading how many instances the account may have behind endpoints, and how many it has. Changes nothing, and never fails.

The names of SageMaker's quotas are in no service model. They are matched by the pattern below and nowhere else; AWS words its refusals
alike: "The account-level service limit 'ml.m5.xlarge for endpoint usage' is 1 Instances".
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from policies.errors import AwsError, NotFound
from policies.quotas import Quota, QuotaReading
from rollway.aws.errors import translating
from rollway.aws.sagemaker import describe_endpoint, list_endpoints, read_config_fields
from rollway.aws.session import Aws

SERVICE_CODE: Final = "sagemaker"
QUOTA_NAME: Final = re.compile(r"(?P<type>ml\.[a-z0-9-]+\.[a-z0-9-]+) for endpoint usage", re.IGNORECASE)
"""The name of the quota for one instance type; unverified, since AWS publishes no list of them."""

MOST_ENDPOINTS: Final = 200
"""Endpoints beyond which their instances are not counted: it takes two requests for each."""

SWITCH: Final = "ROLLWAY_QUOTAS"
"""The environment variable that leaves the check out, where its assumptions do not hold: ``ignore``."""


def read_quotas(aws: Aws, types: Collection[str]) -> QuotaReading:
    """Read the quotas of some instance types, and what all endpoints of the account and Region have of them.

    Returns:
        the quotas, or why nothing can be said: not permitted, no answer, no such quota, too many endpoints.
    """
    if os.environ.get(SWITCH) == "ignore":
        return QuotaReading(unchecked=f"{SWITCH}=ignore is set")
    try:
        allowed = _read_allowed(aws, types)
        missing = sorted(set(types) - allowed.keys())
        if missing:
            return QuotaReading(unchecked=f"Service Quotas names none for {', '.join(missing)}")
        endpoints = list_endpoints(aws)
        if len(endpoints) > MOST_ENDPOINTS:
            what = f"the account has {len(endpoints)} endpoints, whose instances are counted up to {MOST_ENDPOINTS}"
            return QuotaReading(unchecked=what)
        in_use = _count_instances(aws, endpoints)
    except AwsError as error:
        return QuotaReading(unchecked=str(error))
    return QuotaReading(
        quotas={kind: Quota(name=name, value=value, in_use=in_use[kind]) for kind, (name, value) in allowed.items()}
    )


def _read_allowed(aws: Aws, types: Collection[str]) -> dict[str, tuple[str, float]]:
    """Return the quotas' names and values by instance type, with as few of the many pages as it takes."""
    found: dict[str, tuple[str, float]] = {}
    for quota in _list_quotas(aws):
        match = QUOTA_NAME.fullmatch(quota.get("QuotaName", ""))
        if match and match["type"].lower() in types and "Value" in quota:
            found[match["type"].lower()] = (match[0], quota["Value"])
            if len(found) == len(types):
                break
    return found


def _list_quotas(aws: Aws) -> Iterator[dict[str, Any]]:
    with translating("ListServiceQuotas", SERVICE_CODE):
        for page in aws.service_quotas.get_paginator("list_service_quotas").paginate(ServiceCode=SERVICE_CODE):
            yield from page["Quotas"]


def _count_instances(aws: Aws, endpoints: Collection[str]) -> Counter[str]:
    """Return how many instances of each type serve behind endpoints, or will once changes in flight are done."""
    types_by_config: dict[str, Mapping[str, str]] = {}
    counted: Counter[str] = Counter()
    for name in endpoints:
        try:
            endpoint = describe_endpoint(aws, name)
            types = types_by_config.get(endpoint.config) or _read_types(aws, endpoint.config)
        except NotFound:
            continue  # deleted meanwhile, or its configuration was
        types_by_config[endpoint.config] = types
        for variant in endpoint.variants:
            if variant.name in types:
                counted[types[variant.name]] += max(variant.instances, variant.wanted_instances)
    return counted


def _read_types(aws: Aws, config: str) -> dict[str, str]:
    fields = read_config_fields(aws, config).fields
    variants: list[dict[str, Any]] = fields.get("ProductionVariants", [])
    return {variant["VariantName"]: variant["InstanceType"] for variant in variants if "InstanceType" in variant}
