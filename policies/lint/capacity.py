"""RW3: capacity. Instances that are too few, unlike, or not scaled."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from policies.blueprint.document import Named, Path, Section
from policies.blueprint.faults import Fault
from policies.facts import format_suspensions
from policies.lint.rules import Check, Family, Found, Hit, Unchecked, each_variant, guarded, refused
from policies.lint.subject import Missing, Scaling, Subject, Unknown, instance_types, name_variant

CAPACITY: Final = Family("Capacity")

FEWEST_INSTANCES: Final = 2
_BURSTABLE: Final = "ml.t2."


class _Registered(NamedTuple):
    """A variant with its registration for scaling.

    Attributes:
        variant: the variant.
        path: where its scaling is.
        scaling: how it is looked after.
        is_async: whether the endpoint may go without instances while its queue is empty.
    """

    variant: Section
    path: Path
    scaling: Scaling
    is_async: bool


def _scaled_variants(subject: Subject) -> Iterator[tuple[Section, Path]]:
    """Yield the variants that Application Auto Scaling can look after by instances, with where their scaling is."""
    for variant in subject.production:
        if variant.has("ModelName") and not variant.has("ServerlessConfig"):
            yield variant, ("Scaling", Named(name_variant(variant)))


def _each_registered(check: Callable[[_Registered], Iterator[Hit]]) -> Check:
    """Lead a rule over every variant that is registered for scaling. That one is not is another rule's business."""

    def over(subject: Subject) -> Found:
        for variant, path in _scaled_variants(subject):
            scaling = subject.scaling_of(name_variant(variant))
            if isinstance(scaling, Unknown):
                yield Unchecked(path, scaling)
            elif isinstance(scaling, Scaling):
                yield from guarded(partial(check, _Registered(variant, path, scaling, subject.is_async)))

    return over


@CAPACITY.rule(
    "RW301",
    "warning",
    "Variants on unlike instances",
    why="Latency on one instance type says nothing about latency on another, so variants that run on unlike ones cannot be compared, and "
    "the one that wins may win by its machine.",
    remedy="Give all production variants the same instance type.",
)
def unlike_instances(subject: Subject) -> Found:
    """Compare the instance types of the production variants."""
    first, *others = subject.production or (Section((), {}),)
    for variant in others:
        mine, theirs = instance_types(variant), instance_types(first)
        if mine and theirs and mine != theirs:
            told = f"{', '.join(mine)}; variant {name_variant(first)} has {', '.join(theirs)}"
            yield Hit(variant.at("InstanceType"), told)


@CAPACITY.rule(
    "RW302",
    "warning",
    "A variant on one instance",
    why="When that instance fails, or AWS replaces it, the variant answers nobody: only two or more are spread over Availability Zones.",
    remedy="Set InitialInstanceCount to 2 or more, or a scaling minimum of 2.",
)
def one_instance(subject: Subject) -> Found:
    """Look for single instances that no scaling minimum makes more of."""
    if subject.is_async:
        return  # its queue waits until an instance is back
    for variant in subject.production:
        registered = subject.scaling_of(name_variant(variant))
        made_more = isinstance(registered, Scaling) and registered.target.minimum >= FEWEST_INSTANCES
        if variant.number("InitialInstanceCount") == 1 and not made_more:
            yield Hit(variant.at("InitialInstanceCount"), f"variant {name_variant(variant)} starts on 1 instance")


@CAPACITY.rule(
    "RW303",
    "warning",
    "A variant that is not scaled",
    why="Without a registration with Application Auto Scaling nothing adds instances under load.",
    remedy="Register sagemaker:variant:DesiredInstanceCount of the variant with a minimum, a maximum and a policy.",
)
def not_scaled(subject: Subject) -> Found:
    """Look for variants without a registration."""
    for variant, path in _scaled_variants(subject):
        scaling = subject.scaling_of(name_variant(variant))
        if isinstance(scaling, Unknown):
            yield Unchecked(path, scaling)
        elif isinstance(scaling, Missing):
            yield Hit(path, f"variant {name_variant(variant)} is not registered with Application Auto Scaling")


@CAPACITY.rule(
    "RW304",
    "warning",
    "Scaling that cannot move",
    why="With equal minimum and maximum the instance count never changes, though it looks as if it were scaled.",
    remedy="Raise MaxCapacity, or remove the registration.",
)
@_each_registered
def pinned(registered: _Registered) -> Iterator[Hit]:
    """Compare the bounds."""
    target = registered.scaling.target
    if target.minimum == target.maximum:
        yield Hit((*registered.path, "MaxCapacity"), f"minimum and maximum are both {target.minimum}")


@CAPACITY.rule(
    "RW305",
    "warning",
    "Scaling down to fewer than two instances",
    why="In a quiet hour the variant is left on one instance, and when that fails it answers nobody.",
    remedy="Set MinCapacity to 2 or more.",
)
@_each_registered
def low_minimum(registered: _Registered) -> Iterator[Hit]:
    """Look at the minimum; an asynchronous endpoint may well go down to none."""
    least = registered.scaling.target.minimum
    if least < FEWEST_INSTANCES and not registered.is_async:
        yield Hit((*registered.path, "MinCapacity"), f"the minimum is {least}")


@CAPACITY.rule(
    "RW306",
    "warning",
    "Scaling bounds that nothing uses",
    why="A registration alone moves nothing: it takes a scaling policy or a scheduled action.",
    remedy="Add a target-tracking policy, for example on SageMakerVariantInvocationsPerInstance.",
)
@_each_registered
def idle_registration(registered: _Registered) -> Iterator[Hit]:
    """Look for registrations without policies and scheduled actions."""
    if not registered.scaling.moved_by:
        yield Hit((*registered.path, "ScalingPolicies"), "registered, with neither a policy nor a scheduled action")


@CAPACITY.rule(
    "RW307",
    "warning",
    "An initial count outside the scaling bounds",
    why="An update that does not retain the live counts starts from InitialInstanceCount: with too few instances for the load, or with "
    "more than scaling would ever give.",
    remedy="Write an InitialInstanceCount between MinCapacity and MaxCapacity.",
)
@_each_registered
def count_outside_bounds(registered: _Registered) -> Iterator[Hit]:
    """Compare the initial count with the bounds."""
    count, target = registered.variant.number("InitialInstanceCount"), registered.scaling.target
    if count is not None and not target.minimum <= count <= target.maximum:
        told = f"{count:g}; scaling keeps it from {target.minimum} to {target.maximum}"
        yield Hit(registered.variant.at("InitialInstanceCount"), told)


@CAPACITY.rule(
    "RW308",
    "note",
    "Scaling that is suspended",
    why="While it is suspended, load moves nothing. A rollout suspends scaling in and scheduled scaling, and takes that back at its end; "
    "whatever is left was forgotten.",
    remedy="End the suspension, unless a rollout is under way.",
)
@_each_registered
def suspended(registered: _Registered) -> Iterator[Hit]:
    """Look for suspensions."""
    target = registered.scaling.target
    if target.suspended:
        told = format_suspensions(target.suspended).removeprefix("suspend ")
        yield Hit((*registered.path, "SuspendedState"), f"suspended: {told}")


@CAPACITY.rule(
    "RW309",
    "note",
    "Many instances for an account's quota",
    why="An update brings up a whole second fleet before the first one goes, so the quota has to hold twice the instances. Where it does "
    "not, the update fails, perhaps after minutes. Quotas differ by account: `instances_per_endpoint` in lint.yaml draws the line.",
    remedy="Check the quota of this instance type for endpoint usage in Service Quotas, or raise the line.",
)
def many_instances(subject: Subject) -> Found:
    """Add up the instances."""
    total = sum(variant.number("InitialInstanceCount") or 0 for variant in subject.variants)
    most = subject.thresholds.instances_per_endpoint
    if total > most:
        yield Hit(
            ("ProductionVariants",), f"{total:g} instances in all, {2 * total:g} during an update; the line is {most}"
        )


@CAPACITY.rule(
    "RW310",
    "warning",
    "Burstable instances",
    why="Their speed depends on the CPU credits that they have left, so latency under load drifts for reasons that are not the model's, "
    "and two variants may have unlike credits.",
    remedy="Choose a family of constant speed, such as ml.m6i or ml.c6i.",
)
@each_variant
def burstable(variant: Section) -> Iterator[Hit]:
    """Look for burstable families."""
    for name in instance_types(variant):
        if name.startswith(_BURSTABLE):
            yield Hit(variant.at("InstanceType"), name)


@CAPACITY.rule(
    "RW311",
    "note",
    "Serverless without provisioned concurrency",
    why="The first request after a pause, and each one beyond what is warm, waits for a container to start.",
    remedy="Set ProvisionedConcurrency where seconds of waiting matter.",
)
@each_variant
def cold_starts(variant: Section) -> Iterator[Hit]:
    """Look for serverless variants that keep nothing warm."""
    serverless = variant.section("ServerlessConfig")
    if serverless.members and not serverless.has("ProvisionedConcurrency"):
        yield Hit(serverless.path, f"variant {name_variant(variant)} keeps no container warm")


CAPACITY.rule(
    "RW312",
    "error",
    "Scaling that AWS does not accept",
    why="Application Auto Scaling turns it down, or the variant that it names is not there.",
    remedy="Correct what is named under the blueprint's scaling.",
)(refused(Fault.SCALING))
