"""Endpoint configurations and models at random, made from botocore's own shapes, and every single way to break them.

The limits are read here anew, so that what checks them is not its own oracle. What no shape says, SageMaker's rules about several members
together, is seen to where a variant and a configuration are put together.
"""

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import strategies as st

Location = tuple[str | int, ...]
Breach = tuple[Location, str, Any]
"""Where, what is done there (``put`` or ``remove``), and the value that is put."""

NAME = r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,30}"
FREQUENCIES = (10, 30, 60, 120, 180, 240, 300)
_HARD = {
    # Java's character classes, and what SageMaker knows more about than its pattern.
    "TagKey": st.text("abcXYZ019_.:/=+-@ ", min_size=1, max_size=128).filter(lambda key: not key.startswith("aws:")),
    "TagValue": st.text("abcXYZ019_.:/=+-@ äß", max_size=256),
    "EnvironmentValue": st.text(max_size=64),
}
_LONGEST_LIST = 3


@cache
def request_shape(operation: str) -> StructureShape:
    """Return botocore's shape of an operation's parameters."""
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """Draw what a shape allows."""
    limits: dict[str, Any] = shape.metadata
    match shape:
        case StructureShape():
            return structures(shape)
        case ListShape():
            most = min(limits.get("max", _LONGEST_LIST), _LONGEST_LIST)
            return st.lists(values(shape.member), min_size=limits.get("min", 0), max_size=most)
        case MapShape():
            return st.dictionaries(values(shape.key), values(shape.value), max_size=_LONGEST_LIST)
        case Shape(type_name="string"):
            return _texts(shape)
        case _:
            return _numbers(shape)


def structures(shape: StructureShape, without: frozenset[str] = frozenset()) -> st.SearchStrategy[dict[str, Any]]:
    """Draw what a structure allows, some members left out."""
    given = {name: member for name, member in shape.members.items() if name not in without}
    needed = {name: values(member) for name, member in given.items() if name in shape.required_members}
    optional = {name: values(member) for name, member in given.items() if name not in needed}
    return st.fixed_dictionaries(needed, optional=optional)


def _numbers(shape: Shape) -> st.SearchStrategy[Any]:
    limits: dict[str, Any] = shape.metadata
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name in {"integer", "long"}:
        return st.integers(limits.get("min", -100), limits.get("max", 10_000))
    return st.floats(limits.get("min", -100), limits.get("max", 1000), width=32)


@cache
def _texts(shape: Shape) -> st.SearchStrategy[str]:
    limits: dict[str, Any] = shape.metadata
    least, most = limits.get("min", 0), limits.get("max", 1000)
    if limits.get("enum"):
        return st.sampled_from(limits["enum"])
    if shape.name in _HARD:
        return _HARD[shape.name]
    if "pattern" in limits:
        pattern = re.compile(limits["pattern"], re.ASCII)
        return st.from_regex(pattern, fullmatch=True).filter(lambda text: least <= len(text) <= most)
    return st.text(min_size=least, max_size=min(most, 64))


@st.composite
def variants(draw: st.DrawFn, name: str, *, capacity: str) -> dict[str, Any]:
    """Draw a production variant that runs on ``InstanceType``, ``InstancePools`` or ``ServerlessConfig``."""
    shape = request_shape("CreateEndpointConfig").members["ProductionVariants"].member
    assert isinstance(shape, StructureShape)
    handled = frozenset(
        {
            "VariantName",
            "ModelName",
            "InitialInstanceCount",
            "InstanceType",
            "InstancePools",
            "ServerlessConfig",
            "ManagedInstanceScaling",
            "RoutingConfig",
            "AcceleratorPartitionLayouts",
        }
    )
    variant = draw(structures(shape, handled))
    variant |= {"VariantName": name, "ModelName": draw(st.from_regex(NAME, fullmatch=True))}
    variant |= {capacity: draw(values(shape.members[capacity]))}
    if capacity == "ServerlessConfig":
        most = draw(st.integers(1, 200))
        memory = {"MemorySizeInMB": 1024 * draw(st.integers(1, 6)), "MaxConcurrency": most}
        provisioned = draw(st.none() | st.integers(1, most))
        variant.pop("AcceleratorType", None)
        return variant | {capacity: memory | ({"ProvisionedConcurrency": provisioned} if provisioned else {})}
    routing = draw(st.sampled_from([None, "RANDOM", "LEAST_OUTSTANDING_REQUESTS", "KV_AWARE", "PREFIX_AWARE"]))
    if routing:
        variant["RoutingConfig"] = {"RoutingStrategy": routing}
    if routing == "PREFIX_AWARE":
        prefix = {"PrefixLength": draw(st.integers(1024, 65536)), "ConcurrencyThreshold": draw(st.integers(1, 1024))}
        variant["RoutingConfig"]["PrefixAwareRoutingConfig"] = prefix
    if draw(st.booleans()):
        variant["AcceleratorPartitionLayouts"] = [{"AcceleratorPartitionTypes": ["mig-3g.40gb", "mig-4g.40gb"]}]
    return variant | {"InitialInstanceCount": draw(st.integers(1, 50))}


@st.composite
def configs(draw: st.DrawFn, *, kinds: tuple[str, ...] = ("plain", "async", "shadow", "serverless")) -> dict[str, Any]:
    """Draw the members of a ``CreateEndpointConfig`` request, without its name and tags, that SageMaker allows.

    Args:
        draw: Hypothesis's.
        kinds: ``plain`` for instances, ``async``, ``shadow`` for one variant with a shadow, ``serverless``.
    """
    shape, kind = request_shape("CreateEndpointConfig"), draw(st.sampled_from(kinds))
    handled = {"EndpointConfigName", "Tags", "ProductionVariants", "ShadowProductionVariants", "AsyncInferenceConfig"}
    barred = {"DataCaptureConfig", "VpcConfig", "EnableNetworkIsolation"} if kind == "serverless" else set()
    crossing = set() if kind in {"plain", "shadow"} else {"CrossRegionTrafficConfig"}
    config = draw(structures(shape, frozenset(handled | barred | crossing)))
    if "MetricPublishFrequencyInSeconds" in config.get("MetricsConfig", {}):
        config["MetricsConfig"]["MetricPublishFrequencyInSeconds"] = draw(st.sampled_from(FREQUENCIES))
    alone = kind in {"shadow", "serverless"}
    names = draw(st.lists(st.from_regex(NAME, fullmatch=True), min_size=1, max_size=1 if alone else 3, unique=True))
    capacities = ["ServerlessConfig"] if kind == "serverless" else ["InstanceType", "InstancePools"]
    drawn = [draw(variants(name, capacity=draw(st.sampled_from(capacities)))) for name in names]
    if all(variant.get("InitialVariantWeight", 1.0) == 0 for variant in drawn):
        drawn[0]["InitialVariantWeight"] = 1.0
    config["ProductionVariants"] = drawn
    if kind == "shadow":
        config["ShadowProductionVariants"] = [draw(variants(f"{names[0]}-shadow", capacity="InstanceType"))]
        for each in (*drawn, *config["ShadowProductionVariants"]):
            _make_shadowable(each)
    if kind == "async":
        config["AsyncInferenceConfig"] = draw(values(shape.members["AsyncInferenceConfig"]))
    return config


def _make_shadowable(variant: dict[str, Any]) -> None:
    """Take away what neither shadows nor is shadowed: Elastic Inference, and Inferentia 1."""
    variant.pop("AcceleratorType", None)
    for holder in (variant, *variant.get("InstancePools", [])):
        if holder.get("InstanceType", "").startswith("ml.inf1."):
            holder["InstanceType"] = "ml.m5.large"


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the members of a ``CreateModel`` request, without its name, that SageMaker allows."""
    shape = request_shape("CreateModel")
    handled = frozenset({"ModelName", "PrimaryContainer", "Containers", "InferenceExecutionConfig", "Tags"})
    model, several = draw(structures(shape, handled)), draw(st.booleans())
    container = shape.members["PrimaryContainer"]
    assert isinstance(container, StructureShape)
    sources = frozenset({"ModelDataUrl", "ModelDataSource", "Image", "ContainerHostname", "ContainerMetricsConfig"})
    made = [
        draw(structures(container, sources)) | {"Image": "registry/image:1", "ModelDataUrl": f"s3://models/{number}"}
        for number in range(draw(st.integers(1, 3)) if several else 1)
    ]
    for each in made:
        if "VpcConfig" not in model and "RepositoryAccessMode" in each.get("ImageConfig", {}):
            each["ImageConfig"]["RepositoryAccessMode"] = "Platform"
    return model | ({"Containers": made} if several else {"PrimaryContainer": made[0]})


def breaches(shape: Shape, value: Any, at: Location = ()) -> Iterator[Breach]:
    """Yield every way in which one limit of a valid document can be broken, that it stays within all others."""
    yield at, "put", 5 if shape.type_name in {"string", "structure", "map"} else "no such type"
    yield from _breaches_here(shape, value, at)
    match shape:
        case StructureShape():
            for name in value:
                yield from breaches(shape.members[name], value[name], (*at, name))
        case ListShape():
            for position, item in enumerate(value):
                yield from breaches(shape.member, item, (*at, position))
        case MapShape():
            for key, item in value.items():
                yield from breaches(shape.value, item, (*at, key))
        case _:
            pass


def _breaches_here(shape: Shape, value: Any, at: Location) -> Iterator[Breach]:
    limits: dict[str, Any] = shape.metadata
    match shape:
        case StructureShape():
            yield (*at, "Nonsense"), "put", "x"
            yield from (((*at, name), "remove", None) for name in shape.required_members if name in value)
        case ListShape():
            if limits.get("min", 0) > 0:
                yield at, "put", []
            if value and "max" in limits:
                yield at, "put", [value[0]] * (limits["max"] + 1)
        case Shape(type_name="string"):
            yield from _text_breaches(limits, at)
        case Shape(type_name="integer" | "long" | "float" | "double"):
            yield from ((at, "put", limits[end] + step) for end, step in (("min", -1), ("max", 1)) if end in limits)
        case _:
            pass


def _text_breaches(limits: dict[str, Any], at: Location) -> Iterator[Breach]:
    if "max" in limits:
        yield at, "put", "a" * (limits["max"] + 1)
    if limits.get("min", 0) > 0:
        yield at, "put", ""
    if limits.get("enum"):
        yield at, "put", "no-such-choice"
    wrong = "\x00 no such thing \x00"
    least, most = limits.get("min", 0), limits.get("max", 1000)
    pattern = limits.get("pattern")
    if pattern and r"\p" not in pattern and least <= len(wrong) <= most and not re.fullmatch(pattern, wrong):
        yield at, "put", wrong


def broken(document: dict[str, Any], breach: Breach) -> dict[str, Any]:
    """Return a copy of a document with one limit broken."""
    location, what, value = breach
    fresh = copy.deepcopy(document)
    if not location:
        return value
    inner: Any = fresh
    for step in location[:-1]:
        inner = inner[step]
    if what == "remove":
        del inner[location[-1]]
    else:
        inner[location[-1]] = value
    return fresh


def write_path(location: Location, above: str = "") -> str:
    """Return a location as a problem names it: ``config.ProductionVariants[0].ModelName``."""
    path = above
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "(top level)"
