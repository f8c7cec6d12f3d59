"""RW8: images and artifacts. Whether what is deployed is what was tested."""

from collections.abc import Iterator
from typing import Final

from policies.blueprint.document import Path, Section
from policies.blueprint.faults import Fault
from policies.deployed import Deployment, Doubt, Finding, find_doubts
from policies.endpoint_config import EndpointConfig
from policies.identity import ModelIdentity, identify_model
from policies.lint.rules import Family, Found, Hit, Unchecked, all_models, each_container, refused
from policies.lint.subject import Deployed, Subject, Unknown, model_path, models_named

IMAGES: Final = Family("Images and artifacts")

_NEXT: Final = (
    "A replaced instance, a scale-out, the next update and every way back start what the name stands for by then"
)
_DEPLOY_ANEW: Final = "Create what serves under a new name, and move the endpoint to that"


@IMAGES.rule(
    "RW801",
    "warning",
    "An image by tag",
    why="A tag can be moved. SageMaker looks it up at every deployment, so the way back to this model may run other code than the one "
    "that served, and two instances may differ.",
    remedy="Name the image by digest: repository@sha256:…; DescribeEndpoint tells the one in use as ResolvedImage.",
)
@each_container
def image_by_tag(container: Section) -> Iterator[Hit]:
    """Look for images without a digest."""
    image = container.text("Image")
    if image and "@sha256:" not in image:
        yield Hit(container.at("Image"), f"{image} has no digest")


IMAGES.rule(
    "RW802",
    "error",
    "A model without exactly one way to its containers",
    why="SageMaker takes PrimaryContainer or Containers, and turns a model with both or neither down.",
    remedy="Keep PrimaryContainer for one container, Containers for several.",
)(refused(Fault.CONTAINERS, all_models))
IMAGES.rule(
    "RW803",
    "error",
    "A container without an image",
    why="A container starts from an image or from a registered model package; SageMaker turns one with neither down.",
    remedy="Give Image or ModelPackageName.",
)(refused(Fault.IMAGE, all_models))
IMAGES.rule(
    "RW804",
    "error",
    "Artifacts from two places",
    why="SageMaker takes ModelDataUrl or ModelDataSource, and turns a container with both down.",
    remedy="Keep one of them.",
)(refused(Fault.ARTIFACTS, all_models))
IMAGES.rule(
    "RW805",
    "error",
    "A registry in a VPC that the model is not in",
    why="RepositoryAccessMode Vpc has the image fetched through the model's VPC, and the model has none.",
    remedy="Give the model a VpcConfig, or set RepositoryAccessMode: Platform.",
)(refused(Fault.REGISTRY, all_models))


@IMAGES.rule(
    "RW806",
    "error",
    "A model that was created again after it was deployed",
    why=f"A model cannot be changed, but deleted and created again under its name. {_NEXT}: something that has never served there.",
    remedy=f"{_DEPLOY_ANEW}. Give each version of a model a name of its own.",
)
def model_created_later(subject: Subject) -> Found:
    """Compare when models were created with when they were deployed."""
    yield from _findings(subject, {Finding.MODEL_CREATED_LATER}, {Finding.MODEL_AGE_UNKNOWN})


@IMAGES.rule(
    "RW807",
    "error",
    "An image that is not the one that serves",
    why=f"The model names another image than the one that was deployed, or the tag has been moved since, or instances differ. {_NEXT}.",
    remedy=f"{_DEPLOY_ANEW}, with its image by the digest that DescribeEndpoint gives as ResolvedImage.",
)
def image_replaced(subject: Subject) -> Found:
    """Compare the images of models with those that were deployed."""
    hits = {Finding.IMAGE_DIFFERS, Finding.TAG_MOVED, Finding.IMAGES_MIXED}
    yield from _findings(subject, hits, {Finding.IMAGE_UNKNOWN, Finding.TAG_UNKNOWN})


@IMAGES.rule(
    "RW808",
    "error",
    "A configuration that was created again after it was deployed",
    why="A configuration cannot be changed, but deleted and created again under its name. What is read under that name may not be what "
    "serves, and a way back to it may lead elsewhere.",
    remedy="Create a configuration with what serves under a new name, and move the endpoint to it.",
)
def config_created_later(subject: Subject) -> Found:
    """Compare when the configuration was created with when it was deployed."""
    yield from _findings(subject, {Finding.CONFIG_CREATED_LATER}, {Finding.CONFIG_AGE_UNKNOWN})


def _findings(subject: Subject, hits: set[Finding], gaps: set[Finding]) -> Found:
    """Yield the doubts of some kinds as hits, and those of others as what could not be checked."""
    if isinstance(subject.deployed, Unknown):
        yield Unchecked((), subject.deployed)
        return
    if Finding.CONFIG_CREATED_LATER not in hits:
        yield from _unknown_models(subject)
    for doubt in find_doubts(_deployment(subject, subject.deployed)):
        if doubt.finding in hits:
            yield Hit(_place(subject, doubt), doubt.what)
        elif doubt.finding in gaps:
            yield Unchecked(_place(subject, doubt), Unknown(doubt.what, asked=doubt.finding is not Finding.TAG_UNKNOWN))


def _unknown_models(subject: Subject) -> Iterator[Unchecked]:
    for name in subject.model_names:
        if isinstance(unknown := subject.model(name), Unknown):
            yield Unchecked(model_path(name), unknown)


def _deployment(subject: Subject, deployed: Deployed) -> Deployment:
    models: dict[str, ModelIdentity] = {}
    for name in subject.model_names:
        model = subject.model(name)
        if isinstance(model, Section):
            models[name] = identify_model(model.members)
    config = EndpointConfig(name=subject.whole.text("EndpointConfigName"), fields=dict(subject.config))
    return Deployment(deployed.endpoint, config, deployed.config_created, models, deployed.digests)


def _place(subject: Subject, doubt: Doubt) -> Path:
    """Return where a doubt is to be shown: where its variant names the model, or the configuration's name."""
    for variant in subject.production:
        if variant.text("VariantName") == doubt.variant:
            return next((path for path, name in models_named(variant) if name == doubt.model), variant.path)
    return ("EndpointConfigName",)
