"""What a rule is, and the families that rules are registered in.

A rule is a small generator: from a subject to where it is broken (``Hit``) and where that could not be checked (``Unchecked``). The
decorators that begin with ``each`` lead a rule over one kind of thing, and tell by themselves of those that are unknown.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal, NamedTuple, get_args

from policies.blueprint.document import Named, Path, Section, Undetermined
from policies.blueprint.faults import Breach, Fault
from policies.blueprint.model_rules import containers
from policies.lint.subject import Missing, Role, Subject, Unknown, model_path, role_path

Severity = Literal["error", "warning", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""The gravest first."""


class Hit(NamedTuple):
    """A place where a rule is broken.

    Attributes:
        path: where.
        what: what is found there, with its value.
    """

    path: Path
    what: str


class Unchecked(NamedTuple):
    """A place where a rule could not be checked.

    Attributes:
        path: where.
        unknown: what is not known.
    """

    path: Path
    unknown: Unknown


Found = Iterator[Hit | Unchecked]
Check = Callable[[Subject], Found]
OnSection = Callable[[Section], Iterator[Hit]]
Scope = Callable[[Subject], Iterable[str]]
"""The names of the models that a rule looks at."""
OnRole = Callable[[Path, Role], Found]


def no_models(_subject: Subject) -> tuple[str, ...]:
    """Look at no model."""
    return ()


def all_models(subject: Subject) -> tuple[str, ...]:
    """Look at each model."""
    return subject.model_names


def shadowed_models(subject: Subject) -> tuple[str, ...]:
    """Look at each model where there is a shadow."""
    return subject.model_names if subject.shadows else ()


def serverless_models(subject: Subject) -> tuple[str, ...]:
    """Look at the models that run serverless."""
    return tuple(name for name in subject.model_names if name not in subject.hosted_models)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: its stable name, such as RW101.
        severity: how grave a breach is unless settings say otherwise.
        title: what it finds, in a few words.
        why: the reason for it.
        remedy: what to do instead.
        family: the title of its family.
        check: finds the breaches.
    """

    id: str
    severity: Severity
    title: str
    why: str
    remedy: str
    family: str
    check: Check


@dataclass(frozen=True)
class Family:
    """Rules on one topic; their ids begin alike.

    Attributes:
        title: the topic.
        rules: the rules registered so far.
    """

    title: str
    rules: list[Rule] = field(default_factory=list[Rule])

    def rule(self, rule_id: str, severity: Severity, title: str, *, why: str, remedy: str) -> Callable[[Check], Check]:
        """Register the decorated function as a rule."""

        def register(check: Check) -> Check:
            self.rules.append(Rule(rule_id, severity, title, why, remedy, self.title, check))
            return check

        return register


def guarded(check: Callable[[], Iterable[Hit | Unchecked]]) -> Found:
    """Yield what a check finds, up to the first value that the file leaves open."""
    try:
        yield from check()
    except Undetermined as undetermined:
        what = f"is {undetermined.unresolved}, which the file does not give a value"
        yield Unchecked(undetermined.path, Unknown(what))


def refused(fault: Fault, models: Scope = no_models) -> Check:
    """Return a rule that finds one kind of what SageMaker refuses, which ``rollway config check`` refuses as well.

    Args:
        fault: the kind.
        models: the models that are looked at, too: one that is not known is told.
    """

    def over(subject: Subject) -> Found:
        for found in subject.refused:
            if found.fault is not fault:
                continue
            if isinstance(found, Breach):
                yield Hit(found.path, found.what)
            else:
                yield Unchecked(found.path, Unknown(found.what))
        for name in models(subject):
            if isinstance(model := subject.model(name), Unknown):
                yield Unchecked(model_path(name), model)

    return over


def each_variant(check: OnSection) -> Check:
    """Lead a rule over every variant, shadows among them."""

    def over(subject: Subject) -> Found:
        for variant in subject.variants:
            yield from guarded(partial(check, variant))

    return over


def each_model(check: OnSection) -> Check:
    """Lead a rule over every model. That one does not exist is another rule's business."""

    def over(subject: Subject) -> Found:
        yield from _over_models(subject, subject.model_names, check)

    return over


def each_hosted_model(check: OnSection) -> Check:
    """Lead a rule over every model that runs on instances."""

    def over(subject: Subject) -> Found:
        yield from _over_models(subject, subject.hosted_models, check)

    return over


def each_container(check: OnSection) -> Check:
    """Lead a rule over every container of every model."""

    def over(model: Section) -> Iterator[Hit]:
        for container in containers(model):
            yield from check(container)

    return each_model(over)


def each_role(check: OnRole) -> Check:
    """Lead a rule over every execution role. That one does not exist is another rule's business."""

    def over(subject: Subject) -> Found:
        for arn in roles_in_use(subject):
            found = subject.roles.get(
                arn, Unknown("the file does not hold its policies; name the endpoint to have AWS asked")
            )
            if isinstance(found, Unknown):
                yield Unchecked(role_path(arn), found)
            elif not isinstance(found, Missing):
                yield from check(role_path(arn), found)
        for name in subject.model_names:
            if isinstance(unknown := subject.model(name), Unknown):
                yield Unchecked((*model_path(name), "ExecutionRoleArn"), unknown)

    return over


def each_statement(check: OnSection) -> Check:
    """Lead a rule over every statement of every policy of every execution role."""

    def over(path: Path, role: Role) -> Found:
        if isinstance(role.policies, Unknown):
            yield Unchecked((*path, "Policies"), role.policies)
            return
        for name, document in role.policies.items():
            where = (*path, "Policies", Named(name))
            if isinstance(document, Unknown):
                yield Unchecked(where, document)
                continue
            for statement in statements(Section(where, document)):
                yield from check(statement)

    return each_role(over)


def statements(document: Section) -> tuple[Section, ...]:
    """Return the statements of a policy document, which may hold a single one without a list."""
    single = document.section("Statement")
    return (single,) if single.members else document.items("Statement")


def roles_in_use(subject: Subject) -> tuple[str, ...]:
    """Return the ARNs of the execution roles as far as they are known, each once."""
    models = (subject.model(name) for name in subject.model_names)
    named = [subject.whole.text("ExecutionRoleArn")]
    named += [model.text("ExecutionRoleArn") for model in models if isinstance(model, Section)]
    return tuple(dict.fromkeys(arn for arn in named if arn))


def _over_models(subject: Subject, names: tuple[str, ...], check: OnSection) -> Found:
    for name in names:
        model = subject.model(name)
        if isinstance(model, Unknown):
            yield Unchecked(model_path(name), model)
        elif isinstance(model, Section):
            yield from guarded(partial(check, model))
