"""What a registry asks for, counted over its moves: the same version asked for again after another one is another wish.

Only moves that were seen count. What moved away and back between two looks is the same wish.
"""

from policies.values import Frozen


class Wish(Frozen):
    """What a registry was last seen to ask for by one binding.

    Attributes:
        version: the version; empty where there was none.
        number: how many different ones there have been, one after another.
    """

    version: str
    number: int

    def name(self, binding: str) -> str:
        """Return what tells this wish of a binding from every other one."""
        return f"{binding}/{self.number}"


def next_wish(known: Wish | None, version: str) -> Wish:
    """Return what is asked for now, given what was known and the version that the registry names; the same while it does not move."""
    if known is not None and known.version == version:
        return known
    return Wish(version=version, number=known.number + 1 if known else 1)


def is_another(wish: str, earlier: str) -> bool:
    """Whether a wish is known to be another one than that of an earlier rollout; of rollouts that a person started nothing is known."""
    return bool(wish and earlier) and wish != earlier
