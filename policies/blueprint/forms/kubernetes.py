"""Objects of AWS Controllers for Kubernetes (ACK): SageMaker's members in camelCase, under ``spec``."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.blueprint.declared import Declared
from policies.blueprint.document import Path, Unresolved, as_list, as_mapping
from policies.blueprint.forms.declaring import Part, declare
from policies.blueprint.forms.translation import Translation
from policies.blueprint.shapes import Shapes
from policies.errors import Problem

FORM: Final = "an object of AWS Controllers for Kubernetes"
GROUP: Final = "sagemaker.services.k8s.aws"
_REFERENCES: Final = {"modelRef": "modelName", "kmsKeyRef": "kmsKeyID", "executionRoleRef": "executionRoleARN"}
Placed = tuple[Path, Mapping[str, Any]]
"""A document of a file, with where in the file it is."""


def is_object(document: Mapping[str, Any]) -> bool:
    """Whether a document is an object of Kubernetes, whatever its kind."""
    return "apiVersion" in document and "kind" in document


def list_objects(documents: list[Placed]) -> Iterator[Placed]:
    """Yield the objects, those in lists as ``kubectl get -o yaml`` writes them among them."""
    for at, document in documents:
        if str(document.get("kind")).endswith("List") and isinstance(document.get("items"), list):
            for position, item in enumerate(as_list(document["items"])):
                yield (*at, "items", position), as_mapping(item)
        else:
            yield at, document


def read_objects(documents: list[Placed], shapes: Shapes) -> Iterator[Declared | Problem]:
    """Yield each endpoint configuration among objects, with the models among them."""
    objects = [each for each in list_objects(documents) if str(each[1].get("apiVersion")).startswith(f"{GROUP}/")]
    models = [
        Part(name, each["spec"], (*place, "spec"))
        for place, each in objects
        if each.get("kind") == "Model" and isinstance(name := as_mapping(each.get("spec")).get("modelName"), str)
    ]
    for at, document in objects:
        if document.get("kind") != "EndpointConfig":
            continue
        name = as_mapping(document.get("metadata")).get("name") or as_mapping(document.get("spec")).get(
            "endpointConfigName"
        )
        translation = Translation(shapes, spell=str.lower, read=_read, resolve=_resolve)
        yield declare(FORM, translation, Part(str(name or ""), document.get("spec"), (*at, "spec")), models)


def _read(key: str) -> str:
    """Spell a member for comparison: ``destinationS3URI``, not ``DestinationS3Uri``, which Kubernetes would not know."""
    return key if key[:1].isupper() else key.lower()


def _resolve(value: object) -> object:
    """Return a structure with its references to other objects as what they stand for, left open."""
    given = as_mapping(value)
    if not _REFERENCES.keys() & given.keys():
        return value
    opened = {_REFERENCES[key]: Unresolved(f"the {key} of another object") for key in given if key in _REFERENCES}
    return {key: item for key, item in given.items() if key not in _REFERENCES} | opened
