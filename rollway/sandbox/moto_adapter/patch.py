"""How the simulator takes the place of parts of moto: a list of patches, put in and taken out together.

Every service module of this package offers ``patches(cloud) -> list[Patch]``. A patched method of a response class may
raise ``Refusal``: ``front`` turns it into the service's error.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Patch:
    """One replaced (or added) attribute of a moto class or module.

    Attributes:
        owner: the class, usually a service's response class; the module; or a part of the simulated account that asks moto.
        name: the attribute's name; moto dispatches an operation to the method of its snake-case name.
        replacement: what takes its place.
        adds: True when moto has nothing under that name.
    """

    owner: object
    name: str
    replacement: Any
    adds: bool = False
