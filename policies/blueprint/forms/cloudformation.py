"""CloudFormation's templates, in YAML and JSON: those of SAM and of ``cdk synth`` among them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.blueprint.declared import Declared
from policies.blueprint.document import Path, as_mapping
from policies.blueprint.forms.declaring import Part, declare
from policies.blueprint.forms.intrinsics import is_function, make_resolve
from policies.blueprint.forms.translation import Translation
from policies.blueprint.shapes import Shapes
from policies.errors import Problem

FORM: Final = "a CloudFormation template"
CONFIG_TYPE: Final = "AWS::SageMaker::EndpointConfig"
_MODEL_TYPE: Final = "AWS::SageMaker::Model"
_LONGEST_NAME: Final = 63


def is_template(document: Mapping[str, Any]) -> bool:
    """Whether a document is a template."""
    typed = any("Type" in as_mapping(each) for each in as_mapping(document.get("Resources")).values())
    return typed or "AWSTemplateFormatVersion" in document


def read_template(document: Mapping[str, Any], at: Path, shapes: Shapes) -> Iterator[Declared | Problem]:
    """Yield each endpoint configuration of a template, with the models that the template holds.

    Args:
        document: the template.
        at: where in the file it is.
        shapes: the shapes of SageMaker's requests.
    """
    resources = {str(key): as_mapping(each) for key, each in as_mapping(document.get("Resources")).items()}
    names = _model_names(resources)
    below = (*at, "Resources")
    for resource, content in resources.items():
        if content.get("Type") == CONFIG_TYPE:
            translation = Translation(shapes, resolve=make_resolve(names), loose=True)
            config = Part(resource, content.get("Properties", {}), (*below, resource, "Properties"))
            models = [
                Part(name, resources[key].get("Properties", {}), (*below, key, "Properties"))
                for key, name in names.items()
            ]
            yield declare(FORM, translation, config, models)


def _model_names(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of the template's models; one that CloudFormation makes up is called by its logical id."""
    names: dict[str, str] = {}
    for key, content in resources.items():
        if content.get("Type") == _MODEL_TYPE:
            given = as_mapping(content.get("Properties")).get("ModelName")
            name = key if given is None or is_function(given) else str(given)
            if len(name) <= _LONGEST_NAME or given is not None:
                names[key] = name
    return names
