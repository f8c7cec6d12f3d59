"""Which program stands for a container image: the sandbox runs command lines, not containers."""

import re
import sys
from collections.abc import Mapping

PYTHON_IMAGE = "rollway-sandbox/python"
"""The image of the sandbox's own model server; its tag names a Python model: ``rollway-sandbox/python:my.module``."""

_PYTHON_IMAGE = re.compile(rf"(?:\S+/)?{re.escape(PYTHON_IMAGE)}:(?P<module>[A-Za-z_][\w.]*)")


def command_for(image: str, images: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the command line that stands for an image, or None. ``{port}`` in it stands for the port to listen on.

    What the settings map comes first; then the sandbox's own image, under any registry.
    """
    if image in images:
        return images[image]
    match = _PYTHON_IMAGE.fullmatch(image)
    if match is None:
        return None
    return (sys.executable, "-m", "rollway.sandbox.serving", "--port", "{port}", match["module"])


def unknown_image(image: str, variant: str) -> str:
    """Return why no server can run for an image: AWS's failed image pull, and the remedy in the sandbox."""
    return (
        f"The image '{image}' for production variant {variant} does not exist. Specify an image that exists. "
        f"(Simulated: under 'images' in sandbox.yaml, map '{image}' to the command line that serves it, "
        f"or name a Python model module as '{PYTHON_IMAGE}:<module>'.)"
    )
