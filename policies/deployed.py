"""Whether the names that an endpoint was deployed with still stand for what serves.

The way back is by name: UpdateEndpoint to the old configuration, a replaced instance and a scale-out start what the names of the
configuration and its model stand for by then. So does the first update of a rollout, which brings a new fleet for every variant, the
baseline's among them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from policies.endpoint_config import EndpointConfig, models_of_variant
from policies.facts import Endpoint, LiveVariant
from policies.identity import DeployedImage, ModelIdentity, digest_of, format_moment


class Finding(StrEnum):
    """What was found, or what could not be verified."""

    CONFIG_CREATED_LATER = "configuration created later"
    MODEL_CREATED_LATER = "model created later"
    IMAGE_DIFFERS = "image differs"
    TAG_MOVED = "tag moved"
    IMAGES_MIXED = "images mixed"
    CONFIG_AGE_UNKNOWN = "age of the configuration unknown"
    MODEL_AGE_UNKNOWN = "age of the model unknown"
    IMAGE_UNKNOWN = "image unknown"
    TAG_UNKNOWN = "tag unknown"


REPLACED = frozenset(
    {Finding.CONFIG_CREATED_LATER, Finding.MODEL_CREATED_LATER, Finding.IMAGE_DIFFERS, Finding.TAG_MOVED}
)
"""Findings that show for certain that a name stands for something else than what serves."""


@dataclass(frozen=True)
class Doubt:
    """One reason not to trust a name.

    Attributes:
        finding: the kind of reason.
        where: what it is about, for example ``model fraud-v6``.
        what: what was found, with its values.
        variant: the variant that it is about; empty for the configuration.
        model: the model that it is about; empty for the configuration.
    """

    finding: Finding
    where: str
    what: str
    variant: str = ""
    model: str = ""

    @property
    def replaced(self) -> bool:
        """Whether it shows for certain that the name stands for something else now."""
        return self.finding in REPLACED

    def __str__(self) -> str:
        """Return the doubt as one line."""
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Deployment:
    """What an endpoint was deployed with, beside what the names stand for now.

    Attributes:
        endpoint: the endpoint.
        config: the configuration of the name that it runs on, as it is now.
        config_created: when that was created; None where AWS does not say.
        models: what the models that it names stand for now; one that is missing or could not be read is absent.
        digests: the digest that an image's tag stands for now, by image; one that could not be read is absent.
    """

    endpoint: Endpoint
    config: EndpointConfig
    config_created: datetime | None = None
    models: Mapping[str, ModelIdentity] = field(default_factory=dict[str, ModelIdentity])
    digests: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class _Span:
    """When something happened at the earliest and at the latest; None where that is not known."""

    earliest: datetime | None
    latest: datetime | None

    def order(self, created: datetime | None) -> Literal["before", "after", "unknown"]:
        """Say whether something was created before or after it."""
        if created is None:
            return "unknown"
        if self.latest is not None and created > self.latest:
            return "after"
        return "before" if self.earliest is not None and created <= self.earliest else "unknown"


def find_doubts(deployment: Deployment) -> tuple[Doubt, ...]:
    """Return every reason not to trust the names that an endpoint was deployed with, the certain ones first."""
    doubts = [*_config_doubts(deployment)]
    for document in deployment.config.fields["ProductionVariants"]:
        variant = deployment.endpoint.variant(document["VariantName"])
        if variant is not None:
            doubts += _variant_doubts(deployment, variant, models_of_variant(document))
    return tuple(sorted(doubts, key=lambda doubt: not doubt.replaced))


def _config_doubts(deployment: Deployment) -> Iterator[Doubt]:
    endpoint, created = deployment.endpoint, deployment.config_created
    where = f"configuration {deployment.config.name}"
    spans = [_deployed(endpoint, variant) for variant in endpoint.variants]
    orders = {span.order(created) for span in spans}
    if "after" in orders and created is not None:
        latest = min(span.latest for span in spans if span.latest is not None)
        what = f"was created on {format_moment(created)}, after the endpoint was deployed with it ({format_moment(latest)})"
        yield Doubt(
            Finding.CONFIG_CREATED_LATER, where, f"{what}: its name may stand for other content than what serves"
        )
    elif "unknown" in orders:
        what = (
            "whether it is the one that the endpoint was deployed with is not known: AWS gives no time for one of both"
        )
        yield Doubt(Finding.CONFIG_AGE_UNKNOWN, where, what)


def _variant_doubts(deployment: Deployment, variant: LiveVariant, models: tuple[str, ...]) -> Iterator[Doubt]:
    span = _deployed(deployment.endpoint, variant)
    named = {name: deployment.models[name] for name in models if name in deployment.models}
    for name, model in named.items():
        yield from _age_doubts(name, model, variant, span)
        same = span.order(model.created) == "before"
        if not variant.images:
            yield from _unreported_doubts(name, model, variant, same=same)
        elif len(models) == 1:
            yield from _image_doubts(name, model, variant, same=same)
    if len(models) > 1 and len(named) == len(models):
        yield from _shared_image_doubts(named, variant)
    if models:
        yield from _tag_doubts(models[0], variant, deployment.digests)


def _age_doubts(name: str, model: ModelIdentity, variant: LiveVariant, span: _Span) -> Iterator[Doubt]:
    where, order = f"model {name}", span.order(model.created)
    if order == "after" and model.created is not None and span.latest is not None:
        deployed = f"after variant {variant.name} was deployed with it ({format_moment(span.latest)})"
        told = (
            f"was created on {format_moment(model.created)}, {deployed}: what it stands for now has never served there"
        )
        yield Doubt(Finding.MODEL_CREATED_LATER, where, told, variant.name, name)
    elif order == "unknown":
        what = f"whether it is the one that variant {variant.name} was deployed with is not known: AWS does not say when that was"
        yield Doubt(Finding.MODEL_AGE_UNKNOWN, where, what, variant.name, name)


def _unreported_doubts(name: str, model: ModelIdentity, variant: LiveVariant, *, same: bool) -> Iterator[Doubt]:
    """Say what is not known where AWS reports no deployed images. A model that is the same still has the same image, but for its tag."""
    if not same:
        what = "whether it names the image that serves is not known: AWS reports no deployed images"
        yield Doubt(Finding.IMAGE_UNKNOWN, f"model {name}", what, variant.name, name)
    for image in dict.fromkeys(each for each in model.images if same and each and not digest_of(each)):
        what = f"{image} is named by its tag, and AWS reports no deployed images; whether the tag still stands for what serves is not known"
        yield Doubt(Finding.TAG_UNKNOWN, f"model {name}", what, variant.name, name)


def _image_doubts(name: str, model: ModelIdentity, variant: LiveVariant, *, same: bool) -> Iterator[Doubt]:
    """Compare the images of a variant's only model with those that were deployed.

    AWS documents the first container's image. Those of further containers are compared where it gives as many images as there are. What
    cannot be compared is no doubt where the model is the ``same``: a model cannot be changed.
    """
    where, specified = f"model {name}", [image.specified for image in variant.images]
    complete = len(specified) == len(model.images)
    for number, image in enumerate(model.images):
        if image in specified:
            continue
        if image and (number == 0 or complete):
            what = f"names the image {image}; variant {variant.name} was deployed with {', '.join(dict.fromkeys(specified))}"
            yield Doubt(Finding.IMAGE_DIFFERS, where, what, variant.name, name)
        elif not same:
            why = "AWS reports no image of it" if image else "a model package names it"
            what = f"whether container {number + 1} runs the image that serves is not known: {why}"
            yield Doubt(Finding.IMAGE_UNKNOWN, where, what, variant.name, name)


def _shared_image_doubts(models: Mapping[str, ModelIdentity], variant: LiveVariant) -> Iterator[Doubt]:
    """Compare the images of all models of a variant's instance pools with those that were deployed: not every pool may run."""
    named = {image for model in models.values() for image in model.images}
    if "" in named:
        return
    first = next(iter(models))
    for image in dict.fromkeys(each.specified for each in variant.images if each.specified not in named):
        what = f"none of {', '.join(models)} names the image {image}, which variant {variant.name} was deployed with"
        yield Doubt(Finding.IMAGE_DIFFERS, f"model {first}", what, variant.name, first)


def _tag_doubts(model: str, variant: LiveVariant, digests: Mapping[str, str]) -> Iterator[Doubt]:
    for specified in dict.fromkeys(image.specified for image in variant.images):
        images = [image for image in variant.images if image.specified == specified]
        if images[0].by_tag:
            yield from _doubts_of_tag(model, variant, images, digests.get(specified, ""))


def _doubts_of_tag(model: str, variant: LiveVariant, images: list[DeployedImage], now: str) -> Iterator[Doubt]:
    tag, where = images[0].specified, f"model {model}"
    serving = tuple(dict.fromkeys(image.digest for image in images if image.digest))
    if len(serving) > 1:
        what = f"variant {variant.name} serves {tag} as {' and as '.join(serving)}: its instances differ"
        yield Doubt(Finding.IMAGES_MIXED, where, what, variant.name, model)
    if now and serving and now not in serving:
        what = f"{tag} is {now} now; variant {variant.name} serves it as {', '.join(serving)}"
        yield Doubt(Finding.TAG_MOVED, where, what, variant.name, model)
    elif not now or not serving:
        served = f", which serves as {', '.join(serving)}," if serving else ""
        what = f"{tag}{served} is named by its tag; whether the tag still stands for that is not known"
        yield Doubt(Finding.TAG_UNKNOWN, where, what, variant.name, model)


def _deployed(endpoint: Endpoint, variant: LiveVariant) -> _Span:
    """Return when a variant was deployed: when its images were looked up, or between the endpoint's creation and its last change."""
    times = [image.resolved_at for image in variant.images]
    known = [moment for moment in times if moment is not None]
    if not known:
        return _Span(endpoint.created, endpoint.modified)
    first = min(known)
    return _Span(first if len(known) == len(times) else endpoint.created, first)


def images_of(variants: tuple[LiveVariant, ...]) -> tuple[str, ...]:
    """Return the images that variants were deployed with by a tag, each once: those whose present digest is worth asking for."""
    return tuple(dict.fromkeys(image.specified for variant in variants for image in variant.images if image.by_tag))
