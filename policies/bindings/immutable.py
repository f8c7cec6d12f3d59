"""Which words name one version for good, and which are references that move: an alias, a branch, ``latest``.

A moving reference is never a version: it is not compared, recorded, or put into a name or an address. What a registry or an event calls
a version is checked here before anything follows from it.
"""

import re
from typing import Final

from policies.bindings.event import Registry

WANDB_ID: Final = "wandb-artifact://_id/"
"""How W&B spells the id of one artifact version, which is what ``${artifact_version}`` becomes."""
_WANDB: Final = re.compile(r"([^:\s]+:)?v[0-9]+|wandb-artifact://_id/[A-Za-z0-9_=+/-]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NUMBER: Final = re.compile(r"[0-9]+")
_PACKAGE: Final = re.compile(r"arn:aws[a-z-]*:\S*:model-package/\S+")
_LAST_PART: Final = re.compile(r"[^:@/]*$")
_LATEST: Final = "latest"
_SHOWN: Final = 100

_WANTED: Final = {
    Registry.MLFLOW: "a version number",
    Registry.SAGEMAKER: "the ARN of a model package",
    Registry.WANDB: 'write "version": "${artifact_version}" in the automation\'s payload; ${artifact_version_string} ends in an alias',
    Registry.HUGGING_FACE: "a full commit",
    Registry.GENERIC: "send a number, a digest or another name that is never given to a second version",
}


def is_immutable(registry: Registry, version: str, alias: str = "") -> bool:
    """Say whether a word names one version of a registry for good.

    Args:
        registry: the registry whose word it is.
        version: the word.
        alias: the alias that it was said beside, if any; a generic registry's version cannot be the alias itself.
    """
    match registry:
        case Registry.MLFLOW:
            return _NUMBER.fullmatch(version) is not None
        case Registry.SAGEMAKER:
            return _PACKAGE.fullmatch(version) is not None
        case Registry.WANDB:
            return _WANDB.fullmatch(version) is not None
        case Registry.HUGGING_FACE:
            return _COMMIT.fullmatch(version) is not None
        case Registry.GENERIC:
            return _is_particular(version, alias)


def explain_moving(registry: Registry, version: str) -> str:
    """Say that a word may mean another version tomorrow, and what is needed instead."""
    return f"the version {version[:_SHOWN]!r} is a reference that can move, not a version of {registry}: {_WANTED[registry]}"


def _is_particular(version: str, alias: str) -> bool:
    """Whether a generic registry's word can name one version: versions are counted or hashed, so they have a digit."""
    found = _LAST_PART.search(version)
    last = found[0] if found else ""
    return any(each.isdigit() for each in last) and version != alias and not last.lower().endswith(_LATEST)
