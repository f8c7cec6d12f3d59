"""Which file of deployments ``rollway setup`` goes by, and from which folder the paths in it count."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import rollway

NAME: Final = "deployments.yaml"
_PACKAGE: Final = Path(rollway.__file__).parent


@dataclass(frozen=True)
class Place:
    """Where the deployments are.

    Attributes:
        file: the file.
        folder: absolute; the entrypoints in the file count from it, and runs begin in it.
    """

    file: Path
    folder: Path


def find_place(given: Path | None) -> Place:
    """Return the file that was asked for; otherwise the one in the current folder, or the one that comes with Rollway.

    In a checkout the latter is at the top, beside the packages. A wheel has it within the package, and the packages side by side as well.
    """
    here = given or Path(NAME)
    if given is None and not here.exists():
        beside = _PACKAGE.parent
        shipped = next((path for path in (_PACKAGE / NAME, beside / NAME) if path.exists()), None)
        if shipped is not None:
            return Place(shipped, beside)
    return Place(here, here.parent.resolve())
