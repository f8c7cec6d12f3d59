"""What the fields of a bindings file demand of one another.

Works on plain documents, also on half-broken ones, so that everything that is wrong with a file is told at once.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from policies.bindings.event import Registry
from policies.bindings.spec import FOLDER, LOOK_EVERY, NO_ARTIFACT, PLACEHOLDER, SOURCE
from policies.blueprint.reading import Members, items, members
from policies.errors import Problem
from policies.values import format_duration, parse_duration

WHEN: Final = ("alias", "tag", "approved", "version_created")
_OFFERED: Final = {
    Registry.MLFLOW: ("alias", "tag", "version_created"),
    Registry.SAGEMAKER: ("approved",),
    Registry.WANDB: ("alias", "version_created"),
    Registry.HUGGING_FACE: ("alias", "version_created"),
    Registry.GENERIC: WHEN,
}
"""What each registry's versions can be chosen by."""
_UNREADABLE: Final = (Registry.WANDB, Registry.GENERIC)
"""Registries that are not read back: W&B's answer needs its own SDK, and nobody knows what a generic one is."""
_TOLD: Final = (Registry.MLFLOW, Registry.SAGEMAKER)
"""Registries that can be told how a rollout ended."""


def find_problems(document: Members) -> Iterator[Problem]:
    """Yield what is incoherent in a bindings document, each with its path."""
    bindings = items(document.get("bindings"))
    for number, binding in enumerate(bindings):
        where = f"bindings[{number}]"
        yield from _when_problems(binding, where)
        yield from _place_problems(binding, where)
        yield from _make_problems(binding, where)
        yield from _trust_problems(binding, where)
        yield from _telling_problems(binding, where)
        yield from _polling_problems(binding, where)
    yield from _shared_problems(bindings)


def _registry(binding: Members) -> Registry | None:
    given = binding.get("registry")
    return Registry(given) if isinstance(given, str) and given in set(Registry) else None


def _when_problems(binding: Members, where: str) -> Iterator[Problem]:
    if "when" not in binding:
        return
    chosen = [kind for kind in WHEN if members(binding["when"]).get(kind) is not None]
    if len(chosen) != 1:
        told = " and ".join(chosen) if chosen else "nothing"
        yield Problem(f"{where}.when", f"says {told}", f"give exactly one of {', '.join(WHEN)}")
        return
    registry = _registry(binding)
    if registry and chosen[0] not in _OFFERED[registry]:
        what = f"is nothing that versions in {registry} can be chosen by"
        yield Problem(f"{where}.when.{chosen[0]}", what, f"give {' or '.join(_OFFERED[registry])}")


def _place_problems(binding: Members, where: str) -> Iterator[Problem]:
    endpoints, fleet = bool(binding.get("endpoints")), bool(binding.get("fleet"))
    if endpoints == fleet:
        what = "both endpoints and a fleet are given" if fleet else "neither endpoints nor a fleet is given"
        yield Problem(f"{where}.endpoints", what, "give one of the two")
    if fleet and "policy" in binding:
        yield Problem(f"{where}.policy", "is given beside a fleet, which has its own", "remove it")


def _make_problems(binding: Members, where: str) -> Iterator[Problem]:
    registry, make, where = _registry(binding), members(binding.get("make")), f"{where}.make"
    if registry is None or not make:
        return
    if registry is Registry.SAGEMAKER:
        for field in ("image", "image_from_tag", "artifact"):
            if field in make:
                yield Problem(f"{where}.{field}", "is said by the model package itself", "remove it")
        return
    if bool(make.get("image")) == bool(make.get("image_from_tag")):
        what = "is given beside image_from_tag" if make.get("image") else "is not given, nor is image_from_tag"
        yield Problem(f"{where}.image", what, "give one of the two")
    if make.get("image_from_tag") and registry is not Registry.MLFLOW:
        yield Problem(
            f"{where}.image_from_tag", f"is for tags, which versions in {registry} have none of", "give image"
        )
    yield from _artifact_problems(make.get("artifact", SOURCE), registry, f"{where}.artifact")
    for field in ("image", "artifact"):
        yield from _template_problems(make.get(field), f"{where}.{field}")


def _artifact_problems(artifact: object, registry: Registry, where: str) -> Iterator[Problem]:
    if not isinstance(artifact, str) or artifact == NO_ARTIFACT:
        return
    if artifact in {SOURCE, FOLDER}:
        if registry is not Registry.MLFLOW:
            what = f"is {artifact}, and {registry} names no place in S3"
            yield Problem(where, what, "write where the artifact lies, such as s3://models/{version}.tar.gz, or none")
        return
    if not artifact.startswith("s3://") or not artifact.endswith((".tar.gz", "/")):
        yield Problem(
            where,
            f"is {artifact!r}, no place of a .tar.gz in S3",
            f"write s3://….tar.gz, a folder s3://…/, {SOURCE}, {FOLDER} or {NO_ARTIFACT}",
        )


def _template_problems(text: object, where: str) -> Iterator[Problem]:
    if not isinstance(text, str):
        return
    left = PLACEHOLDER.sub("", text)
    if "{" in left or "}" in left:
        yield Problem(
            where, f"is {text!r}, with braces of its own", "write {model} and {version} only, which are filled in"
        )


def _trust_problems(binding: Members, where: str) -> Iterator[Problem]:
    registry, trusted = _registry(binding), binding.get("trusted") is True
    if registry in _UNREADABLE and not trusted:
        what = f"events of {registry} cannot be checked against the registry"
        yield Problem(
            f"{where}.trusted", what, "write trusted: true to take them at their word, once its door has a secret"
        )
    if registry is not None and registry not in _UNREADABLE and trusted:
        yield Problem(f"{where}.trusted", f"{registry} is read back, never taken at its word", "remove it")


def _telling_problems(binding: Members, where: str) -> Iterator[Problem]:
    registry, told = _registry(binding), binding.get("write_back") is True
    if told and registry is not None and registry not in _TOLD:
        yield Problem(f"{where}.write_back", f"{registry} cannot be told anything", "remove it")
    if told and binding.get("fleet"):
        yield Problem(
            f"{where}.write_back", "is for endpoints; a fleet's rollouts are not told to registries", "remove it"
        )
    fitting = {"alias_when_promoted": Registry.MLFLOW, "reject_on_rollback": Registry.SAGEMAKER}
    for field, only in fitting.items():
        if not binding.get(field):
            continue
        if registry is not None and registry is not only:
            yield Problem(f"{where}.{field}", f"is for {only}, not for {registry}", "remove it")
        elif not told:
            yield Problem(f"{where}.{field}", "needs write_back: true", "add that, or remove it")
    alias = binding.get("alias_when_promoted")
    if alias and alias == members(binding.get("when")).get("alias"):
        what = f"is {alias!r}, which the binding itself follows"
        yield Problem(f"{where}.alias_when_promoted", what, "choose another alias")


def _polling_problems(binding: Members, where: str) -> Iterator[Problem]:
    try:
        every = parse_duration(binding.get("every", LOOK_EVERY))
    except ValueError:
        return
    if every < LOOK_EVERY:
        least = format_duration(LOOK_EVERY)
        yield Problem(
            f"{where}.every",
            f"is {format_duration(every)}; registries are asked every {least}",
            f"write {least} or more",
        )


def _shared_problems(bindings: list[Members]) -> Iterator[Problem]:
    """Yield what two bindings both want: two answers to what an endpoint should serve would take turns for ever."""
    names = Counter(str(binding.get("name")) for binding in bindings if "name" in binding)
    seen: dict[str, str] = {}
    for number, binding in enumerate(bindings):
        if names[str(binding.get("name"))] > 1:
            yield Problem(
                f"bindings[{number}].name", f"{binding['name']} is named {names[binding['name']]} times", "name it once"
            )
        for position, entry in enumerate(items(binding.get("endpoints"))):
            where, endpoint = f"bindings[{number}].endpoints[{position}]", str(entry.get("endpoint"))
            if endpoint in seen:
                what = f"{endpoint} follows {seen[endpoint]} already"
                remedy = "name it once; a journal tells endpoints apart by name, so those of one name in several Regions need a fleet"
                yield Problem(f"{where}.endpoint", what, remedy)
            elif "endpoint" in entry:
                seen[endpoint] = str(binding.get("name", f"bindings[{number}]"))
