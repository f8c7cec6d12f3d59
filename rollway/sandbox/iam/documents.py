"""Policy documents and role documents, read strictly: what is not simulated is refused, never taken for true.

A role document is what ``docs/switch-role.json`` is: the members of ``CreateRole`` that matter, and the role's policies.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from rollway.sandbox.iam.actions import keys_of, matching_actions
from rollway.sandbox.iam.conditions import IF_EXISTS, NULL, OPERATORS, Condition, Context, is_simulated
from rollway.sandbox.iam.patterns import EVERY, covers_action, covers_resource


class PolicyDocumentError(ValueError):
    """A document that the simulated IAM cannot use: it names the file, the statement and what is wrong."""


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


T = TypeVar("T", bound=BaseModel)

Many = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_listed)]
"""A text or a list of texts, as IAM takes both."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_pascal)


class Statement(_Document):
    """One statement. ``NotAction``, ``NotResource`` and ``NotPrincipal`` are not simulated.

    Attributes:
        sid: its id.
        effect: what it does where it applies.
        action: patterns of actions.
        resource: patterns of ARNs; empty in a trust policy.
        principal: whom a trust policy lets in, by kind (``AWS`` or ``Service``).
        condition: values by operator and condition key.
    """

    sid: str = ""
    effect: Literal["Allow", "Deny"]
    action: Many
    resource: Many = ()
    principal: Mapping[Literal["AWS", "Service"], Many] = Field(default_factory=dict[Literal["AWS", "Service"], Many])
    condition: Mapping[str, Mapping[str, Many]] = Field(default_factory=dict[str, Mapping[str, Many]])

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether it is about an action on a resource in a request."""
        return (
            any(covers_action(pattern, action) for pattern in self.action)
            and any(covers_resource(pattern, resource) for pattern in self.resource or (EVERY,))
            and all(condition.holds(context) for condition in self.conditions())
        )

    def lets_in(self, kind: Literal["AWS", "Service"]) -> Many:
        """Return the accounts, users and roles, or the services, that it lets in."""
        return self.principal.get(kind, ())

    def conditions(self) -> Iterator[Condition]:
        """Yield its conditions, all of which have to hold."""
        for operator, keys in self.condition.items():
            yield from (Condition(operator, key, values) for key, values in keys.items())


class Policy(_Document):
    """A policy document: identity-based, or a role's trust policy."""

    version: Literal["2012-10-17"]
    statement: tuple[Statement, ...] = Field(min_length=1)


class _RolePolicy(_Document):
    policy_name: str
    policy_document: Policy


class _Role(_Document):
    role_name: str
    assume_role_policy_document: Policy
    policies: tuple[_RolePolicy, ...] = ()


@dataclass(frozen=True)
class Named:
    """A policy with the name of the file, or of the role's policy, that it was read from."""

    name: str
    policy: Policy


@dataclass(frozen=True)
class Principal:
    """A user or a role whose requests are checked.

    Attributes:
        name: an access key id, or a role's ARN.
        policies: its identity-based policies.
        trust: for a role, who may take it on; None where no document says so.
        arn: its ARN, where its name is not that and it is no user of that name.
    """

    name: str
    policies: tuple[Named, ...]
    trust: Policy | None = None
    arn: str = ""


_RESOURCE: Final = re.compile(r"\*|arn:(?:(?!\$\{).)*")
_ROLE_MEMBER: Final = "AssumeRolePolicyDocument"


def read_principals(files: Mapping[str, Sequence[Path]]) -> dict[str, Principal]:
    """Read the documents of several principals.

    Args:
        files: by access key id or role ARN, the files of its policies; a role's trust is in a role document.

    Raises:
        PolicyDocumentError: a document cannot be read, or asks for what is not simulated.
    """
    return {name: _read_principal(name, paths) for name, paths in files.items()}


def read_principal(name: str, documents: Mapping[str, str]) -> Principal:
    """Return a principal with the documents given as JSON, by their names.

    Raises:
        PolicyDocumentError: as ``read_principals``.
    """
    policies: list[Named] = []
    trust: Policy | None = None
    for title, text in documents.items():
        content = _parse(title, text)
        if _ROLE_MEMBER not in content:
            policies.append(Named(title, _validate(Policy, title, content)))
            continue
        role = _validate(_Role, title, content)
        trust = role.assume_role_policy_document
        policies += [Named(title, each.policy_document) for each in role.policies]
    for named in policies:
        _check(named.name, named.policy, trusts=False)
    if trust:
        _check(name, trust, trusts=True)
    return Principal(name, tuple(policies), trust)


def _read_principal(name: str, paths: Sequence[Path]) -> Principal:
    try:
        return read_principal(name, {str(path): path.read_text("utf-8") for path in paths})
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyDocumentError(f"permissions of {name}: {error}") from error


def _parse(title: str, text: str) -> Mapping[str, object]:
    try:
        content: object = json.loads(text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise PolicyDocumentError(f"{title} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise PolicyDocumentError(f"{title} is not a policy document: it must be a JSON object")
    return cast("Mapping[str, object]", content)


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of JSON whose keys are each there once; of two statements' effects, IAM would refuse both."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice in one object")
    return found


def _validate(kind: type[T], title: str, content: Mapping[str, object]) -> T:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise PolicyDocumentError(f"{title} is not a usable policy document: {problems}") from error


def _check(title: str, policy: Policy, *, trusts: bool) -> None:
    """Refuse what would otherwise count as true or false by mistake."""
    for statement in policy.statement:
        where = f"{title}, statement {statement.sid or '(without a Sid)'}"
        if bool(statement.resource) == trusts or bool(statement.principal) != trusts:
            form = "Principal and no Resource" if trusts else "Resource and no Principal"
            raise PolicyDocumentError(f"{where}: this kind of policy has {form}")
        for pattern in statement.resource:
            if not _RESOURCE.fullmatch(pattern):
                raise PolicyDocumentError(f"{where}: the resource {pattern} is neither * nor an ARN without variables")
        for condition in statement.conditions():
            _check_condition(where, statement, condition)


def _check_condition(where: str, statement: Statement, condition: Condition) -> None:
    if not is_simulated(condition.operator):
        known = ", ".join([*OPERATORS, NULL])
        raise PolicyDocumentError(
            f"{where}: the operator {condition.operator} is not simulated; simulated are {known}, also with {IF_EXISTS}"
        )
    if condition.operator == NULL and condition.values not in {("true",), ("false",)}:
        raise PolicyDocumentError(f'{where}: Null takes "true" or "false", not {list(condition.values)}')
    for action in matching_actions(statement.action):
        if not any(covers_action(key, condition.key) for key in keys_of(action)):
            raise PolicyDocumentError(
                f"{where}: the condition key {condition.key} is not simulated for {action}; simulated are "
                f"{', '.join(sorted(keys_of(action))) or 'none'}"
            )
