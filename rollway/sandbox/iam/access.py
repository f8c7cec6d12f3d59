"""The check at the account's door: may this caller do what the request asks for? And what was allowed, by which statement."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rollway.sandbox.common_errors import denied
from rollway.sandbox.errors import Refusal
from rollway.sandbox.iam.documents import Policy, Principal, Statement
from rollway.sandbox.iam.needs import UnknownOperation, needs_of
from rollway.sandbox.iam.needs_of_s3 import to_learn_that_an_object_is_missing
from rollway.sandbox.iam.patterns import EVERY
from rollway.sandbox.iam.request import Asked, Need, Surroundings

_SCHEDULER: Final = "scheduler.amazonaws.com"


@dataclass(frozen=True)
class Use:
    """A statement that allowed something.

    Attributes:
        principal: whose policy it is in.
        document: the policy's name.
        sid: the statement's id.
        action: what it allowed.
    """

    principal: str
    document: str
    sid: str
    action: str


@dataclass(frozen=True)
class Denial:
    """A request that was refused for want of a permission.

    Attributes:
        principal: who asked.
        need: the action that was missing, on which resource.
    """

    principal: str
    need: Need


class Access:
    """Who may do what in one account. Callers that are not among its principals may do everything.

    Attributes:
        used: every statement that has allowed something, with what.
        denials: every request that was refused, in order.
    """

    def __init__(self, around: Surroundings, principals: Mapping[str, Principal]) -> None:
        self._around = around
        self._principals = dict(principals)
        self._lock = threading.Lock()
        self.used: set[Use] = set()
        self.denials: list[Denial] = []

    def admit(self, principal: Principal) -> None:
        """Check the requests of a principal from now on."""
        self._principals[principal.name] = principal

    def check(self, caller: str, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Let a request pass, or refuse it as AWS would.

        Args:
            caller: the caller's access key id, or the ARN of the role whose session it is.
            service: boto3's name of the service.
            operation: the API operation.
            parameters: its parameters.

        Raises:
            Refusal: a permission is missing, or it is not known which permissions the request needs.
        """
        asked = Asked(service, operation, parameters, self._around)
        if operation == "AssumeRole":
            self._check_trust(caller, asked)
        principal = self._principals.get(caller)
        if principal is None:
            return
        try:
            needs = needs_of(asked)
        except UnknownOperation as error:
            words = f"The simulated IAM does not know which permissions {error} needs, so it refuses it to {caller}."
            raise self._refusal(service, operation, words) from error
        for need in needs:
            self._demand(principal, service, operation, need)

    def check_missing(self, caller: str, parameters: Mapping[str, Any]) -> None:
        """Let a caller learn that an object does not exist, or refuse that as S3 does.

        Raises:
            Refusal: the caller may not list the bucket.
        """
        principal = self._principals.get(caller)
        if principal is not None:
            asked = Asked("s3", "GetObject", parameters, self._around)
            self._demand(principal, "s3", "GetObject", to_learn_that_an_object_is_missing(asked))

    def check_schedule(self, role: str, group: str, service: str, request: tuple[str, Mapping[str, Any]]) -> None:
        """Let EventBridge Scheduler act in a role on behalf of a schedule group, or refuse that.

        Args:
            role: the role's ARN.
            group: the schedule group's ARN.
            service: boto3's name of the service that is called.
            request: the operation and its parameters.

        Raises:
            Refusal: the role does not let the Scheduler in, or lacks the permission.
        """
        principal = self._principals.get(role)
        if principal is None:
            return
        keys = {"aws:SourceAccount": (self._around.account_id,), "aws:SourceArn": (group,)}
        trust = Need("sts:AssumeRole", role, keys)
        if not _trusts(principal.trust, _SCHEDULER, trust):
            self._note_denial(role, trust)
            raise self._refusal("sts", "AssumeRole", f"{_SCHEDULER} is not allowed to assume the role {role}.")
        self.check(role, service, *request)

    def _check_trust(self, caller: str, asked: Asked) -> None:
        role = self._principals.get(asked.text("RoleArn"))
        if role is None:
            return
        (need,) = needs_of(asked)
        who = self._arn_of(caller)
        if not _trusts(role.trust, who, need):
            self._note_denial(caller, need)
            words = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role.name}"
            raise self._refusal("sts", "AssumeRole", words)

    def _demand(self, principal: Principal, service: str, operation: str, need: Need) -> None:
        found = tuple(_statements(principal, need))
        refused = [use for use, effect in found if effect == "Deny"]
        if found and not refused:
            with self._lock:
                self.used.update(use for use, _ in found)
            return
        self._note_denial(principal.name, need)
        why = (
            f"with an explicit deny in {refused[0].document}, statement {refused[0].sid}"
            if refused
            else f"because no identity-based policy allows the {need.action} action"
        )
        who = self._arn_of(principal.name)
        words = f"User: {who} is not authorized to perform: {need.action} on resource: {need.resource} {why}"
        raise self._refusal(service, operation, words)

    def _arn_of(self, caller: str) -> str:
        """Return a caller's ARN; an access key that no document gives one is taken for a user of that name."""
        principal = self._principals.get(caller)
        if principal and principal.arn:
            return principal.arn
        return caller if caller.startswith("arn:") else self._around.global_arn("iam", f"user/{caller}")

    def _note_denial(self, caller: str, need: Need) -> None:
        with self._lock:
            self.denials.append(Denial(caller, need))

    def _refusal(self, service: str, operation: str, words: str) -> Refusal:
        like = denied(service, operation, self._around.account_id)
        return Refusal(like.code, words, like.status)


def _statements(principal: Principal, need: Need) -> Iterable[tuple[Use, str]]:
    """Yield every statement about a need, with its effect."""
    for named in principal.policies:
        for statement in named.policy.statement:
            if statement.applies(need.action, need.resource, need.context):
                yield Use(principal.name, named.name, statement.sid, need.action), statement.effect


def _trusts(trust: Policy | None, caller: str, need: Need) -> bool:
    """Whether a trust policy lets a caller in; one that is not on file lets nobody in."""
    effects = {
        statement.effect
        for statement in (trust.statement if trust else ())
        if statement.applies(need.action, need.resource, need.context) and _is_let_in(statement, caller)
    }
    return effects == {"Allow"}


def _is_let_in(statement: Statement, caller: str) -> bool:
    if caller == _SCHEDULER:
        return caller in statement.lets_in("Service")
    return any(name in {caller, EVERY} or _is_account_of(name, caller) for name in statement.lets_in("AWS"))


def _is_account_of(name: str, caller: str) -> bool:
    """Whether a principal is the whole account of a caller, written as ``arn:aws:iam::123456789012:root`` or by its number."""
    parts, own = name.split(":", 5), caller.split(":", 5)
    account = parts[4] if parts[-1] == "root" and len(parts) == len(own) else name
    return account == own[4]
