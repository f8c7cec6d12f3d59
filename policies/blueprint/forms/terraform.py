"""What ``terraform show -json`` writes of a plan or a state: SageMaker's members in snake_case, structures as lists of one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policies.blueprint.declared import Declared
from policies.blueprint.document import Path, Unresolved, as_list, as_mapping
from policies.blueprint.forms.declaring import Part, declare
from policies.blueprint.forms.translation import Translation
from policies.blueprint.model import Document
from policies.blueprint.shapes import Shape, Shapes
from policies.errors import Problem

FORM: Final = "what `terraform show -json` writes"
CONFIG_TYPE: Final = "aws_sagemaker_endpoint_configuration"
_MODEL_TYPE: Final = "aws_sagemaker_model"
_OWN: Final = frozenset({"arn", "id", "region", "name_prefix", "tags_all", "timeouts"})
"""Attributes that are Terraform's and no members of the request."""
_RENAMED: Final = {"kms_key_arn": "kms_key_id", "container": "containers"}
_UNKNOWN: Final = Unresolved("known only after `terraform apply`", optional=True)


def is_shown(document: Mapping[str, Any]) -> bool:
    """Whether a document is a plan or a state as Terraform shows it."""
    return "format_version" in document and bool({"planned_values", "values", "resource_changes"} & document.keys())


def read_shown(document: Mapping[str, Any], at: Path, shapes: Shapes) -> Iterator[Declared | Problem]:
    """Yield each endpoint configuration of a plan or a state, with the models of the same plan or state."""
    key = "planned_values" if "planned_values" in document else "values"
    unknown = {
        str(each.get("address")): as_mapping(each.get("change")).get("after_unknown")
        for each in map(as_mapping, as_list(document.get("resource_changes")))
    }
    resources = list(
        _resources(as_mapping(as_mapping(document.get(key)).get("root_module")), (*at, key, "root_module"))
    )
    models = [
        Part(name, _members(each, unknown, "model_name"), (*where, "values"))
        for where, each in resources
        if each.get("type") == _MODEL_TYPE and isinstance(name := as_mapping(each.get("values")).get("name"), str)
    ]
    for where, each in resources:
        if each.get("type") != CONFIG_TYPE or each.get("mode") == "data":
            continue
        name = str(each.get("address"))
        config = Part(name, _members(each, unknown, "endpoint_config_name"), (*where, "values"))
        yield declare(FORM, _translation(shapes), config, models)


def _translation(shapes: Shapes) -> Translation:
    return Translation(shapes, spell=str.lower, read=lambda key: key.replace("_", ""), blocks=True, drop=_is_unset)


def _resources(module: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the resources of a module and of those below it."""
    for position, each in enumerate(as_list(module.get("resources"))):
        yield (*at, "resources", position), as_mapping(each)
    for position, child in enumerate(as_list(module.get("child_modules"))):
        yield from _resources(as_mapping(child), (*at, "child_modules", position))


def _members(resource: Mapping[str, Any], unknown: Mapping[Any, Any], named: str) -> Document:
    """Return a resource's attributes under the names of the request's members, in snake_case; ``named`` is the one for its name."""
    merged = _merge(as_mapping(resource.get("values")), unknown.get(str(resource.get("address"))))
    values: Document = dict(as_mapping(merged))
    return {
        named if key == "name" else _RENAMED.get(key) or key: _list_tags(value) if key == "tags" else value
        for key, value in values.items()
        if key not in _OWN and value is not None
    }


def _list_tags(value: object) -> object:
    """Return tags as a request has them."""
    listed = [{"key": key, "value": item} for key, item in as_mapping(value).items()]
    return listed if isinstance(value, Mapping) else value


def _merge(value: Any, unknown: Any) -> Any:  # noqa: ANN401 - trees of anything
    """Return what a plan says, with what it does not know yet left open."""
    if unknown is True:
        return _UNKNOWN
    if isinstance(unknown, Mapping) and isinstance(value, Mapping | None):
        known, opened = as_mapping(cast("object", value)), as_mapping(cast("object", unknown))
        return {key: _merge(known.get(key), opened.get(key)) for key in {**known, **opened}}
    if isinstance(unknown, list) and isinstance(value, list | None):
        given, open_ = as_list(cast("object", value)), as_list(cast("object", unknown))
        length = max(len(given), len(open_))
        pairs = (
            (each[position] if position < len(each) else None for each in (given, open_)) for position in range(length)
        )
        return [_merge(*pair) for pair in pairs]
    return value


def _is_unset(shape: Shape, value: object) -> bool:
    """Whether a value is how Terraform's provider stores an attribute that was not set: a zero outside the documented range."""
    if value is None or value in ("", []):
        return True
    zero = value == 0 and not isinstance(value, bool)
    return zero and shape.minimum is not None and shape.minimum > 0
