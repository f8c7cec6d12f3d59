"""Which variant answers a request: chance by weight, as SageMaker routes, or the variant that the caller insists on.

Every request is routed for itself; nothing sticks. Chance comes from the random generator that is passed in.
"""

from random import Random

from rollway.sandbox.errors import Refusal
from rollway.sandbox.sagemaker.serving import Serving, ServingVariant


def choose_variant(serving: Serving, target: str | None, rng: Random) -> ServingVariant:
    """Return the production variant that answers: share_i = weight_i / sum of weights, unless ``target`` names one.

    Raises:
        Refusal: ``ValidationError`` when the target is not among the variants; ``ServiceUnavailable`` when all
            weights are zero (what AWS does then is not documented).
    """
    if target is not None:
        return _named(serving, target)
    total = serving.total_weight
    if total <= 0:
        raise Refusal("ServiceUnavailable", f"Endpoint {serving.endpoint} has no variant with a weight above 0.", 503)
    mark = rng.random() * total
    for variant in serving.variants:
        mark -= variant.weight
        if mark < 0:
            return variant
    return max(serving.variants, key=lambda variant: variant.weight)  # rounding left a sliver above the last weight


def choose_shadows(serving: Serving, rng: Random) -> tuple[ServingVariant, ...]:
    """Return the shadow variants that get a copy: each with the chance shadow weight / production weight, at most 1.

    AWS documents only equal weights (every request is copied); the ratio below that is our reading.
    """
    if not serving.shadow:
        return ()
    total = serving.total_weight
    return tuple(variant for variant in serving.shadow if rng.random() * total < variant.weight)


def _named(serving: Serving, target: str) -> ServingVariant:
    for variant in serving.variants:
        if variant.name == target:
            return variant
    names = ", ".join(variant.name for variant in serving.variants)
    raise Refusal(
        "ValidationError",
        f"Variant {target} not found for endpoint {serving.endpoint}. Its production variants are: {names}.",
    )
