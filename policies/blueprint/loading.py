"""From a file, or a document of any parser, to a blueprint: every problem at once, each with its path."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from policies.blueprint.checking import Checker
from policies.blueprint.config_rules import config_problems
from policies.blueprint.layout import BLUEPRINT
from policies.blueprint.model import Blueprint
from policies.blueprint.model_rules import model_problems
from policies.blueprint.reading import members
from policies.blueprint.scaling_rules import scaling_problems
from policies.blueprint.shapes import Shapes
from policies.errors import PolicyError, Problem

MOST_TAGS: Final = 48
"""SageMaker's fifty, less the two that Rollway puts on configurations of its own."""

_RESERVED_TAG_PREFIX: Final = "aws:"


class BlueprintError(PolicyError):
    """A blueprint that cannot be used: every problem in it, all at once."""

    code = "invalid_blueprint"


class _Loader(yaml.SafeLoader):
    """Reads YAML and nothing else, and takes a key that is given twice for the mistake that it is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as its base has it
        """Refuse a mapping in which a key is given twice: YAML would keep the last one only, without a word."""
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = [str(key) for key, count in keys.items() if count > 1 and key != "<<"]
        if twice:
            problem = f"the key {', '.join(twice)} is given more than once"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def find_problems(document: object, shapes: Shapes) -> Iterator[Problem]:
    """Yield everything that makes a document no valid blueprint: single values first, then what they mean together."""
    yield from Checker(shapes).find_problems(BLUEPRINT, document)
    given = members(document)
    config = members(given.get("config"))
    yield from config_problems(config)
    yield from model_problems(members(given.get("models")), config)
    yield from _tag_problems(members(given.get("tags")).keys())
    yield from scaling_problems(members(given.get("scaling")), config)


def parse_blueprint(document: object, shapes: Shapes, source: str = "blueprint") -> Blueprint:
    """Turn a parsed document into a blueprint.

    Args:
        document: what the YAML or JSON parser gave.
        shapes: the documented limits, with that of a whole blueprint among them.
        source: how to call the document in messages, for example its path.

    Raises:
        BlueprintError: with every problem of the document.
    """
    problems = list(find_problems(document, shapes))
    if problems:
        raise BlueprintError(source, problems)
    return Blueprint.model_validate(document)


def load_blueprint(path: str | Path, shapes: Shapes) -> Blueprint:
    """Load a blueprint from a YAML or JSON file.

    Raises:
        BlueprintError: when there is no such file, it is not YAML, or with every problem in it.
    """
    try:
        document = yaml.load(Path(path).read_text("utf-8"), _Loader)  # noqa: S506 - a safe loader, only stricter
    except OSError as error:
        raise BlueprintError(str(path), [Problem("(file)", error.strerror or str(error))]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BlueprintError(str(path), [Problem("(file)", f"is no YAML: {' '.join(str(error).split())}")]) from error
    return parse_blueprint(document, shapes, str(path))


def _tag_problems(keys: Iterable[str]) -> Iterator[Problem]:
    written = [str(key) for key in keys]
    if len(written) > MOST_TAGS:
        what = f"has {len(written)} entries; at most {MOST_TAGS}, since Rollway adds two of its own"
        yield Problem("tags", what)
    for key in written:
        if key.lower().startswith(_RESERVED_TAG_PREFIX):
            yield Problem(f"tags.{key}", "AWS keeps this prefix to itself", "choose another key")
