"""Which form a document has: read, or refused by its name with a way to a form that is read."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from policies.blueprint.declared import MODELS, Declared
from policies.blueprint.document import Path, as_list, as_mapping, format_path
from policies.blueprint.forms import blueprints, cloudformation, kubernetes, requests, step_functions, terraform
from policies.blueprint.forms.kubernetes import Placed
from policies.blueprint.forms.named import BINARIES, DOCUMENTS, FIRST, LIVE, PYTHON, TEXTS, Named
from policies.blueprint.layout import CONFIG
from policies.blueprint.shapes import Shapes
from policies.errors import Problem

TOP: Final = "(top level)"
_READ: Final = (
    "give a blueprint, the members of CreateEndpointConfig, an answer of DescribeEndpointConfig, a CloudFormation template, an object of "
    "ACK, a state machine, or what `terraform show -json` writes"
)
_NONE: Final = "holds no endpoint configuration"


def read_documents(content: object, shapes: Shapes) -> Iterator[Declared | Problem]:
    """Yield what the documents of a file declare, and why those that declare nothing are not read."""
    placed = list(_place(content))
    objects = [each for each in placed if isinstance(each, tuple) and kubernetes.is_object(each[1])]
    if objects:
        yield from _or_none(kubernetes.read_objects(objects, shapes), kubernetes.FORM, _other_kinds(objects))
    for each in placed:
        if isinstance(each, Problem):
            yield each
        elif each not in objects:
            yield from _read(each, shapes)


def name_text(text: str, name: str) -> Problem | None:
    """Return why a text that says nothing as YAML or JSON is not read, if what it is can be recognised."""
    found = next((form for matches, form in TEXTS if matches(text)), None)
    if found is None and name.lower().endswith(".py"):
        found = PYTHON
    return None if found is None else _refuse("(file)", found)


def name_binary(raw: bytes) -> Problem | None:
    """Return why a file that holds no text is not read, if what it is can be recognised."""
    found = next((form for begins, form in BINARIES if raw.startswith(begins)), None)
    return None if found is None else _refuse("(file)", found)


def _place(content: object) -> Iterator[Placed | Problem]:
    """Yield each document of a file with where it stands; a list is taken for several of them."""
    if isinstance(content, Mapping):
        yield (), as_mapping(cast("object", content))
        return
    documents: list[object] = as_list(content)
    if not documents:
        yield Problem(TOP, _not_members(content), _READ)
    for position, each in enumerate(documents):
        if isinstance(each, Mapping):
            yield (position,), as_mapping(cast("object", each))
        elif each is not None:
            yield Problem(f"[{position}]", _not_members(each), _READ)


def _not_members(value: object) -> str:
    return f"is {type(value).__name__}, not members with their values" if value else "is empty"


def _read(placed: Placed, shapes: Shapes) -> Iterator[Declared | Problem]:
    at, document = placed
    if named := next((form for matches, form in DOCUMENTS[:FIRST] if matches(document)), None):
        yield _refuse(_where(at), named)
    elif blueprints.is_blueprint(document):
        yield from blueprints.read_blueprint(document, at)
    elif cloudformation.is_template(document):
        found = cloudformation.read_template(document, at, shapes)
        yield from _or_none(found, cloudformation.FORM, f"add a resource of type {cloudformation.CONFIG_TYPE}")
    elif step_functions.is_machine(document):
        found = step_functions.read_machine(document, at, shapes)
        yield from _or_none(found, step_functions.FORM, "give the request of the state that creates it")
    elif terraform.is_shown(document):
        yield from _or_none(terraform.read_shown(document, at, shapes), terraform.FORM, f"add {terraform.CONFIG_TYPE}")
    elif named := next((form for matches, form in DOCUMENTS if matches(document)), None):
        yield _refuse(_where(at), named)
    elif _holds_members(document, shapes):
        yield from requests.read_request(document, at, shapes)
    else:
        yield Problem(_where(at), _NONE, _READ)


def _holds_members(document: Mapping[str, Any], shapes: Shapes) -> bool:
    own = {*shapes[CONFIG].members, MODELS}
    return any(str(key).removesuffix(".$") in own for key in document)


def _where(at: Path) -> str:
    return format_path(at, TOP)


def _refuse(where: str, form: Named) -> Problem:
    return Problem(where, f"is {form.name}, which is not read", form.remedy)


def _or_none(found: Iterable[Declared | Problem], form: str, remedy: str) -> Iterator[Declared | Problem]:
    declared = list(found)
    yield from declared
    if not declared:
        yield Problem(TOP, f"is {form}, and {_NONE}", remedy)


def _other_kinds(objects: list[Placed]) -> str:
    kinds = sorted({str(each.get("kind")) for _, each in kubernetes.list_objects(objects)})
    return f"it holds {', '.join(kinds)}; an EndpointConfig of {kubernetes.GROUP} is read; {LIVE}"
