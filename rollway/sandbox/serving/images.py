"""Which program stands for a container image: the sandbox runs command lines, not containers.

Requests name images and variables; which of them may be run and set, the person who starts the sandbox has decided.
"""

import re
import sys
from collections.abc import Mapping
from typing import Final

from rollway.sandbox.settings import SandboxSettings

PYTHON_IMAGE = "rollway-sandbox/python"
"""The image of the sandbox's own model server; its tag names a Python model: ``rollway-sandbox/python:my.module``."""

SHIPPED_MODELS: Final = frozenset(f"rollway.sandbox.digits.{name}" for name in ("model", "slow", "failing"))
"""The Python models that are always allowed."""

SHIPPED_VARIABLES: Final = frozenset({"DIGITS_WEIGHTS", "SAGEMAKER_MODEL_DATA_URL"})
"""The variables that a model may always set."""

_PYTHON_IMAGE = re.compile(rf"(?:\S+/)?{re.escape(PYTHON_IMAGE)}:(?P<module>[A-Za-z_][\w.]*)")


def command_for(image: str, settings: SandboxSettings) -> tuple[str, ...] | None:
    """Return the command line that stands for an image, or None. ``{port}`` in it stands for the port to listen on.

    What the settings map comes first; then the sandbox's own image, under any registry, for models that are allowed.
    """
    if image in settings.images:
        return settings.images[image]
    match = _PYTHON_IMAGE.fullmatch(image)
    if match is None or match["module"] not in SHIPPED_MODELS | set(settings.models):
        return None
    return (sys.executable, "-m", "rollway.sandbox.serving", "--port", "{port}", match["module"])


def unknown_image(image: str, variant: str) -> str:
    """Return why no server can run for an image: AWS's failed image pull, and the remedy in the sandbox."""
    match = _PYTHON_IMAGE.fullmatch(image)
    remedy = (
        f"list '{match['module']}' under 'models' in sandbox.yaml"
        if match
        else f"under 'images' in sandbox.yaml, map '{image}' to the command line that serves it, or list a Python model "
        f"under 'models' and name it as '{PYTHON_IMAGE}:<module>'"
    )
    return (
        f"The image '{image}' for production variant {variant} does not exist. Specify an image that exists. "
        f"(Simulated: {remedy}, and start the sandbox again.)"
    )


def find_forbidden_variables(environment: Mapping[str, str], settings: SandboxSettings) -> list[str]:
    """Return the variables of a model that the sandbox does not set, sorted."""
    return sorted(environment.keys() - SHIPPED_VARIABLES - set(settings.environment))


def forbidden_variables(names: list[str], variant: str) -> str:
    """Return why no server runs for a model with variables that the sandbox does not set, and the remedy."""
    listed = ", ".join(names)
    return (
        f"The primary container for production variant {variant} cannot be started. (Simulated: the sandbox sets only the variables of a "
        f"model that its settings allow; list under 'environment' in sandbox.yaml: {listed}; and start the sandbox again.)"
    )
