"""What a live endpoint differs in from a blueprint, member by member.

Variants are matched by name, tags by key, members of other lists by position. Defaults that AWS fills in are no difference, and
neither is the scale of weights: what counts is each variant's share.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from policies.blueprint.defaults import complete_policy, default_of, leave_out_defaults
from policies.blueprint.model import Blueprint, Document, VariantScaling

HIDDEN: Final = "(not shown)"
"""Stands for the value of an environment variable, which is nobody's business."""

_NAMES: Final = ("VariantName", "Key")
"""Members by which the structures of a list are matched, where all of them have one."""

_CONTAINER: Final = re.compile(r"\b(PrimaryContainer|Containers\[\d+\])$")
_SHARE_TOLERANCE: Final = 0.0005
_SINGLE_PRECISION: Final = 1e-6


@dataclass(frozen=True)
class Difference:
    """One member that is not as wanted.

    Attributes:
        path: where, for example ``config.ProductionVariants[AllTraffic].InstanceType``.
        live: its value on the live endpoint, or None when it is not there.
        wanted: its value in the blueprint, or None when it is not there.
    """

    path: str
    live: Any
    wanted: Any


def find_differences(
    live: Blueprint, wanted: Blueprint, existing: Mapping[str, Document] | None = None
) -> list[Difference]:
    """Return everything in which a live endpoint is not as wanted.

    Args:
        live: the endpoint as it is, with the models that it serves.
        wanted: the blueprint.
        existing: the content of further models that AWS has, by name: those that the blueprint names.
    """
    models = {**live.models, **(existing or {})}
    return [
        *_compare(live.endpoint, wanted.endpoint, "endpoint"),
        *_compare_configs(live, wanted),
        *_compare_models(models, wanted),
        *_compare_served(live, wanted, models),
        *_compare(dict(live.tags), dict(wanted.tags), "tags"),
        *_compare_scaling(live, wanted),
    ]


def same_model(left: Document, right: Document) -> list[Difference]:
    """Return in what two models differ, tags left out."""
    return list(_compare(_content(left), _content(right), ""))


def compare_scaling(live: VariantScaling, wanted: VariantScaling) -> list[Difference]:
    """Return in what the scaling of one variant is not as wanted."""
    return list(_compare(_scaling_document(live), _scaling_document(wanted), ""))


def _compare_configs(live: Blueprint, wanted: Blueprint) -> Iterator[Difference]:
    same_shares = _shares_agree(live, wanted)
    documents: list[Document] = []
    for blueprint in (live, wanted):
        members = dict(blueprint.config)
        for name in ("ProductionVariants", "ShadowProductionVariants"):
            variants = [_own(variant, wanted.scaling, same_shares=same_shares) for variant in members.get(name, [])]
            members |= {name: variants} if variants else {}
        documents.append(leave_out_defaults(members))
    yield from _compare(documents[0], documents[1], "config")


def _own(variant: Document, scaling: Mapping[str, VariantScaling], *, same_shares: bool) -> Document:
    """Return a variant without what is not its own to say: a capacity that autoscaling decides on, and the scale of its weight."""
    left_out = {"InitialVariantWeight"} if same_shares else set[str]()
    if variant["VariantName"] not in scaling:
        return {name: value for name, value in variant.items() if name not in left_out}
    left_out.add("InitialInstanceCount")
    kept = {name: value for name, value in variant.items() if name not in left_out}
    if "ServerlessConfig" in kept:
        serverless = dict(kept["ServerlessConfig"])
        serverless.pop("ProvisionedConcurrency", None)
        kept["ServerlessConfig"] = serverless
    return kept


def _shares_agree(live: Blueprint, wanted: Blueprint) -> bool:
    ours, theirs = _shares(live), _shares(wanted)
    if ours is None or theirs is None or ours.keys() != theirs.keys():
        return False
    return all(math.isclose(ours[name], theirs[name], abs_tol=_SHARE_TOLERANCE) for name in ours)


def _shares(blueprint: Blueprint) -> dict[str, float] | None:
    """Return each variant's weight as a part of all production weights, or None when these come to nothing."""
    shadows = blueprint.config.get("ShadowProductionVariants", [])
    total = sum(variant.get("InitialVariantWeight", 1.0) for variant in blueprint.variants)
    everyone = [*blueprint.variants, *shadows]
    return {each["VariantName"]: each.get("InitialVariantWeight", 1.0) / total for each in everyone} if total else None


def _compare_models(models: Mapping[str, Document], wanted: Blueprint) -> Iterator[Difference]:
    """Compare what shall exist with what does."""
    for name, model in wanted.models.items():
        path = f"models.{name}"
        if name in models:
            yield from _compare(leave_out_defaults(models[name]), leave_out_defaults(model), path)
        else:
            yield Difference(path, None, _hide(model))


def _compare_served(live: Blueprint, wanted: Blueprint, models: Mapping[str, Document]) -> Iterator[Difference]:
    """Compare the content of the model that a variant serves with that of the one that it shall serve."""
    known = {**models, **wanted.models}
    served = dict(_places_of_models(live))
    for place, new in _places_of_models(wanted):
        old = served.get(place, "")
        if old != new and old in models and new in known:
            yield from _compare(_content(models[old]), _content(known[new]), f"models[{place}]")


def _places_of_models(blueprint: Blueprint) -> Iterator[tuple[str, str]]:
    """Yield each model that a variant or one of its instance pools serves, with the place: the variant's name, then the pool's type."""
    for variant in blueprint.variants:
        yield variant["VariantName"], variant.get("ModelName", "")
        for pool in variant.get("InstancePools", ()):
            if pool.get("ModelNameOverride"):
                yield f"{variant['VariantName']}/{pool['InstanceType']}", pool["ModelNameOverride"]


def _content(model: Document) -> Document:
    return leave_out_defaults({name: value for name, value in model.items() if name != "Tags"})


def _compare_scaling(live: Blueprint, wanted: Blueprint) -> Iterator[Difference]:
    ours, theirs = (
        {name: _scaling_document(scaling) for name, scaling in blueprint.scaling.items()}
        for blueprint in (live, wanted)
    )
    yield from _compare(ours, theirs, "scaling")


def _scaling_document(scaling: VariantScaling) -> Document:
    parts: dict[str, tuple[Mapping[str, Document], Callable[[Document], Document]]] = {
        "policies": (scaling.policies, complete_policy),
        "scheduled": (scaling.scheduled, leave_out_defaults),
    }
    named = {part: {name: plain(each) for name, each in given.items()} for part, (given, plain) in parts.items()}
    return {"min": scaling.min, "max": scaling.max, **{part: given for part, given in named.items() if given}}


def _compare(live: object, wanted: object, path: str, *, secret: bool = False) -> Iterator[Difference]:
    """Compare two trees. What is missing on one side is told as a whole."""
    match live, wanted:
        case dict(), dict():
            ours, theirs = cast("Document", live), cast("Document", wanted)
            for name in dict.fromkeys([*theirs, *ours]):
                hidden = secret or (name == "Environment" and _CONTAINER.search(path) is not None)
                yield from _compare(ours.get(name), theirs.get(name), f"{path}.{name}" if path else name, secret=hidden)
        case list(), list():
            several = cast("list[Any]", live), cast("list[Any]", wanted)
            ours, theirs = (_index(each, [*several[0], *several[1]]) for each in several)
            for name in dict.fromkeys([*theirs, *ours]):
                yield from _compare(ours.get(name), theirs.get(name), f"{path}[{name}]", secret=secret)
        case _ if not _equal(live, wanted):
            member = path.rpartition(".")[2]
            shown = (
                default_of(member, wanted) if live is None else live,
                default_of(member, live) if wanted is None else wanted,
            )
            yield Difference(path, *(_hide(value, all_of_it=secret) for value in shown))
        case _:
            pass


def _index(values: list[Any], everyone: list[Any]) -> dict[str, Any]:
    """Return a list's members by name where all of both lists have one of their own, else by position."""
    for member in _NAMES:
        if all(isinstance(value, dict) and member in value for value in everyone):
            return {value[member]: value for value in values}
    return {str(position): value for position, value in enumerate(values)}


def _equal(live: object, wanted: object) -> bool:
    if isinstance(live, bool) or isinstance(wanted, bool):
        return live is wanted
    if isinstance(live, int | float) and isinstance(wanted, int | float):
        return math.isclose(live, wanted, rel_tol=_SINGLE_PRECISION)
    return live == wanted


def _hide(value: object, *, all_of_it: bool = False) -> Any:  # noqa: ANN401 - a tree of anything
    """Return a value with those of environment variables hidden."""
    match value:
        case None:
            return None
        case dict():
            return {
                name: _hide(each, all_of_it=all_of_it or name == "Environment")
                for name, each in cast("Document", value).items()
            }
        case list() if not all_of_it:
            return [_hide(each) for each in cast("list[object]", value)]
        case _:
            return HIDDEN if all_of_it else value
