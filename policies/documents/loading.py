"""The one way to a document in YAML or JSON: within limits, and with errors that name the line and quote nothing of a foreign file."""

import re
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import yaml

from policies.documents.limits import DocumentError, compose
from policies.documents.text import Unreadable, decode, read_bytes
from policies.errors import MOST_TOLD, PolicyError, Problem

Refusal: TypeAlias = Callable[[str, Sequence[Problem]], Exception]
"""Makes the error to raise of the source and what is wrong with it, for example ``PolicyError``."""

_QUOTED: Final = re.compile(r"(['\"]).*\1", re.DOTALL)
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_STEP: Final = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Document:
    """A document that was read.

    Attributes:
        source: how to call it in messages, for example its path.
        content: what it says: mappings, lists, texts, numbers, truth values, None. An empty file is None.
        root: the same as PyYAML's nodes, which know where in the text they are; None for an empty file.
    """

    source: str
    content: Any
    root: yaml.Node | None = None

    def line_of(self, where: str) -> int | None:
        """Return the line of the field with a path such as ``stages[2].share``, or of the nearest part around it; None at the top."""
        node, line, rest = self.root, None, where
        while rest and node is not None:
            step = _take_step(node, rest)
            if step is None:
                break
            line, node, rest = step
        return line

    @contextmanager
    def naming_lines(self) -> Generator[None]:
        """Put the line of its field to each problem of a ``PolicyError`` that is raised within."""
        try:
            yield
        except PolicyError as error:
            told, rest = error.problems[:MOST_TOLD], error.problems[MOST_TOLD:]
            raise type(error)(self.source, [*map(self._locate, told), *rest]) from error

    def _locate(self, problem: Problem) -> Problem:
        return problem if problem.line else replace(problem, line=self.line_of(problem.where))


def load_document(path: str | Path, refuse: Refusal = PolicyError, remedy: str = "") -> Document:
    """Read a file.

    Args:
        path: the file; one that ends in ``.json`` may have tabs, and escapes of two halves for one character.
        refuse: makes the error.
        remedy: what to do where there is no such file.

    Raises:
        Exception: as ``refuse`` makes it: the file cannot be read, is not YAML, or goes beyond a limit.
    """
    try:
        content = read_bytes(Path(path))
    except Unreadable as error:
        raise refuse(str(path), [Problem(error.where, str(error), remedy or error.remedy)]) from None
    return parse_document(content, str(path), refuse)


def parse_document(content: bytes | str, source: str, refuse: Refusal = PolicyError) -> Document:
    """Read a document from memory.

    Args:
        content: its bytes or text.
        source: how to call it in messages.
        refuse: makes the error.

    Raises:
        Exception: as ``refuse`` makes it, with the first thing that is wrong. Nothing that was read is quoted.
    """
    try:
        # A text is measured and looked through as its bytes are; those of half a character are no UTF-8.
        text = decode(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        root, said = compose(as_yaml(text) if source.lower().endswith(".json") else text)
    except Unreadable as error:
        raise refuse(source, [Problem(error.where, str(error), error.remedy)]) from None
    except yaml.YAMLError as error:
        raise refuse(source, [describe(error)]) from None
    return Document(source, said, root)


def expect_fields(document: object, fields: Collection[str]) -> Problem | None:
    """Return the problem of a document that has none of the fields that every file of its kind has; None where it has one.

    Such a file is of another kind, and may hold secrets: nothing else should be said of it.
    """
    if isinstance(document, Mapping) and any(field in document for field in fields):
        return None
    match document:
        case None:
            found = "nothing"
        case Mapping():
            found = "a mapping without them"
        case list():
            found = "a list"
        case str():
            found = "text"
        case _:
            found = "a single value"
    *others, last = fields
    named = f"{', '.join(others)} or {last}" if others else last
    return Problem("(top level)", f"expected a file with {named}, found {found}", "give a file of the right kind")


def as_yaml(text: str) -> str:
    """Return JSON as YAML takes it: tabs are no space in YAML 1.1, and a character beyond 16 bits has one escape there, not two."""

    def join(match: re.Match[str]) -> str:
        halves = bytes.fromhex(match[2] + match[3])
        return match[1] + halves.decode("utf-16-be")

    return _PAIR.sub(join, text.replace("\t", " "))


def describe(error: yaml.YAMLError) -> Problem:
    """Return a problem of a parser's error, without what the parser quotes: it may be a secret."""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "(file)"
    if isinstance(error, DocumentError):
        return Problem(where, error.problem or "", error.note or "")
    reason = _QUOTED.sub("…", getattr(error, "problem", None) or "")
    return Problem(where, f"is not valid YAML or JSON: {reason}".rstrip(": "), "correct it there, or in the line above")


def _take_step(node: yaml.Node, path: str) -> tuple[int, yaml.Node, str] | None:
    """Go the first part of a path down: to the line of its key, its node and the rest of the path. Keys may have dots in them."""
    if isinstance(node, yaml.SequenceNode):
        match = _STEP.match(path)
        items = cast("list[yaml.Node]", node.value)
        if match is None or int(match[1]) >= len(items):
            return None
        item = items[int(match[1])]
        return _line(item), item, path[match.end() :].removeprefix(".")
    if not isinstance(node, yaml.MappingNode):
        return None
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    found = [pair for pair in pairs if _begins(path, str(pair[0].value))]
    if not found:
        return None
    key, value = max(found, key=lambda pair: len(str(pair[0].value)))
    return _line(key), value, path[len(str(key.value)) :].removeprefix(".")


def _begins(path: str, key: str) -> bool:
    return path.startswith(key) and path[len(key) : len(key) + 1] in {"", ".", "["}


def _line(node: yaml.Node) -> int:
    mark: Any = node.start_mark
    return mark.line + 1
