"""From the bytes of a file to what they say, and to where each part of it stands. The one place that parses such files."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from policies.blueprint.document import Unresolved
from policies.errors import Problem

_ENCODINGS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MERGE: Final = "<<"
_FUNCTIONS: Final = frozenset(
    (
        *("And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAtt", "GetAZs", "If", "ImportValue", "Join"),
        *("Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
    )
)


class NotParsed(ValueError):
    """A text that is neither YAML nor JSON; the message says where."""


@dataclass(frozen=True)
class Parsed:
    """What a text says.

    Attributes:
        root: where everything is; for several documents, a list of them.
        content: what it says; for several documents, a list of them.
        repeated: keys that are given twice in one place, of which a parser silently takes the last.
    """

    root: yaml.Node
    content: Any
    repeated: tuple[Problem, ...]


def decode(raw: bytes) -> str:
    """Return the text of a file: UTF-8, or what its first bytes say, as PowerShell writes UTF-16.

    Raises:
        UnicodeDecodeError: it is none of these.
    """
    for mark, encoding in _ENCODINGS:
        if raw.startswith(mark):
            return raw.decode(encoding)
    return raw.decode("utf-8")


def parse(text: str, *, is_json: bool) -> Parsed:
    """Return what a text says, whether in one document or in several.

    Args:
        text: the text.
        is_json: whether tabs may stand for spaces, the only thing in which JSON differs from YAML here.

    Raises:
        NotParsed: the text is neither YAML nor JSON.
    """
    loader: Any = _Loader(text.replace("\t", " ") if is_json else text)
    try:
        nodes: list[yaml.Node] = []
        while loader.check_node():
            nodes.append(loader.get_node())
        root = _join([node for node in nodes if node.value != ""])
        repeated = tuple(_repeated_keys(root))  # before merge keys are resolved, which puts what they bring first
        return Parsed(root, loader.construct_document(root), repeated)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotParsed(_place(error)) from error
    finally:
        loader.dispose()


def _join(nodes: list[yaml.Node]) -> yaml.Node:
    """Return several documents as a list of them, and none as one that is empty."""
    if len(nodes) == 1:
        return nodes[0]
    start = nodes[0].start_mark if nodes else None
    return yaml.SequenceNode("tag:yaml.org,2002:seq", nodes, start, start)


def _place(error: Exception) -> str:
    """Say where a text stops being YAML, without repeating it."""
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or error or type(error).__name__)
    said = " ".join(what.split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {said}" if mark else said


class _Loader(yaml.SafeLoader):
    """Reads YAML and nothing else. CloudFormation's short forms become its long ones, any other tag a value that is left open."""


def _construct_tagged(loader: Any, tag: str, node: yaml.Node) -> object:  # noqa: ANN401 - PyYAML has no types for it
    if tag not in _FUNCTIONS | {"Ref", "Condition"}:
        return Unresolved(f"!{tag}")
    value: Any = loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _construct_tagged)  # pyright: ignore[reportUnknownMemberType] - PyYAML has no types for it


def _repeated_keys(root: yaml.Node) -> Iterator[Problem]:
    """Yield the keys that are given twice in one place."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue  # an alias, which may even lead back to where it is
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in node.value]
            for key, times in Counter(str(key.value) for key, _ in node.value).items():
                if times > 1 and key != _MERGE:
                    begun = f"in the part that begins at line {node.start_mark.line + 1}"
                    yield Problem(key, f"is given {times} times {begun}", "keep one of them")
