"""What SageMaker asks of several members of a model together, and of a model and its variant, which no shape says."""

from collections.abc import Iterator
from typing import Final

from policies.blueprint.config_rules import publish_frequency
from policies.blueprint.reading import Members, items, members, named
from policies.errors import Problem

_ENVIRONMENT_ENTRY_BYTES: Final = 1024
_ENVIRONMENT_BYTES: Final = 32 * 1024


def model_problems(models: Members, config: Members, path: str = "models") -> Iterator[Problem]:
    """Yield what is wrong with each model as a whole, and with models of serverless variants."""
    variants = items(config.get("ProductionVariants"))
    serverless = {variant.get("ModelName") for variant in variants if "ServerlessConfig" in variant}
    for name, model in named(models).items():
        yield from _in_model(model, f"{path}.{name}")
        if name in serverless:
            yield from _serverless(model, f"{path}.{name}")


def _in_model(model: Members, path: str) -> Iterator[Problem]:
    containers = _containers(model, path)
    if ("PrimaryContainer" in model) == ("Containers" in model):
        what = "has both PrimaryContainer and Containers" if "Containers" in model else "has no container"
        yield Problem(path, what, "give PrimaryContainer or, for a pipeline, Containers")
    for where, container in containers.items():
        yield from _in_container(container, where)
    yield from _environments(containers, path)
    if "InferenceExecutionConfig" in model and "PrimaryContainer" in model:
        where = f"{path}.InferenceExecutionConfig"
        yield Problem(where, "says how several Containers are called; this model has one", "remove it")
    hostnames = ["ContainerHostname" in container for container in containers.values()]
    if any(hostnames) and not all(hostnames):
        yield Problem(f"{path}.Containers", "some have a ContainerHostname and some have none", "name all, or none")


def _containers(model: Members, path: str) -> dict[str, Members]:
    """Return the containers of a model, each by its path."""
    listed = enumerate(items(model.get("Containers")))
    several = {f"{path}.Containers[{position}]": container for position, container in listed}
    primary = model.get("PrimaryContainer")
    return several if primary is None else {f"{path}.PrimaryContainer": members(primary), **several}


def _in_container(container: Members, path: str) -> Iterator[Problem]:
    if "Image" not in container and "ModelPackageName" not in container:
        yield Problem(path, "has neither Image nor ModelPackageName", "give one")
    if "ModelDataUrl" in container and "ModelDataSource" in container:
        yield Problem(path, "has both ModelDataUrl and ModelDataSource", "keep one")
    metrics = members(container.get("ContainerMetricsConfig"))
    for position, endpoint in enumerate(items(metrics.get("MetricsEndpoints"))):
        yield from publish_frequency(endpoint, f"{path}.ContainerMetricsConfig.MetricsEndpoints[{position}]")


def _environments(containers: dict[str, Members], path: str) -> Iterator[Problem]:
    """Yield where environments are too large in bytes. Their values are nobody's business and not shown."""
    total = 0
    for where, container in containers.items():
        for name, value in members(container.get("Environment")).items():
            sizes = [len(str(part).encode()) for part in (name, value)]
            total += sum(sizes)
            beyond = isinstance(value, str) and max(sizes) > _ENVIRONMENT_ENTRY_BYTES
            if beyond and max(len(name), len(value)) <= _ENVIRONMENT_ENTRY_BYTES:
                what = f"has {max(sizes)} bytes; at most {_ENVIRONMENT_ENTRY_BYTES}"
                yield Problem(f"{where}.Environment.{name}", what)
    if total > _ENVIRONMENT_BYTES:
        what = f"the environments of all containers have {total} bytes together; at most {_ENVIRONMENT_BYTES}"
        yield Problem(path, what)


def _serverless(model: Members, path: str) -> Iterator[Problem]:
    for where, container in _containers(model, path).items():
        if "ModelDataSource" in container:
            what = "is not possible with serverless variants"
            yield Problem(f"{where}.ModelDataSource", what, "give ModelDataUrl")
        if container.get("Mode") == "MultiModel":
            yield Problem(f"{where}.Mode", "serverless variants host one model", "write SingleModel")
    if len(items(model.get("Containers"))) > 1:
        yield Problem(f"{path}.Containers", "serverless variants have one container")
    if "VpcConfig" in model:
        yield Problem(f"{path}.VpcConfig", "is not possible with serverless variants", "remove it")
    if model.get("EnableNetworkIsolation") is True:
        yield Problem(f"{path}.EnableNetworkIsolation", "is not possible with serverless variants", "remove it")
