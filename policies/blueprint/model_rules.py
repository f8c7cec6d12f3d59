"""What SageMaker asks of several members of a model together, and of a model and its variant, which no shape says."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from policies.blueprint.config_rules import is_serverless, publish_frequency
from policies.blueprint.document import Section, Unresolved
from policies.blueprint.faults import Fault, Found, Wrong, apply

_ENVIRONMENT_ENTRY_BYTES: Final = 1024
_ENVIRONMENT_BYTES: Final = 32 * 1024
_REMOVE: Final = "remove it"
_NOT_SERVERLESS: Final = "is not possible with serverless variants"


def find_model_faults(models: Mapping[str, Section], config: Section) -> Iterator[Found]:
    """Yield what is wrong with each model as a whole, and with the models of serverless and of shadowed variants."""
    for name, model in models.items():
        for fault, rule in _RULES:
            yield from apply(fault, partial(rule, model))
        yield from apply(Fault.SERVERLESS_KIND, partial(_serverless, name, model, config))
        yield from apply(Fault.SHADOW_KIND, partial(_shadowed, name, model, config))


def containers(model: Section) -> tuple[Section, ...]:
    """Return the containers of a model."""
    primary = (model.section("PrimaryContainer"),) if model.has("PrimaryContainer") else ()
    return (*primary, *model.items("Containers"))


def models_of(variant: Section) -> Iterator[str]:
    """Yield the names of the models that a variant serves."""
    yield variant.text("ModelName")
    yield from (pool.text("ModelNameOverride") for pool in variant.items("InstancePools"))


def _one_way(model: Section) -> Iterator[Wrong]:
    given = [member for member in ("PrimaryContainer", "Containers") if model.has(member) and model.get(member) != []]
    if len(given) != 1:
        what = "has both PrimaryContainer and Containers" if given else "has no container"
        yield model.path, what, "give PrimaryContainer or, for a pipeline, Containers"


def _images(model: Section) -> Iterator[Wrong]:
    for container in containers(model):
        if not container.has("Image") and not container.has("ModelPackageName"):
            yield container.path, "has neither Image nor ModelPackageName", "give one"


def _artifacts(model: Section) -> Iterator[Wrong]:
    for container in containers(model):
        if container.has("ModelDataUrl") and container.has("ModelDataSource"):
            yield container.path, "has both ModelDataUrl and ModelDataSource", "keep one"


def _registry(model: Section) -> Iterator[Wrong]:
    for container in containers(model):
        image = container.section("ImageConfig")
        if image.text("RepositoryAccessMode") == "Vpc" and not model.has("VpcConfig"):
            what = "is Vpc, and the model has no VpcConfig"
            yield image.at("RepositoryAccessMode"), what, "give it a VpcConfig, or write Platform"


def _contradictions(model: Section) -> Iterator[Wrong]:
    if model.has("InferenceExecutionConfig") and model.has("PrimaryContainer"):
        what = "says how several Containers are called; this model has one"
        yield model.at("InferenceExecutionConfig"), what, _REMOVE
    hostnames = [container.has("ContainerHostname") for container in containers(model)]
    if any(hostnames) and not all(hostnames):
        yield model.at("Containers"), "some have a ContainerHostname and some have none", "name all, or none"


def _frequencies(model: Section) -> Iterator[Wrong]:
    for container in containers(model):
        for endpoint in container.section("ContainerMetricsConfig").items("MetricsEndpoints"):
            yield from publish_frequency(endpoint)


def _environments(model: Section) -> Iterator[Wrong]:
    """Yield where environments are too large in bytes. Their values are nobody's business and not shown."""
    total = 0
    for container in containers(model):
        environment = container.section("Environment")
        for name, value in environment.members.items():
            text = "" if isinstance(value, Unresolved) else str(value)
            sizes = [len(part.encode("utf-8", "surrogatepass")) for part in (str(name), text)]
            total += sum(sizes)
            if max(sizes) > _ENVIRONMENT_ENTRY_BYTES >= max(len(str(name)), len(text)):
                what = f"has {max(sizes)} bytes; at most {_ENVIRONMENT_ENTRY_BYTES}"
                yield environment.at(name), what, ""
    if total > _ENVIRONMENT_BYTES:
        what = f"the environments of all containers have {total} bytes together; at most {_ENVIRONMENT_BYTES}"
        yield model.path, what, ""


def _serverless(name: str, model: Section, config: Section) -> Iterator[Wrong]:
    variants = config.items("ProductionVariants")
    if not any(variant.has("ServerlessConfig") and variant.text("ModelName") == name for variant in variants):
        return
    for container in containers(model):
        if container.has("ModelDataSource"):
            yield container.at("ModelDataSource"), _NOT_SERVERLESS, "give ModelDataUrl"
        if container.text("Mode") == "MultiModel":
            yield container.at("Mode"), "serverless variants host one model", "write SingleModel"
    if len(model.values("Containers")) > 1:
        yield model.at("Containers"), "serverless variants have one container", "keep one"
    if model.has("VpcConfig"):
        yield model.at("VpcConfig"), _NOT_SERVERLESS, _REMOVE
    if model.get("EnableNetworkIsolation") is True:
        yield model.at("EnableNetworkIsolation"), _NOT_SERVERLESS, _REMOVE


def _shadowed(name: str, model: Section, config: Section) -> Iterator[Wrong]:
    shadows = config.items("ShadowProductionVariants")
    used = {used for variant in (*config.items("ProductionVariants"), *shadows) for used in models_of(variant)}
    if not shadows or name not in used or is_serverless(config):
        return
    own = containers(model)
    if len(own) > 1 or any(container.text("Mode") == "MultiModel" for container in own):
        yield model.path, "has several containers or several models, and there is a shadow", "remove the shadow"


_Rule = Callable[[Section], Iterator[Wrong]]
_RULES: Final[tuple[tuple[Fault, _Rule], ...]] = (
    (Fault.CONTAINERS, _one_way),
    (Fault.IMAGE, _images),
    (Fault.ARTIFACTS, _artifacts),
    (Fault.REGISTRY, _registry),
    (Fault.CONTRADICTION, _contradictions),
    (Fault.VALUE, _frequencies),
    (Fault.VALUE, _environments),
)
