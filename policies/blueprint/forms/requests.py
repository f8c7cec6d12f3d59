"""Requests and answers of SageMaker's own API: what the CLI and boto3 take and give."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.blueprint.declared import MODELS, Declared
from policies.blueprint.defaults import leave_out_echoes
from policies.blueprint.document import Path, as_list, as_mapping, format_path
from policies.blueprint.forms.declaring import Part, declare
from policies.blueprint.forms.intrinsics import make_resolve
from policies.blueprint.forms.step_functions import open_expression
from policies.blueprint.forms.translation import Translation
from policies.blueprint.model import Document
from policies.blueprint.shapes import Shapes
from policies.errors import Problem

REQUEST: Final = "a CreateEndpointConfig request"
ANSWER: Final = "an answer of DescribeEndpointConfig"
_ONLY_ANSWERED: Final = frozenset(
    {"EndpointConfigArn", "ModelArn", "CreationTime", "DeploymentRecommendation", "ResponseMetadata"}
)


def is_answer(document: Mapping[str, Any]) -> bool:
    """Whether a document is an answer rather than a request."""
    return bool(document.keys() & {"EndpointConfigArn", "ModelArn", "ResponseMetadata"})


def as_requested(answer: Mapping[str, Any]) -> Document:
    """Return what an answer says as the request that would create it again."""
    return leave_out_echoes({name: value for name, value in answer.items() if name not in _ONLY_ANSWERED})


def read_request(document: Mapping[str, Any], at: Path, shapes: Shapes) -> Iterator[Declared | Problem]:
    """Yield the configuration that a request or an answer holds, with the models that stand under ``Models`` beside it."""
    answered = is_answer(document)
    given = {name: value for name, value in document.items() if name != MODELS}
    config = Part("", as_requested(given) if answered else given, at)
    models, problems = _models(document, at)
    yield from problems
    yield declare(ANSWER if answered else REQUEST, Translation(shapes, resolve=_resolve), config, models)


def _models(document: Mapping[str, Any], at: Path) -> tuple[list[Part], list[Problem]]:
    """Return the models that stand beside a configuration, and what is wrong with how they do."""
    models: dict[str, Part] = {}
    problems: list[Problem] = []
    if MODELS in document and not isinstance(document[MODELS], list):
        problems.append(Problem(format_path((*at, MODELS)), "is not a list", "write a list of CreateModel requests"))
    for position, each in enumerate(map(as_mapping, as_list(document.get(MODELS)))):
        name, origin = each.get("ModelName"), (*at, MODELS, position)
        if not isinstance(name, str) or name in models:
            what = f"{name} is there already" if isinstance(name, str) else "has no ModelName"
            problems.append(Problem(format_path(origin), what, "give each model a ModelName of its own"))
            continue
        models[name] = Part(name, as_requested(each) if is_answer(each) else each, origin)
    return list(models.values()), problems


_functions: Final = make_resolve({})


def _resolve(value: object) -> object:
    return open_expression(_functions(value))
