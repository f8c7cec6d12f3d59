"""From the text of a file to a subject, and from a finding back to its line in that text.

The file is YAML or JSON and holds the members of a CreateEndpointConfig request, and optionally ``Models``: a list of CreateModel requests.
Or it is a blueprint, which has the one under ``config`` and the other under ``models``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import yaml

from policies.errors import PolicyError, Problem
from policies.lint.document import Named, Path, as_mapping, format_path
from policies.lint.subject import Document, Subject

MODELS: Final = "Models"
_EXPECTED: Final = "write the members of CreateEndpointConfig, ProductionVariants among them"


class UnreadableDocument(PolicyError):
    """A file that holds no endpoint configuration: every reason, all at once."""

    code = "unreadable_document"


class Place(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """A file that was read.

    Attributes:
        name: its path, as it was given.
        subject: what it holds.
        root: where everything is in its text.
        is_blueprint: whether it is a blueprint.
    """

    name: str
    subject: Subject
    root: yaml.Node
    is_blueprint: bool = False

    def find(self, path: Path) -> Place:
        """Return where something is; what is absent is where it would have to be added."""
        node, mark = self.root, self.root.start_mark
        for part in _in_blueprint(path) if self.is_blueprint else path:
            step = _step(node, part)
            if step is None:
                break
            node, mark = step
        return Place(mark.line + 1, mark.column + 1)


def read_source(text: str, name: str) -> Source:
    """Read a file's text.

    Args:
        text: the text.
        name: the file's path; one that ends in ``.json`` is read as JSON, which differs from YAML in its tabs only.

    Raises:
        UnreadableDocument: with every reason why the text is no endpoint configuration.
    """
    root, parsed, repeated = _parse(text.replace("\t", " ") if name.lower().endswith(".json") else text, name)
    is_blueprint = "config" in as_mapping(parsed)
    document = _spread(as_mapping(parsed)) if is_blueprint else parsed
    problems = [*repeated, *_misshapen(document)]
    if problems or root is None:
        raise UnreadableDocument(name, problems)
    whole = cast("Mapping[str, Any]", document)
    models: dict[str, Document] = {each["ModelName"]: each for each in whole.get(MODELS) or ()}
    config = {member: value for member, value in whole.items() if member != MODELS}
    return Source(name, Subject(config, models=dict(models)), root, is_blueprint)


def _spread(blueprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a blueprint says the way another file would. What is not as it must be is left for the checks to find."""
    models = as_mapping(blueprint.get("models"))
    named = [{"ModelName": name} | dict(as_mapping(members)) for name, members in models.items()]
    return dict(as_mapping(blueprint["config"])) | ({MODELS: named} if named else {})


def _in_blueprint(path: Path) -> Path:
    return ("models", *path[1:]) if path and path[0] == MODELS else ("config", *path)


def _parse(text: str, name: str) -> tuple[yaml.Node | None, object, list[Problem]]:
    """Return the text's nodes, what they say, and the keys that are given twice."""
    loader: Any = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        repeated = list(
            _repeated_keys(root)
        )  # before merge keys are resolved, which puts what they bring before the rest
        return root, None if root is None else loader.construct_document(root), repeated
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise UnreadableDocument(name, [Problem("(file)", f"is neither YAML nor JSON: {told}")]) from error
    finally:
        loader.dispose()


def _misshapen(document: object) -> Iterator[Problem]:
    """Yield what keeps a document from being looked at rule by rule."""
    if not isinstance(document, Mapping):
        yield Problem("(top level)", f"is {type(document).__name__}, not a mapping", _EXPECTED)
        return
    whole = cast("Mapping[str, Any]", document)
    if "ProductionVariants" not in whole:
        yield Problem("ProductionVariants", "is required", _EXPECTED)
    for member in ("ProductionVariants", "ShadowProductionVariants"):
        yield from _misshapen_list(whole, member, "VariantName")
    yield from _misshapen_list(whole, MODELS, "ModelName")
    models = whole.get(MODELS)
    names = [str(each.get("ModelName")) for each in _mappings(models)]
    for name, times in Counter(names).items():
        if times > 1:
            yield Problem(MODELS, f"{name} is there {times} times", "keep one of them")


def _misshapen_list(whole: Mapping[str, Any], member: str, name: str) -> Iterator[Problem]:
    given = whole.get(member)
    if given is None:
        return
    if not isinstance(given, list) or not given:
        yield Problem(member, "is no list with entries", f"write a list of entries that each have a {name}")
        return
    for position, each in enumerate(cast("list[object]", given)):
        where = format_path((member, position))
        if not isinstance(each, Mapping):
            yield Problem(where, f"is {type(each).__name__}, not a mapping", f"write an entry with a {name}")
        elif not isinstance(cast("Mapping[str, Any]", each).get(name), str):
            yield Problem(where, f"has no {name}", f"add {name}, a text")


def _mappings(value: object) -> list[Mapping[str, Any]]:
    given = cast("list[Any]", value) if isinstance(value, list) else []
    return [each for each in given if isinstance(each, Mapping)]


def _repeated_keys(root: yaml.Node | None) -> Iterator[Problem]:
    """Yield the keys that are given twice in one place: a parser silently takes the last of them."""
    waiting, seen = [root] if root is not None else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue  # an alias, which may even lead back to where it is
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in node.value]
            for key, times in Counter(str(key.value) for key, _ in node.value if key.value != "<<").items():
                if times > 1:
                    line = node.start_mark.line + 1
                    yield Problem(
                        key, f"is given {times} times in the part that begins at line {line}", "keep one of them"
                    )


def _step(node: yaml.Node, part: str | int) -> "tuple[yaml.Node, yaml.Mark] | None":
    """Go one part of a path down: to the node there, and to where its key is."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # the last one holds: before it stands what a merge key brought
            if key.value == str(part):
                return value, key.start_mark
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            if position == part or (isinstance(part, Named) and _name_of(item) == part):
                return item, item.start_mark
    return None


def _name_of(item: yaml.Node) -> str:
    if not isinstance(item, yaml.MappingNode):
        return ""
    return next((str(value.value) for key, value in reversed(item.value) if key.value == "ModelName"), "")
