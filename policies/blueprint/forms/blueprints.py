"""Rollway's own form: a blueprint, which declares the whole of an endpoint."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.blueprint.declared import MODELS, OWN_TAGS, SCALING, Declared
from policies.blueprint.document import Path, as_mapping
from policies.blueprint.model import Document

FORM: Final = "a blueprint"
_OWN_PARTS: Final = frozenset({"endpoint", "models", "config", "tags", "scaling"})


def is_blueprint(document: Mapping[str, Any]) -> bool:
    """Whether a document is a blueprint, or is meant to be one."""
    return "config" in document or ("endpoint" in document and bool(_OWN_PARTS & document.keys() - {"endpoint"}))


def read_blueprint(document: Mapping[str, Any], at: Path = ()) -> Iterator[Declared]:
    """Yield what a blueprint declares."""
    whole: Document = {str(key): value for key, value in document.items()}
    config = dict(as_mapping(whole.get("config")))
    models = {str(name): dict(as_mapping(members)) for name, members in as_mapping(whole.get("models")).items()}
    parts: dict[Path, Path] = {
        (): ("config",),
        (MODELS,): ("models",),
        (SCALING,): ("scaling",),
        (OWN_TAGS,): ("tags",),
    }
    own: dict[Path, Path] = {(key,): (key,) for key in ("endpoint", *whole) if key not in config}
    origins = {path: (*at, *origin) for path, origin in (own | parts).items()}
    yield Declared(FORM, config, models, whole, "", origins)
