"""How verbs write down a difference between a live endpoint and its blueprint, for a person."""

import json

from policies.blueprint.difference import Difference


def tell_difference(difference: Difference) -> str:
    """Write a difference as one line: ``config.ProductionVariants[AllTraffic].InstanceType: ml.m5.large → ml.m5.xlarge``."""
    return f"{difference.path}: {_tell(difference.live)} → {_tell(difference.wanted)}"


def _tell(value: object) -> str:
    if value is None:
        return "(absent)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
