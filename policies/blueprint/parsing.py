"""From the text of a file that was written for other programs to what it says, and to where each part of it stands."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import yaml

from policies.blueprint.document import Unresolved
from policies.documents.limits import AMBIGUOUS, TEXT, LimitedLoader
from policies.documents.loading import as_yaml, describe
from policies.errors import Problem

LARGEST: Final = 10 * 1024 * 1024
"""Bytes of such a file: plans of Terraform name all that an account has."""
_FUNCTIONS: Final = frozenset(
    (
        *("And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAtt", "GetAZs", "If", "ImportValue", "Join"),
        *("Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
    )
)


class NotParsed(ValueError):
    """A text that is neither YAML nor JSON, or goes beyond a limit.

    Attributes:
        problem: what is wrong with it, and where.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True)
class Parsed:
    """What a text says.

    Attributes:
        root: where everything is; for several documents, a list of them.
        content: what it says; for several documents, a list of them.
    """

    root: yaml.Node
    content: Any


def parse(text: str, *, is_json: bool) -> Parsed:
    """Return what a text says, whether in one document or in several.

    Args:
        text: the text.
        is_json: whether tabs may stand for spaces, and two escapes for one character, in which JSON differs from YAML.

    Raises:
        NotParsed: the text is neither YAML nor JSON, or goes beyond a limit.
    """
    loader: Any = _Loader(as_yaml(text) if is_json else text)
    try:
        nodes: list[yaml.Node] = []
        while loader.check_node():
            nodes.append(loader.get_node())
        root = _join([node for node in nodes if node.value != ""])
        return Parsed(root, loader.construct_document(root))
    except yaml.YAMLError as error:
        raise NotParsed(describe(error)) from None
    finally:
        loader.dispose()


def _join(nodes: list[yaml.Node]) -> yaml.Node:
    """Return several documents as a list of them, and none as one that is empty."""
    if len(nodes) == 1:
        return nodes[0]
    start = nodes[0].start_mark if nodes else None
    return yaml.SequenceNode("tag:yaml.org,2002:seq", nodes, start, start)


class _Loader(LimitedLoader):
    """Reads what CloudFormation and Kubernetes read, which is YAML 1.1.

    CloudFormation's short forms become its long ones, any other tag a value that is left open.
    """

    most_nodes: ClassVar[int] = 300_000
    any_key: ClassVar[bool] = True  # mappings of CloudFormation have account ids for keys

    def allows_tag(self, tag: str) -> bool:
        """Take the tags of other programs, and none that PyYAML would act on."""
        return tag.startswith("!")

    def find_mistake(self, tag: str, value: str) -> tuple[str, str] | None:
        """Take ``yes`` for true, and any character in a text: the programs that such files are for do so as well."""
        return None if tag in {AMBIGUOUS, TEXT} else super().find_mistake(tag, value)


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
_Loader.add_constructor(AMBIGUOUS, yaml.SafeLoader.construct_yaml_bool)  # pyright: ignore[reportUnknownMemberType]
