"""RW7: permissions and secrets. What a model's container may do in the account, and what lies open in its environment."""

import re
from collections.abc import Callable, Iterator
from typing import Final, cast

from policies.blueprint.document import Path, Section, Unresolved, as_mapping
from policies.lint.rules import (
    Family,
    Found,
    Hit,
    Unchecked,
    each_container,
    each_role,
    each_statement,
    roles_in_use,
    statements,
)
from policies.lint.secret_forms import looks_secret
from policies.lint.subject import Missing, Role, Subject, Unknown, role_path

PERMISSIONS: Final = Family("Permissions and secrets")

_ALL_POWERFUL: Final = frozenset({"AdministratorAccess", "IAMFullAccess", "PowerUserAccess"})
_READING: Final = re.compile(
    r"(Batch(Check|Describe|Get|List)|Check|Describe|Download|Get|Head|List|Lookup|Query|Scan|Search|Select|View)",
    re.IGNORECASE,
)
_UNSCOPED: Final = frozenset(
    (
        "cloudwatch:putmetricdata",
        "ec2:createnetworkinterface",
        "ec2:createnetworkinterfacepermission",
        "ec2:deletenetworkinterface",
        "ec2:deletenetworkinterfacepermission",
        "logs:createloggroup",
        "logs:createlogstream",
        "logs:putlogevents",
    )
)
"""What hosting needs, and AWS either cannot narrow to a resource or shows with ``*`` itself."""
_EVERYTHING: Final = frozenset({"*", "*:*"})
_PARTS_BEFORE_RESOURCE: Final = 5


@PERMISSIONS.rule(
    "RW701",
    "error",
    "An execution role that may do everything",
    why="Whoever gets to run code in the container, by a poisoned model or a flaw in its server, owns the account.",
    remedy="List the actions that the container needs: reading its artifacts, writing logs and metrics, writing captured data.",
)
@each_statement
def every_action(statement: Section) -> Iterator[Hit]:
    """Look for a wildcard in place of the actions."""
    if statement.text("Effect") != "Allow":
        return
    if statement.has("NotAction"):
        yield Hit(statement.at("NotAction"), "allows every action but those listed")
    elif any(action in _EVERYTHING for action in _texts(statement.members.get("Action"))):
        yield Hit(statement.at("Action"), 'allows the action "*"')


@PERMISSIONS.rule(
    "RW702",
    "warning",
    "An execution role that may change any resource",
    why="What the container is meant to write to one bucket or key it can write to every one of the account.",
    remedy="Name the resources, for example arn:aws:s3:::captured-fraud/*.",
)
@each_statement
def every_resource(statement: Section) -> Iterator[Hit]:
    """Look for actions that change something, on a wildcard in place of the resources."""
    if statement.text("Effect") != "Allow" or not _reaches_all(statement):
        return
    actions = _texts(statement.members.get("Action"))
    writing = [action for action in actions if action not in _EVERYTHING and _writes(action)]
    if writing:
        more = f" and {len(writing) - 3} more" if len(writing) > 3 else ""  # noqa: PLR2004 - three examples are enough
        where = statement.at("NotResource" if statement.has("NotResource") else "Resource")
        yield Hit(where, f"allows {', '.join(writing[:3])}{more} on every resource")


@PERMISSIONS.rule(
    "RW703",
    "error",
    "An administrator's policy on an execution role",
    why="Whoever gets to run code in the container can do what an administrator can.",
    remedy="Detach it, and attach a policy with what the container needs.",
)
@each_role
def administrator(path: Path, role: Role) -> Found:
    """Look for managed policies that hand over the account."""
    yield from _managed(path, role, lambda name: name in _ALL_POWERFUL)


@PERMISSIONS.rule(
    "RW704",
    "warning",
    "A managed policy with full access",
    why="AmazonSageMakerFullAccess and its like are made for a person's first steps. They let a container create, change and delete "
    "whatever the service holds, this endpoint included.",
    remedy="Detach it, and attach a policy with what the container needs.",
)
@each_role
def full_access(path: Path, role: Role) -> Found:
    """Look for AWS's managed policies named so."""
    yield from _managed(path, role, lambda name: name.endswith("FullAccess") and name not in _ALL_POWERFUL)


def _managed(path: Path, role: Role, concerns: Callable[[str], bool]) -> Found:
    if isinstance(role.managed, Unknown):
        yield Unchecked((*path, "AttachedPolicies"), role.managed)
        return
    for arn in role.managed:
        name = arn.rsplit("/", 1)[-1]
        if ":iam::aws:policy/" in arn and concerns(name):
            yield Hit((*path, "AttachedPolicies"), f"{name} is attached")


@PERMISSIONS.rule(
    "RW705",
    "error",
    "An execution role that anybody may take on",
    why="Its trust policy names everybody, so any account can take the role on and do what it may do.",
    remedy='Trust {"Service": "sagemaker.amazonaws.com"}, and whom else you mean by ARN.',
)
@each_role
def open_trust(path: Path, role: Role) -> Found:
    """Look for everybody among those whom a role trusts, without any condition."""
    if isinstance(role.trust, Unknown):
        yield Unchecked((*path, "TrustPolicy"), role.trust)
        return
    for statement in statements(Section((*path, "TrustPolicy"), role.trust)):
        principal = statement.members.get("Principal")
        everybody = principal == "*" or "*" in _texts(as_mapping(principal).get("AWS"))
        if everybody and statement.text("Effect") == "Allow" and not statement.has("Condition"):
            yield Hit(statement.at("Principal"), "trusts everybody")


@PERMISSIONS.rule(
    "RW706",
    "error",
    "An execution role that does not exist",
    why="The endpoint goes on serving on credentials that it has, and can then neither read its artifacts nor write logs and captured "
    "data. Instances that AWS replaces or adds do not start.",
    remedy="Create the role anew, or name one that exists.",
)
def missing_role(subject: Subject) -> Found:
    """Look for the roles."""
    for arn in roles_in_use(subject):
        if isinstance(subject.roles.get(arn), Missing):
            yield Hit(role_path(arn), f"there is no role {arn}")
    yield from _unknown_roles(subject)


@each_role
def _unknown_roles(_path: Path, _role: Role) -> Found:
    yield from ()


@PERMISSIONS.rule(
    "RW707",
    "error",
    "An environment variable that looks like a secret",
    why="Environment variables are no secret: whoever may describe the model reads them, and they stay in logs and infrastructure code.",
    remedy="Keep it in Secrets Manager, pass its ARN, and let the container fetch it with its role. Then change it: it has been seen.",
)
@each_container
def secret(container: Section) -> Iterator[Hit]:
    """Look at names and values; a value is never repeated in what is told."""
    environment = container.section("Environment")
    for key in sorted(environment.members, key=lambda key: isinstance(environment.members[key], Unresolved)):
        if sign := looks_secret(str(key), environment.get(key)):
            yield Hit(environment.at(str(key)), sign)


def _texts(value: object) -> tuple[str, ...]:
    """Return what a policy gives as one text or as a list of texts."""
    given = cast("list[object]", value) if isinstance(value, list) else [value]
    return tuple(each for each in given if isinstance(each, str))


def _writes(action: str) -> bool:
    """Whether an action may change something, wildcards included, and is more than what hosting needs."""
    _, _, verb = action.partition(":")
    return action.lower() not in _UNSCOPED and _READING.match(verb) is None


def _reaches_all(statement: Section) -> bool:
    if statement.has("NotResource"):
        return True
    return any(_is_everything(resource) for resource in _texts(statement.members.get("Resource")))


def _is_everything(resource: str) -> bool:
    """Whether a resource is any, or any of a service: ``*``, ``arn:aws:s3:::*``."""
    parts = resource.split(":", _PARTS_BEFORE_RESOURCE)
    return resource == "*" or (len(parts) > _PARTS_BEFORE_RESOURCE and set(parts[-1]) == {"*"})
