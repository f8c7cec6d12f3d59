"""Putting together what a file declares, from the parts that its form has found."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from policies.blueprint.declared import MODELS, Declared
from policies.blueprint.document import Named, Path, Unresolved, format_path
from policies.blueprint.forms.translation import Translation
from policies.blueprint.layout import CONFIG, MODEL
from policies.blueprint.model import Document
from policies.errors import Problem


class Part(NamedTuple):
    """A part of a file: an endpoint configuration, or a model.

    Attributes:
        name: what the file calls the configuration, or the model's name.
        content: what the file holds of it.
        origin: where.
    """

    name: str
    content: Any
    origin: Path


def declare(form: str, translation: Translation, config: Part, models: Iterable[Part] = ()) -> Declared | Problem:
    """Return what a file declares; a problem where it leaves the whole configuration open. A model that it leaves open is not known."""
    members = translation.translate(CONFIG, config.content, (), config.origin)
    if not isinstance(members, dict):
        said = (
            f"is {members}, which the file does not give a value"
            if isinstance(members, Unresolved)
            else "holds no members"
        )
        return Problem(format_path(config.origin), said, "give a file that holds the members themselves")
    known: dict[str, Document] = {}
    for model in models:
        drawn = translation.translate(MODEL, model.content, (MODELS, Named(model.name)), model.origin)
        if isinstance(drawn, dict):
            known[model.name] = cast("Document", drawn)
    return Declared(form, cast("Document", members), known, None, config.name, translation.origins)
