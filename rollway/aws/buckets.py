"""Reading how a bucket is kept: what expires in it, and who can get at it. Reads none of its objects, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from policies.blueprint.document import Section
from policies.errors import NotFound
from policies.lint.subject import Bucket, Unknown
from rollway.aws.errors import translating
from rollway.aws.looking import ask
from rollway.aws.session import Aws

_EVERYBODY: Final = frozenset(
    f"http://acs.amazonaws.com/groups/global/{group}" for group in ("AllUsers", "AuthenticatedUsers")
)
_NO_BUCKET: Final = "NoSuchBucket"


def read_bucket(aws: Aws, name: str) -> Bucket:
    """Read how a bucket is kept; what AWS does not tell is unknown.

    Raises:
        NotFound: there is no such bucket.
    """
    return Bucket(expiring=ask(lambda: _read_expiring(aws, name)), public=_read_public(aws, name))


def _read_expiring(aws: Aws, name: str) -> tuple[str, ...]:
    """Return the key prefixes whose objects all expire."""
    try:
        with translating("GetBucketLifecycleConfiguration", f"bucket {name}"):
            rules = aws.s3.get_bucket_lifecycle_configuration(Bucket=name).get("Rules", [])
    except NotFound as error:
        _need_bucket(error)
        return ()
    found = (_expiring_prefix(cast("Mapping[str, Any]", rule)) for rule in rules)
    return tuple(prefix for prefix in found if prefix is not None)


def _expiring_prefix(rule: Mapping[str, Any]) -> str | None:
    """Return the prefix that a rule expires; None for a rule that is off, expires nothing, or picks objects by more than their key."""
    whole = Section((), rule)
    expiration, chosen = whole.section("Expiration"), whole.section("Filter")
    if chosen.has("And"):
        chosen = chosen.section("And")
    expires = expiration.has("Days") or expiration.has("Date")
    if whole.text("Status") != "Enabled" or not expires or set(chosen.members) - {"Prefix"}:
        return None
    return chosen.text("Prefix") or whole.text("Prefix")


def _read_public(aws: Aws, name: str) -> str | Unknown:
    """Say why everybody can get at a bucket; nothing when nobody else can."""
    blocked = ask(lambda: _read_block(aws, name))
    policy, access_list = ask(lambda: _policy_is_public(aws, name)), ask(lambda: _list_is_public(aws, name))
    ways = (
        (policy, "RestrictPublicBuckets", "its policy lets everybody in"),
        (access_list, "IgnorePublicAcls", "its access list lets everybody in"),
    )
    unknown: Unknown | None = None
    for is_open, block, why in ways:
        shut = blocked.get(block, False) if isinstance(blocked, dict) else False
        if shut or is_open is False:
            continue
        if isinstance(is_open, Unknown):
            unknown = is_open
        elif isinstance(blocked, Unknown):
            unknown = blocked
        else:
            return why
    return unknown or ""


def _read_block(aws: Aws, name: str) -> dict[str, bool]:
    """Return what of public access the bucket blocks; blocks of the whole account are not read."""
    try:
        with translating("GetPublicAccessBlock", f"bucket {name}"):
            answer = aws.s3.get_public_access_block(Bucket=name)
    except NotFound as error:
        _need_bucket(error)
        return {}
    return {block: bool(is_on) for block, is_on in answer["PublicAccessBlockConfiguration"].items()}


def _policy_is_public(aws: Aws, name: str) -> bool:
    try:
        with translating("GetBucketPolicyStatus", f"bucket {name}"):
            return bool(aws.s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"].get("IsPublic"))
    except NotFound as error:
        _need_bucket(error)
        return False


def _list_is_public(aws: Aws, name: str) -> bool:
    with translating("GetBucketAcl", f"bucket {name}"):
        grants = aws.s3.get_bucket_acl(Bucket=name).get("Grants", [])
    return any(grant.get("Grantee", {}).get("URI") in _EVERYBODY for grant in grants)


def _need_bucket(error: NotFound) -> None:
    """Let pass that something is not configured, and not that there is no bucket."""
    if error.aws_code == _NO_BUCKET:
        raise error
