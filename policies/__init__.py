"""The pure core of Rollway: what a rollout does next, and why.

Nothing in here performs an effect, reads a clock or draws a random number, so every decision can be replayed and tested.

    from policies import judge, load_policy, replay
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policies.loading import load_policy
    from policies.replaying import judge, replay

__all__ = ["judge", "load_policy", "replay"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import on first use: whoever needs no statistics does not wait for scipy."""
    if name == "load_policy":
        from policies.loading import load_policy  # noqa: PLC0415 - see above

        return load_policy
    if name in {"judge", "replay"}:
        from policies import replaying  # noqa: PLC0415 - see above

        return getattr(replaying, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
