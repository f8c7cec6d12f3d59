"""YAML with limits: how much, how deep, how often repeated; keys given once; scalars as YAML 1.2 has them. JSON is YAML too.

YAML 1.1, which PyYAML reads, takes ``no`` for false, ``1:30`` for 90 and ``2026-02-30`` for an error without a line. Here a number is
written in decimal digits, ``true`` and ``false`` are the only truth values, and everything else that is not quoted is text.
"""

import math
import re
from collections import Counter
from typing import Any, ClassVar, Final

import yaml
from yaml.composer import Composer
from yaml.cyaml import CSafeLoader
from yaml.resolver import BaseResolver

from policies.documents.text import find_control

MOST_NODES: Final = 100_000
"""Values and keys, those that an alias repeats counted again."""
DEEPEST: Final = 50
MOST_ALIASES: Final = 1_000
MOST_DIGITS: Final = 18
"""Of a whole number; any such number is one in every language."""
_CORE: Final = "tag:yaml.org,2002:"
TEXT, _WHOLE, _FLOAT = f"{_CORE}str", f"{_CORE}int", f"{_CORE}float"
_MERGE: Final = f"{_CORE}merge"
AMBIGUOUS: Final = "rollway:ambiguous"
"""The kind of a scalar that is a truth value in YAML 1.1 and text in 1.2."""


class DocumentError(yaml.MarkedYAMLError):
    """Something that a document must not hold; ``note`` is what to do about it. Its words never repeat what is in the document."""


class _Resolver(BaseResolver):
    """Which kind a scalar without quotes is."""


for _tag, _pattern, _first in (
    (f"{_CORE}null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (f"{_CORE}bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (AMBIGUOUS, r"(?i:yes|no|on|off)", list("yYnNoO")),
    (_WHOLE, r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    (_FLOAT, r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    (_FLOAT, r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
    (_MERGE, r"<<", ["<"]),
):
    _Resolver.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), _first)  # pyright: ignore[reportUnknownMemberType]


class LimitedLoader(Composer, _Resolver, CSafeLoader):
    """Composes and constructs documents, and refuses them at the first thing that is wrong with them.

    Composer comes first: libyaml's own one cannot be limited. A subclass may allow more, for files that were written for other programs.
    """

    most_nodes: ClassVar[int] = MOST_NODES
    any_key: ClassVar[bool] = False
    """Whether every scalar may be a key, not only text."""

    def __init__(self, text: str) -> None:
        """Begin with a text, which is printable throughout."""
        CSafeLoader.__init__(self, text)
        Composer.__init__(self)
        self._depth = self._nodes = self._aliases = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - as its base has it
        """Count what is composed; what an alias repeats counts as if it were written again."""
        parser: Any = self
        event: Any = parser.peek_event()
        is_alias, before = isinstance(event, yaml.AliasEvent), self._nodes
        self._refuse_tag(event)
        self._aliases += is_alias
        self._nodes += not is_alias
        self._depth += 1
        if self._depth > DEEPEST:
            raise _refusal(f"is nested more than {DEEPEST} deep", event.start_mark)
        node: Any = super().compose_node(parent, index)
        self._depth -= 1
        if is_alias and id(node) not in self._sizes:
            raise _refusal("has an alias within what it stands for", event.start_mark)
        self._nodes += self._sizes[id(node)] if is_alias else 0
        if self._nodes > self.most_nodes or self._aliases > MOST_ALIASES:
            told = f"holds more than {self.most_nodes:,} values, or {MOST_ALIASES:,} aliases"
            raise _refusal(told, event.start_mark)
        self._sizes.setdefault(id(node), self._nodes - before)
        return node

    def compose_scalar_node(self, anchor: Any) -> Any:  # noqa: ANN401 - as its base has it
        """Refuse scalars that no two programs read alike."""
        node: Any = super().compose_scalar_node(anchor)
        mistake = self.find_mistake(node.tag, node.value)
        if mistake:
            what, note = mistake
            raise _refusal(what, node.start_mark, note)
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:  # noqa: ANN401 - as its base has it
        """Refuse keys that are no text, and keys that are given twice: a parser silently takes the last of them."""
        node: Any = super().compose_mapping_node(anchor)
        keys = [key for key, _ in node.value]
        for key in keys:
            if not isinstance(key, yaml.ScalarNode) or not (self.any_key or key.tag in {TEXT, _MERGE}):
                raise _refusal("has a key that is not text", key.start_mark, "write it in quotes")
        counts = Counter(key.value for key in keys)
        twice = [key for key in keys if counts[key.value] > 1]
        if twice:
            places = " and ".join(str(key.start_mark.line + 1) for key in twice if key.value == twice[0].value)
            raise _refusal(f"gives one key more than once, in lines {places}", twice[-1].start_mark, "keep one of them")
        return node

    def allows_tag(self, tag: str) -> bool:
        """Whether a value may be marked with a tag."""
        return tag in {"!", TEXT}

    def find_mistake(self, tag: str, value: str) -> tuple[str, str] | None:
        """Return what is wrong with a scalar, and what to write instead."""
        if tag == AMBIGUOUS:
            return "has yes, no, on or off without quotes", "write true or false, or put it in quotes"
        if tag == _WHOLE and len(value.lstrip("+-")) > MOST_DIGITS:
            return f"has a whole number of more than {MOST_DIGITS} digits", "write a smaller one, or put it in quotes"
        if tag == _FLOAT and not _is_finite(value):
            return "has a number that is infinite or none at all", "write a finite number, or put it in quotes"
        if tag == TEXT and find_control(value) is not None:
            return "has an escape for a character that is not printable", "leave it out"
        return None

    def _refuse_tag(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events are untyped
        tag = getattr(event, "tag", None)
        if tag is not None and not self.allows_tag(tag):
            raise _refusal("has a tag, which is not read here", event.start_mark, "write the plain value")


def compose(text: str) -> tuple[yaml.Node | None, Any]:
    """Return the nodes of a text and what they say; None and None where it is empty.

    Raises:
        yaml.YAMLError: the text is not one YAML document, or goes beyond a limit.
    """
    loader: Any = LimitedLoader(text)
    try:
        root: yaml.Node | None = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _refusal(what: str, mark: Any, note: str | None = None) -> DocumentError:  # noqa: ANN401 - PyYAML's marks are untyped
    return DocumentError(None, None, what, mark, note)


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
