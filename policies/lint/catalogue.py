"""All rules, in the order of their ids. A new rule in one of these families is found here by itself."""

from typing import Final

from policies.lint.capacity import CAPACITY
from policies.lint.capture import CAPTURE
from policies.lint.combinations import COMBINATIONS
from policies.lint.images import IMAGES
from policies.lint.names import NAMES
from policies.lint.network import NETWORK
from policies.lint.permissions import PERMISSIONS
from policies.lint.rules import Family, Rule
from policies.lint.traffic import TRAFFIC
from policies.lint.watching import WATCHING

FAMILIES: Final[tuple[Family, ...]] = (
    NAMES,
    COMBINATIONS,
    CAPACITY,
    TRAFFIC,
    CAPTURE,
    NETWORK,
    PERMISSIONS,
    IMAGES,
    WATCHING,
)
RULES: Final[dict[str, Rule]] = {rule.id: rule for family in FAMILIES for rule in family.rules}
