"""RW1: names, references, numbers. What SageMaker would turn down for the form of a single member."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from policies.endpoint_config import NAME_LIMIT
from policies.lint.document import Path, Section
from policies.lint.ranges import breaches
from policies.lint.rules import Family, Found, Hit, Unchecked
from policies.lint.subject import Missing, Subject, Unknown, model_path, models_named, name_variant

NAMES: Final = Family("Names and ranges")

MOST_VARIANTS: Final = 10
MOST_TAGS: Final = 50
MOST_KEY_CHARACTERS: Final = 128
MOST_VALUE_CHARACTERS: Final = 256
NAME: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
MODEL_NAME: Final = re.compile(r"[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?")
_TAG: Final = re.compile(r"[\w\s.:/=+\-@]*")
_VARIANT_LISTS: Final = ("ProductionVariants", "ShadowProductionVariants")


@NAMES.rule(
    "RW101",
    "error",
    "A name that SageMaker does not accept",
    why="SageMaker turns the request down: a name has 1 to 63 letters, digits and hyphens, with none of the hyphens at either end. The "
    "AWS clients do not check it, so it shows only when the request is made.",
    remedy="Shorten the name to 63 characters, and write only a-z, A-Z, 0-9 and hyphens between them.",
)
def bad_name(subject: Subject) -> Found:
    """Look at every name of a configuration, a variant and a model."""
    for path, name, pattern in _names(subject):
        if len(name) > NAME_LIMIT:
            yield Hit(path, f"{name!r} has {len(name)} characters; {NAME_LIMIT} are allowed")
        elif not pattern.fullmatch(name):
            yield Hit(path, f"{name!r} has characters, or hyphens at an end, that no name may have")


def _names(subject: Subject) -> Iterator[tuple[Path, str, re.Pattern[str]]]:
    if subject.whole.has("EndpointConfigName"):
        yield ("EndpointConfigName",), str(subject.config["EndpointConfigName"]), NAME
    for variant in subject.variants:
        yield variant.at("VariantName"), variant.text("VariantName"), NAME
        for path, name in models_named(variant):
            yield path, name, MODEL_NAME


@NAMES.rule(
    "RW102",
    "error",
    "Two variants of one name",
    why="A variant is addressed by its name alone: in weights, in metrics, in autoscaling. SageMaker turns the configuration down.",
    remedy="Give each variant a name of its own, shadows included.",
)
def same_name(subject: Subject) -> Found:
    """Look for variants, shadows among them, of one name."""
    seen = set[str]()
    for variant in subject.variants:
        name = variant.text("VariantName")
        if name and name in seen:
            yield Hit(variant.at("VariantName"), f"{name!r} is another variant's name already")
        seen.add(name)


@NAMES.rule(
    "RW103",
    "error",
    "A model that does not exist",
    why="Without its model a variant cannot be deployed. On a live endpoint it goes on serving, but instances that AWS replaces or adds "
    "have nothing to start from, and the way back to this configuration is closed.",
    remedy="Create the model anew under this name, or name one that exists in this account and Region.",
)
def missing_model(subject: Subject) -> Found:
    """Look for models that AWS does not know."""
    for variant in subject.variants:
        for path, name in models_named(variant):
            model = subject.model(name)
            if isinstance(model, Missing):
                yield Hit(path, f"there is no model {name}")
            elif isinstance(model, Unknown):
                yield Unchecked(path, model)


@NAMES.rule(
    "RW104",
    "error",
    "A value of the wrong kind, or outside its documented range",
    why="SageMaker turns the request down. The AWS clients check neither ranges nor lengths, so it shows only when the request is made.",
    remedy="Write a value within the range.",
)
def out_of_range(subject: Subject) -> Found:
    """Compare numbers, counts and choices with what the API documents."""
    for path, what in breaches(subject.whole):
        yield Hit(path, what)
    for name in subject.model_names:
        model = subject.model(name)
        if isinstance(model, Section):
            yield from (Hit(path, what) for path, what in breaches(model, of_model=True))
        elif isinstance(model, Unknown):
            yield Unchecked(model_path(name), model)


@NAMES.rule(
    "RW105",
    "error",
    "More than 10 variants",
    why="An endpoint has at most 10 production variants; SageMaker turns the configuration down.",
    remedy="Put the models on several endpoints.",
)
def too_many_variants(subject: Subject) -> Found:
    """Count the variants of either kind."""
    for member in _VARIANT_LISTS:
        count = len(subject.whole.values(member))
        if count > MOST_VARIANTS:
            yield Hit((member,), f"{count} variants; {MOST_VARIANTS} are allowed")


@NAMES.rule(
    "RW106",
    "error",
    "Tags that SageMaker does not accept",
    why="A resource has at most 50 tags, each key once, with keys to 128 and values to 256 characters; keys that begin with aws: are "
    "AWS's own. SageMaker turns the request down.",
    remedy="Drop or rename the tag.",
)
def bad_tags(subject: Subject) -> Found:
    """Look at the configuration's tags."""
    tags = subject.whole.items("Tags")
    if len(tags) > MOST_TAGS:
        yield Hit(("Tags",), f"{len(tags)} tags; {MOST_TAGS} are allowed")
    keys = Counter(tag.text("Key") for tag in tags)
    for tag in tags:
        key, value = tag.text("Key"), tag.text("Value")
        if not key or keys[key] > 1 or key.lower().startswith("aws:"):
            yield Hit(tag.at("Key"), f"key {key!r} is empty, given twice, or AWS's own")
        if not _fits(key, MOST_KEY_CHARACTERS) or not _fits(value, MOST_VALUE_CHARACTERS):
            yield Hit(
                tag.path, f"tag {key[:MOST_KEY_CHARACTERS]!r} is too long, or has characters that no tag may have"
            )


def _fits(text: str, most: int) -> bool:
    return len(text) <= most and _TAG.fullmatch(text) is not None


@NAMES.rule(
    "RW107",
    "error",
    "A variant without capacity",
    why="A variant runs on instances or serverless; with neither SageMaker has nothing to start, and turns the configuration down.",
    remedy="Give InstanceType and InitialInstanceCount, InstancePools, or ServerlessConfig.",
)
def no_capacity(subject: Subject) -> Found:
    """Look for variants that say nothing of instances, or how many."""
    for variant in subject.variants:
        if not any(map(variant.has, ("InstanceType", "InstancePools", "ServerlessConfig"))):
            yield Hit(variant.path, f"variant {name_variant(variant)} has neither instances nor ServerlessConfig")
        elif variant.has("ModelName") and variant.has("InstanceType") and not variant.has("InitialInstanceCount"):
            yield Hit(variant.path, f"variant {name_variant(variant)} has an instance type and no InitialInstanceCount")


@NAMES.rule(
    "RW108",
    "warning",
    "A member that AWS has given up",
    why="Elastic Inference is discontinued: nothing can be created with it any more, so the endpoint cannot be deployed anew.",
    remedy="Remove AcceleratorType, and choose an instance type with an accelerator of its own.",
)
def given_up(subject: Subject) -> Found:
    """Look for members of services that are no more."""
    for variant in subject.variants:
        if variant.has("AcceleratorType"):
            yield Hit(variant.at("AcceleratorType"), f"{variant.members['AcceleratorType']} is Elastic Inference")
