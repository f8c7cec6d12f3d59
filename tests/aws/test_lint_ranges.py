"""The linter's table of documented ranges says what the service's published model says."""

from collections.abc import Mapping

import pytest
from botocore.model import ListShape, Shape, StructureShape

from policies.lint.names import MODEL_NAME, NAME
from policies.lint.ranges import CONFIG, FLAG, INT, LIST, MAP, MODEL, NUMBER, TEXT, Range
from rollway.aws.session import Aws

KINDS = {
    "integer": INT,
    "float": NUMBER,
    "list": LIST,
    "string": TEXT,
    "boolean": FLAG,
    "map": MAP,
    "structure": MAP,
}
ONLY_IN_PROSE = {"MetricsConfig.MetricPublishFrequencyInSeconds", "ProductionVariants", "ShadowProductionVariants"}
"""Choices that the model tells in words alone; and lists whose length is a rule of its own."""


def find_shape(shape: Shape | None, member: str) -> Shape:
    """The shape that a pattern of members leads to."""
    for part in member.replace("[]", ".[]").split("."):
        if part == "[]":
            assert isinstance(shape, ListShape)
            shape = shape.member
        else:
            assert isinstance(shape, StructureShape), member
            shape = shape.members[part]
    assert shape is not None
    return shape


@pytest.mark.parametrize(("operation", "table"), [("CreateEndpointConfig", CONFIG), ("CreateModel", MODEL)])
def test_ranges_are_those_of_the_api(aws: Aws, operation: str, table: Mapping[str, Range]) -> None:
    """Every member has the kind and the bounds that botocore's model of the API gives it."""
    request = aws.sagemaker.meta.service_model.operation_model(operation).input_shape
    for member, allowed in table.items():
        shape = find_shape(request, member)
        limits = shape.metadata
        assert KINDS[shape.type_name] == allowed.kind, member
        named = allowed == Range(TEXT)  # names and enumerations, which have rules of their own
        if member not in ONLY_IN_PROSE and not named:
            assert (limits.get("min", 0), limits.get("max")) == (allowed.least, allowed.most), member


def test_patterns_are_those_of_the_api(aws: Aws) -> None:
    """Names are judged by the patterns that the API publishes."""
    request = aws.sagemaker.meta.service_model.operation_model("CreateEndpointConfig").input_shape

    assert find_shape(request, "EndpointConfigName").metadata["pattern"] == NAME.pattern
    assert find_shape(request, "ProductionVariants[].VariantName").metadata["pattern"] == NAME.pattern
    assert find_shape(request, "ProductionVariants[].ModelName").metadata["pattern"] == MODEL_NAME.pattern
