"""From what a file declares to what the rules are applied to."""

from collections.abc import Mapping
from typing import Final

from policies.blueprint.declared import Declared
from policies.blueprint.document import Section, Undetermined, as_list, as_mapping
from policies.facts import ScalingTarget
from policies.lint.subject import ONLY_IN_AWS, Scaling, Subject, Unknown

_UNSAID: Final = Unknown(
    "the blueprint leaves the scaling of this variant as it is; name the endpoint to have AWS asked"
)
_UNCLEAR: Final = Unknown("min and max are not as they have to be")


def make_subject(declared: Declared) -> Subject:
    """Return what a file declares as the rules look at it."""
    return Subject(declared.config, models=declared.models, scaling=_scaling(declared), declared=declared)


def _scaling(declared: Declared) -> Mapping[str, Scaling | Unknown] | Unknown:
    """Return the scaling that a blueprint declares; other files say nothing of it."""
    if declared.blueprint is None or not declared.blueprint.get("scaling"):
        return ONLY_IN_AWS
    said = as_mapping(declared.blueprint["scaling"])
    listed = map(as_mapping, as_list(declared.config.get("ProductionVariants")))
    names = [str(variant.get("VariantName")) for variant in listed]
    return {name: _read(name, Section((), as_mapping(said[name]))) if name in said else _UNSAID for name in names}


def _read(variant: str, scaled: Section) -> Scaling | Unknown:
    try:
        least, most = scaled.number("min"), scaled.number("max")
    except Undetermined:
        return _UNCLEAR
    if least is None or most is None:
        return _UNCLEAR
    target = ScalingTarget(variant=variant, minimum=int(least), maximum=int(most))
    moved_by = (*as_mapping(scaled.members.get("policies")), *as_mapping(scaled.members.get("scheduled")))
    return Scaling(target, moved_by)
