"""The one set of rules on what SageMaker refuses: every fault of what a file declares, or a live endpoint has."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from policies.blueprint.checking import Checker, Limit, Outside
from policies.blueprint.config_rules import VARIANT_LISTS, find_config_faults
from policies.blueprint.declared import MODELS, OWN_TAGS, SCALING, TAGS, Declared
from policies.blueprint.document import Named, Path, Section, Unresolved, as_mapping, format_path
from policies.blueprint.faults import Breach, Fault, Found, Open, Wrong, apply
from policies.blueprint.layout import BLUEPRINT, CONFIG, MODEL
from policies.blueprint.model_rules import find_model_faults
from policies.blueprint.scaling_rules import find_scaling_faults
from policies.blueprint.shapes import Shapes

MOST_TAGS: Final = 48
"""SageMaker's fifty, less the two that Rollway puts on configurations of its own."""

_RESERVED_TAG_PREFIX: Final = "aws:"
_NAMES: Final = frozenset({"EndpointConfigName", "VariantName", "ModelName", "ModelNameOverride"})
_FAULTS: Final[Mapping[Limit, Fault]] = {"unknown": Fault.UNKNOWN_MEMBER, "required": Fault.MISSING_MEMBER}
_PARTS: Final[Mapping[str, Path]] = {
    "endpoint": ("endpoint",),
    "models": (MODELS,),
    "config": (),
    "tags": (OWN_TAGS,),
    "scaling": (SCALING,),
}
"""The parts of a blueprint, each with the path that its content has among the faults."""


@dataclass(frozen=True)
class _Values:
    """Looks at single values.

    Attributes:
        checker: holds them against their shapes.
    """

    checker: Checker

    def find(self, declared: Declared) -> Iterator[Found]:
        """Yield every single value that is outside its shape."""
        if declared.blueprint is not None:
            yield from self._in_blueprint(declared.blueprint)
            return
        yield from self._within(CONFIG, declared.config, ())
        for name, model in declared.models.items():
            yield from self._within(MODEL, model, (MODELS, Named(name)))

    def _in_blueprint(self, document: object) -> Iterator[Found]:
        top = self.checker.shapes[BLUEPRINT]
        parts = as_mapping(document)
        bare = {name: Unresolved("") if name in top.members else value for name, value in parts.items()}
        breaches: dict[str, Breach] = {}
        for outside in self.checker.find(BLUEPRINT, bare if parts else document):
            if outside.unresolved is None:
                path = _PARTS.get(str(outside.path[0]), outside.path) if outside.path else ()
                breaches[format_path(outside.path[:1])] = Breach(
                    _fault(outside, path), path, outside.what, outside.remedy
                )
        yield from (breach for name, breach in breaches.items() if name not in parts)
        for name, value in parts.items():
            if name in top.members:
                yield from self._within(top.members[name], value, _PARTS[name])
            else:
                yield breaches[str(name)]

    def _within(self, shape: str, value: object, path: Path) -> Iterator[Found]:
        for outside in self.checker.find(shape, value, path):
            where = _named(outside.path)
            fault = _fault(outside, where)
            if outside.unresolved is None:
                yield Breach(fault, where, outside.what, outside.remedy)
            else:
                yield Open(fault, where, outside.unresolved)


def find_faults(declared: Declared, shapes: Shapes, *, strict: bool = True) -> Iterator[Found]:
    """Yield everything that SageMaker refuses: single values first, then what they mean together.

    Args:
        declared: what is looked at.
        shapes: the documented limits, with that of a whole blueprint among them.
        strict: whether an instance type that AWS may have brought out since the limits were published is a fault.
    """
    found = _find(declared, _Values(Checker(shapes, strict=strict)))
    yield from dict.fromkeys(map(_close, found) if declared.blueprint is not None else found)


def _find(declared: Declared, values: _Values) -> Iterator[Found]:
    config = declared.whole
    yield from values.find(declared)
    yield from find_config_faults(config)
    yield from find_model_faults(declared.model_sections, config)
    yield from _tag_faults(declared)
    scaling = Section((SCALING,), as_mapping(as_mapping(declared.blueprint).get("scaling")))
    yield from find_scaling_faults(scaling, config)


def _close(found: Found) -> Found:
    """Return what is left open in a blueprint as a fault: a rollout takes each of its values as it stands there."""
    if isinstance(found, Breach):
        return found
    what = f"is {found.unresolved}, which nothing fills in here"
    return Breach(Fault.VALUE, found.path, what, "write the value itself")


def _named(path: Path) -> Path:
    """Return a path with the name of a model or of a scaled variant marked as one."""
    if len(path) > 1 and path[0] in {MODELS, SCALING}:
        return (path[0], Named(path[1]), *path[2:])
    return path


def _fault(outside: Outside, path: Path) -> Fault:
    """Return the kind of a fault in a single value."""
    if path[:1] == (SCALING,):
        return Fault.SCALING
    if outside.limit != "unknown" and (TAGS in path[:3] or path[:1] == (OWN_TAGS,)):
        return Fault.TAG
    return _FAULTS.get(outside.limit) or _fault_of_value(outside, path)


def _fault_of_value(outside: Outside, path: Path) -> Fault:
    match outside.limit:
        case "most" if len(path) == 1 and path[0] in VARIANT_LISTS:
            return Fault.TOO_MANY_VARIANTS
        case "least" | "most" | "pattern" if _is_name(path):
            return Fault.NAME
        case _:
            return Fault.VALUE


def _is_name(path: Path) -> bool:
    return path == ("endpoint",) or path[:-1] == (MODELS,) or (path != () and path[-1] in _NAMES)


def _tag_faults(declared: Declared) -> Iterator[Found]:
    if declared.blueprint is not None:
        tags = as_mapping(declared.blueprint.get("tags"))
        yield from apply(Fault.TAG, partial(_most_tags, len(tags)))
        yield from apply(Fault.TAG, partial(_reserved, [((OWN_TAGS, str(key)), str(key)) for key in tags]))
    for section in (declared.whole, *declared.model_sections.values()):
        yield from apply(Fault.TAG, partial(_listed_tags, section))


def _most_tags(count: int) -> Iterator[Wrong]:
    if count > MOST_TAGS:
        yield (OWN_TAGS,), f"has {count} entries; at most {MOST_TAGS}, since Rollway adds two of its own", ""


def _listed_tags(section: Section) -> Iterator[Wrong]:
    tags = section.items(TAGS)
    keys = Counter(tag.named("Key") for tag in tags)
    yield from _reserved((tag.at("Key"), tag.named("Key")) for tag in tags)
    for tag in tags:
        if keys[tag.text("Key")] > 1:
            yield tag.at("Key"), f"the key {tag.text('Key')!r} is given {keys[tag.text('Key')]} times", "keep one"


def _reserved(keys: Iterable[tuple[Path, str]]) -> Iterator[Wrong]:
    for path, key in keys:
        if key.lower().startswith(_RESERVED_TAG_PREFIX):
            yield path, f"AWS keeps keys that begin with {_RESERVED_TAG_PREFIX} to itself", "choose another key"
