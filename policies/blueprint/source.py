"""From a file to the endpoint configurations that it declares, whatever its form: the one way in for every verb that takes such a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import NamedTuple

import yaml

from policies.blueprint.declared import Declared
from policies.blueprint.document import Path, as_list, as_mapping
from policies.blueprint.forms.named import is_printed
from policies.blueprint.forms.recognition import name_binary, name_text, read_documents
from policies.blueprint.parsing import LARGEST, NotParsed, Parsed, parse
from policies.blueprint.shapes import Shapes
from policies.documents.text import Unreadable, decode, read_bytes
from policies.errors import PolicyError, Problem


class UnreadableDocument(PolicyError):
    """A file that holds no endpoint configuration: every reason, all at once."""

    code = "unreadable_document"


class Place(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """One endpoint configuration of a file that was read.

    Attributes:
        name: the file's path, as it was given.
        declared: what it holds.
        root: where everything is in its text.
    """

    name: str
    declared: Declared
    root: yaml.Node

    @property
    def label(self) -> str:
        """What it is called among others of the same file."""
        return f"{self.name} ({self.declared.resource})" if self.declared.resource else self.name

    def find(self, path: Path) -> Place:
        """Return where something is; what is absent is where it would have to be added."""
        node, mark = self.root, self.root.start_mark
        for part in self.declared.locate(path):
            step = _step(node, part)
            if step is None:
                break
            node, mark = step
        return Place(mark.line + 1, mark.column + 1)


def load_sources(path: str | FilePath, shapes: Shapes) -> tuple[Source, ...]:
    """Read a file.

    Raises:
        UnreadableDocument: with every reason why the file holds no endpoint configuration.
    """
    try:
        raw = read_bytes(FilePath(path), LARGEST)
    except Unreadable as error:
        raise UnreadableDocument(
            str(path), [Problem("(file)", str(error), "give the path of a YAML or JSON file")]
        ) from None
    return read_sources(raw, str(path), shapes)


def read_sources(raw: bytes, name: str, shapes: Shapes) -> tuple[Source, ...]:
    """Read the bytes of a file.

    Args:
        raw: the bytes.
        name: the file's path; it is used in messages, and where the text alone does not say what it is.
        shapes: the shapes of SageMaker's requests.

    Raises:
        UnreadableDocument: with every reason why the file holds no endpoint configuration.
    """
    parsed = _parse(raw, name)
    found: Sequence[Declared | Problem] = list(read_documents(parsed.content, shapes))
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        raise UnreadableDocument(name, problems)
    return tuple(Source(name, each, parsed.root) for each in found if isinstance(each, Declared))


def _parse(raw: bytes, name: str) -> Parsed:
    try:
        text = decode(raw, LARGEST)
    except Unreadable as error:
        problem = name_binary(raw) or Problem(error.where, str(error), error.remedy)
        raise UnreadableDocument(name, [problem]) from None
    try:
        parsed = parse(text, is_json=text.lstrip()[:1] in {"{", "["})
    except NotParsed as error:
        raise UnreadableDocument(name, [name_text(text, name) or error.problem]) from None
    holds = as_mapping(parsed.content) or as_list(parsed.content)
    if (not holds or is_printed(text)) and (problem := name_text(text, name)):
        raise UnreadableDocument(name, [problem])
    return parsed


def _step(node: yaml.Node, part: str | int) -> "tuple[yaml.Node, yaml.Mark] | None":
    """Go one part of a path down: to the node there, and to where its key is."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # the last one holds: before it stands what a merge key brought
            if key.value == str(part):
                return value, key.start_mark
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            if position == part:
                return item, item.start_mark
    return None
