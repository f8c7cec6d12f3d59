"""RW6: network and encryption. What a container can reach, who can reach it, and what is encrypted by whose key."""

import re
from collections.abc import Iterator
from typing import Final

from policies.blueprint.document import Section
from policies.lint.rules import Family, Found, Hit, Unchecked, each_hosted_model, each_variant
from policies.lint.subject import Subject, Unknown, instance_types, model_path, name_variant

NETWORK: Final = Family("Network and encryption")

FEWEST_SUBNETS: Final = 2
_FAMILY: Final = re.compile(r"ml\.([^.]+)\.")
_NAMED_FOR_ITS_STORE: Final = re.compile(r"[a-z]+\d+[a-z]*d")
"""Families such as m5d and c6gd: EC2 marks local NVMe store with a ``d`` at the end."""


@NETWORK.rule(
    "RW601",
    "warning",
    "A model outside your VPC",
    why="The container has the internet at hand, and its traffic passes none of your security groups, endpoint policies and flow logs.",
    remedy="Give the model a VpcConfig with subnets and security groups; for ordinary endpoints it belongs on the model, not the "
    "configuration.",
)
def no_vpc(subject: Subject) -> Found:
    """Look at every model, and at the configuration for variants without one."""
    yield from _each_model_without_vpc(subject)
    if not subject.whole.section("VpcConfig").members:
        for variant in subject.variants:
            if not variant.has("ModelName") and not variant.has("ServerlessConfig"):
                yield Hit(("VpcConfig",), f"variant {name_variant(variant)} names no model, and there is no VpcConfig")


@each_hosted_model
def _each_model_without_vpc(model: Section) -> Iterator[Hit]:
    if not model.section("VpcConfig").members:
        yield Hit(model.at("VpcConfig"), "there is none")


@NETWORK.rule(
    "RW602",
    "warning",
    "A model without network isolation",
    why="A container that can open connections can send requests, artifacts and credentials of its role anywhere that the network allows.",
    remedy="Set EnableNetworkIsolation: true on the model, if its code calls no service while it answers.",
)
@each_hosted_model
def no_isolation(model: Section) -> Iterator[Hit]:
    """Look at every model."""
    if model.get("EnableNetworkIsolation") is not True:
        yield Hit(model.at("EnableNetworkIsolation"), "is not true")


@NETWORK.rule(
    "RW603",
    "warning",
    "A VPC with one subnet",
    why="A subnet lies in one Availability Zone, so all instances do, and go down with it.",
    remedy="Give two subnets or more, in different Availability Zones.",
)
@each_hosted_model
def one_subnet(model: Section) -> Iterator[Hit]:
    """Count the subnets."""
    subnets = model.section("VpcConfig").values("Subnets")
    if 0 < len(set(map(str, subnets))) < FEWEST_SUBNETS:
        yield Hit(model.at("VpcConfig", "Subnets"), f"only {subnets[0]}")


@NETWORK.rule(
    "RW604",
    "warning",
    "Models in unlike networks",
    why="Two models that reach different things fail for different reasons: a candidate may look worse, or better, by its network alone.",
    remedy="Give all models of an endpoint the same VpcConfig and EnableNetworkIsolation.",
)
def unlike_networks(subject: Subject) -> Found:
    """Compare the models' networks with the first one's."""
    known: list[Section] = []
    for name in subject.hosted_models:
        model = subject.model(name)
        if isinstance(model, Unknown):
            if len(subject.hosted_models) > 1:
                yield Unchecked(model_path(name), model)
        elif isinstance(model, Section):
            known.append(model)
    for model in known[1:]:
        if _network(model) != _network(known[0]):
            yield Hit(model.at("VpcConfig"), f"not the network of {model.path[-1]}'s neighbour {known[0].path[-1]}")


def _network(model: Section) -> tuple[frozenset[str], frozenset[str], bool]:
    vpc = model.section("VpcConfig")
    groups, subnets = (frozenset(map(str, vpc.values(member))) for member in ("SecurityGroupIds", "Subnets"))
    return groups, subnets, model.get("EnableNetworkIsolation") is True


@NETWORK.rule(
    "RW605",
    "warning",
    "Network settings in two places",
    why="VpcConfig and EnableNetworkIsolation of the configuration are for endpoints of inference components. Beside a variant that names "
    "a model it is not documented which of the two holds.",
    remedy="Set them on the models alone.",
)
def two_places(subject: Subject) -> Found:
    """Look for network settings of the configuration beside models."""
    given = [("VpcConfig", bool(subject.whole.section("VpcConfig").members))]
    given += [("EnableNetworkIsolation", subject.whole.get("EnableNetworkIsolation") is True)]
    named = [name_variant(variant) for variant in subject.variants if variant.has("ModelName")]
    for member, is_given in given:
        if is_given and named:
            yield Hit((member,), f"set here, and variant {named[0]} names a model")


@NETWORK.rule(
    "RW606",
    "warning",
    "A shell in production containers",
    why="EnableSSMAccess lets people into the running containers, where requests, credentials and the model lie open, and where a change "
    "is in no configuration.",
    remedy="Set it only on an endpoint for debugging.",
)
@each_variant
def shell(variant: Section) -> Iterator[Hit]:
    """Look for SSM access."""
    if variant.get("EnableSSMAccess") is True:
        yield Hit(variant.at("EnableSSMAccess"), f"is true for variant {name_variant(variant)}")


@NETWORK.rule(
    "RW607",
    "note",
    "A volume key on instances with a store of their own",
    why="KmsKeyId encrypts the attached volume and not the instance's local NVMe store, which its hardware encrypts; by older "
    "documentation SageMaker turns the request down. `local_store_families` in lint.yaml says which families have one.",
    remedy="Leave KmsKeyId out, or choose an instance type without local store, such as ml.m6i or ml.c6i.",
)
def key_on_local_store(subject: Subject) -> Found:
    """Look for instance types with local store beside KmsKeyId."""
    if not subject.whole.has("KmsKeyId"):
        return
    for variant in subject.variants:
        stored = [name for name in instance_types(variant) if has_local_store(name, subject)]
        if stored:
            yield Hit(("KmsKeyId",), f"variant {name_variant(variant)} runs on {', '.join(stored)}")


@NETWORK.rule(
    "RW608",
    "note",
    "Volumes without a key of your own",
    why="The model and whatever its container writes lie on volumes under a key that SageMaker keeps: you can neither withdraw it nor see "
    "who uses it.",
    remedy="Set KmsKeyId, and let the execution role use that key.",
)
def no_volume_key(subject: Subject) -> Found:
    """Look for instance types with attached volumes alone, and no KmsKeyId."""
    if subject.whole.has("KmsKeyId"):
        return
    names = [name for variant in subject.variants for name in instance_types(variant)]
    attached = sorted({name for name in names if not has_local_store(name, subject)})
    if attached:
        yield Hit(("KmsKeyId",), f"there is none for {', '.join(attached)}")


@NETWORK.rule(
    "RW609",
    "warning",
    "Results or core dumps without a key of their own",
    why="Answers of an asynchronous endpoint and core dumps hold users' data, in a bucket that may be open to more people than they are "
    "for.",
    remedy="Set KmsKeyId beside the location.",
)
def outputs_without_key(subject: Subject) -> Found:
    """Look at where an endpoint writes to, captured data aside."""
    output = subject.whole.section("AsyncInferenceConfig").section("OutputConfig")
    dumps = (variant.section("CoreDumpConfig") for variant in subject.variants)
    for each in (output, *dumps):
        if each.members and not each.text("KmsKeyId"):
            yield Hit(each.at("KmsKeyId"), "there is none")


def has_local_store(instance_type: str, subject: Subject) -> bool:
    """Whether instances of a type have local NVMe store."""
    found = _FAMILY.match(instance_type)
    family = found[1] if found else ""
    return family in subject.thresholds.local_store_families or _NAMED_FOR_ITS_STORE.fullmatch(family) is not None
