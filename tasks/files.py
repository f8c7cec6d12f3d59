"""Which files a form may name: those below one folder of the worker, so that whoever may start a flow cannot have any other file read."""

import os
from pathlib import Path
from typing import Final

from policies.errors import RolloutError
from policies.loading import LIBRARY

FOLDER: Final = "ROLLWAY_FILES"
"""The environment variable that names the folder; by default that in which the flow runs."""


def find_file(given: str) -> str:
    """Return the path of a file that a form names, with its symbolic links and ``..`` resolved; a relative one begins in that folder.

    Raises:
        RolloutError: it does not lie below the folder.
    """
    folder = Path(os.environ.get(FOLDER, "").strip() or ".")
    hint = f"Give the path of a file below {folder.absolute()}, or set {FOLDER} on the worker."
    if "://" in given:
        raise RolloutError("an address is given, and flows read files of the worker only", hint=hint)
    try:
        path = (folder / given).resolve()
        allowed = path.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL in it, or symbolic links that lead in a circle
        raise RolloutError("the path given cannot be resolved", hint=hint) from None
    if not allowed:
        raise RolloutError(f"{given} does not lie below the folder from which flows read files", hint=hint)
    return str(path)


def find_policy(given: str) -> str:
    """Return the name of a policy that ships with Rollway as it is, and the path of any other one as ``find_file`` does.

    Raises:
        RolloutError: the path does not lie below the folder.
    """
    shipped = {each.stem for each in LIBRARY.glob("*.yaml")}
    return given if given in shipped else find_file(given)
