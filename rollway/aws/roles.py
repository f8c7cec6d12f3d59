"""Reading execution roles: who may take them on, and what they may do. Changes none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policies.errors import PermanentAwsError
from policies.lint.subject import Document, Missing, Role, Unknown
from rollway.aws.errors import translating
from rollway.aws.looking import look
from rollway.aws.session import Aws

_OF_AWS: Final = ":iam::aws:policy/"


def read_role(aws: Aws, arn: str) -> Role:
    """Read a role with its policies; what AWS does not tell of them is unknown.

    Documents of AWS's own managed policies are not read: their names say what they are for.

    Raises:
        NotFound: there is no such role.
        AwsError: AWS turned the request down, or the role is another account's.
    """
    name = arn.rsplit("/", 1)[-1]
    with translating("GetRole", f"role {name}"):
        answer = aws.iam.get_role(RoleName=name)["Role"]
    if answer["Arn"] != arn:
        raise PermanentAwsError(f"role {arn} is not of this account ({answer['Arn']})", operation="GetRole")
    managed = _known(look(lambda: _read_attached(aws, name)))
    return Role(
        trust=answer.get("AssumeRolePolicyDocument") or {},
        managed=managed,
        policies=_read_policies(aws, name, managed),
    )


def _read_policies(
    aws: Aws, role: str, managed: tuple[str, ...] | Unknown
) -> Mapping[str, Document | Unknown] | Unknown:
    inline = _known(look(lambda: _list_inline(aws, role)))
    if isinstance(inline, Unknown):
        return inline
    if isinstance(managed, Unknown):
        return managed
    documents = {name: _known(look(lambda name=name: _read_inline(aws, role, name))) for name in inline}
    own = (arn for arn in managed if _OF_AWS not in arn)
    return documents | {arn.rsplit("/", 1)[-1]: _known(look(lambda arn=arn: _read_managed(aws, arn))) for arn in own}


def _read_attached(aws: Aws, role: str) -> tuple[str, ...]:
    with translating("ListAttachedRolePolicies", f"role {role}"):
        pages: Any = aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        return tuple(each["PolicyArn"] for page in pages for each in page["AttachedPolicies"])


def _list_inline(aws: Aws, role: str) -> tuple[str, ...]:
    with translating("ListRolePolicies", f"role {role}"):
        pages: Any = aws.iam.get_paginator("list_role_policies").paginate(RoleName=role)
        return tuple(name for page in pages for name in page["PolicyNames"])


def _read_inline(aws: Aws, role: str, name: str) -> Document:
    with translating("GetRolePolicy", f"policy {name} of role {role}"):
        return aws.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def _read_managed(aws: Aws, arn: str) -> Document:
    with translating("GetPolicy", f"policy {arn}"):
        version = aws.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    with translating("GetPolicyVersion", f"policy {arn}"):
        return aws.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _known(found: Any) -> Any:  # noqa: ANN401 - whatever was looked up
    """Return what was found; what has vanished since it was listed is not known."""
    return Unknown("it was removed while it was read", asked=True) if isinstance(found, Missing) else found
