"""RW1: names, references, values. What SageMaker would turn down for the form of a single member."""

from typing import Final

from policies.blueprint.faults import Fault
from policies.lint.rules import Family, Found, Hit, Unchecked, all_models, refused
from policies.lint.subject import Missing, Subject, Unknown, models_named

NAMES: Final = Family("Names and values")

NAMES.rule(
    "RW101",
    "error",
    "A name that SageMaker does not accept",
    why="SageMaker turns the request down: a name has 1 to 63 letters, digits and hyphens, with none of the hyphens at either end. The "
    "AWS clients do not check it, so it shows only when the request is made.",
    remedy="Shorten the name to 63 characters, and write only a-z, A-Z, 0-9 and hyphens between them.",
)(refused(Fault.NAME))
NAMES.rule(
    "RW102",
    "error",
    "Two variants of one name",
    why="A variant is addressed by its name alone: in weights, in metrics, in autoscaling. SageMaker turns the configuration down.",
    remedy="Give each variant a name of its own, shadows included.",
)(refused(Fault.SAME_NAME))


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


NAMES.rule(
    "RW104",
    "error",
    "A value of the wrong kind, or outside what is documented",
    why="SageMaker turns the request down. The AWS clients check neither ranges, lengths nor choices, so it shows only when the request "
    "is made.",
    remedy="Write a value of the documented kind, within the documented range.",
)(refused(Fault.VALUE, all_models))
NAMES.rule(
    "RW105",
    "error",
    "More than 10 variants",
    why="An endpoint has at most 10 production variants; SageMaker turns the configuration down.",
    remedy="Put the models on several endpoints.",
)(refused(Fault.TOO_MANY_VARIANTS))
NAMES.rule(
    "RW106",
    "error",
    "Tags that SageMaker does not accept",
    why="A resource has at most 50 tags, each key once, with keys to 128 and values to 256 characters; keys that begin with aws: are "
    "AWS's own. SageMaker turns the request down. A blueprint has at most 48, since Rollway adds two.",
    remedy="Drop or rename the tag.",
)(refused(Fault.TAG))
NAMES.rule(
    "RW107",
    "error",
    "A variant without exactly one kind of capacity",
    why="A variant runs on instances of one type, on pools of several, or serverless; with none or two of them SageMaker turns the "
    "configuration down.",
    remedy="Give InstanceType and InitialInstanceCount, InstancePools, or ServerlessConfig.",
)(refused(Fault.CAPACITY))


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
            yield Hit(variant.at("AcceleratorType"), f"{variant.named('AcceleratorType')} is Elastic Inference")


NAMES.rule(
    "RW109",
    "error",
    "A member that SageMaker does not have",
    why="The AWS clients turn the request down. Where something else reads the file, the member is left out without a word, and what it "
    "was to do is not done.",
    remedy="Correct the spelling, or remove the member. If AWS has brought it out since, upgrade botocore.",
)(refused(Fault.UNKNOWN_MEMBER, all_models))
NAMES.rule(
    "RW110",
    "error",
    "A member that is missing",
    why="SageMaker turns a request without it down.",
    remedy="Add the member.",
)(refused(Fault.MISSING_MEMBER, all_models))
