"""RW4: how traffic is split. Weights that no share was meant by, and shadows that show little."""

import math
from typing import Final

from policies.blueprint.document import Section
from policies.blueprint.faults import Fault
from policies.lint.rules import Family, Found, Hit, refused
from policies.lint.subject import Subject, instance_types, name_variant

TRAFFIC: Final = Family("Traffic")

DEFAULT_WEIGHT: Final = 1.0
_WHOLES: Final = (1.0, 100.0)
_TOLERANCE: Final = 1e-3
"""How far a sum may be off: 33.3 three times is meant to be 100 as much as 0.333 three times is meant to be 1."""


def _weights(subject: Subject) -> list[float]:
    """Return the production weights; one that is left out is 1."""
    given = [variant.number("InitialVariantWeight") for variant in subject.production]
    return [DEFAULT_WEIGHT if weight is None else weight for weight in given]


TRAFFIC.rule(
    "RW401",
    "error",
    "All weights are zero",
    why="A share is a weight divided by the sum of all, and here that sum is 0. What SageMaker does then is not documented.",
    remedy="Give each variant the weight that it is meant to have, at least one of them above 0.",
)(refused(Fault.WEIGHTS))


@TRAFFIC.rule(
    "RW402",
    "warning",
    "A weight of exactly 0",
    why="The variant costs its instances and gets no traffic, except from requests that name it. That is right while a rollout warms it "
    "up, and rarely afterwards.",
    remedy="Give it a share, or remove the variant.",
)
def zero_beside_others(subject: Subject) -> Found:
    """Look for weights of 0 beside others."""
    weights = _weights(subject)
    for variant, weight in zip(subject.production, weights, strict=True):
        if weight == 0 and any(weights):
            yield Hit(variant.at("InitialVariantWeight"), f"variant {name_variant(variant)} gets no traffic")


@TRAFFIC.rule(
    "RW403",
    "warning",
    "Weights that are no shares",
    why="Weights count only in proportion. Who writes ones that sum neither to 1 nor to 100 and are not all equal has often changed one "
    "of them and forgotten the rest.",
    remedy="Write weights that sum to 100 (or 1), so that each one is the share that is meant.",
)
def no_shares(subject: Subject) -> Found:
    """Look at the sum of several weights."""
    weights = _weights(subject)
    total = sum(weights)
    whole = any(math.isclose(total, each, rel_tol=_TOLERANCE) for each in _WHOLES)
    if total and not whole and any(weight != weights[0] for weight in weights):
        shares = ", ".join(
            f"{name_variant(variant)} {100 * weight / total:.3g} %"
            for variant, weight in zip(subject.production, weights, strict=True)
        )
        yield Hit(("ProductionVariants",), f"the weights sum to {total:g}, which makes {shares}")


@TRAFFIC.rule(
    "RW404",
    "warning",
    "A weight left out beside others",
    why="A weight that is left out is 1. Beside weights that are percentages that is one percent, which hardly anybody means.",
    remedy="Write every weight.",
)
def weight_left_out(subject: Subject) -> Found:
    """Look for variants without a weight where others have one."""
    given = [variant for variant in subject.production if variant.has("InitialVariantWeight")]
    for variant in subject.production:
        if given and variant not in given:
            yield Hit(variant.path, f"variant {name_variant(variant)} has no InitialVariantWeight; it counts as 1")


@TRAFFIC.rule(
    "RW405",
    "warning",
    "A shadow unlike its variant",
    why="A shadow on other instances, or fewer, has other latency whatever its model is like, so the comparison says little.",
    remedy="Give the shadow the production variant's instance type and count.",
)
def unlike_shadow(subject: Subject) -> Found:
    """Compare a shadow's instances with those of the production variant."""
    for variant in subject.production[:1]:
        for shadow in subject.shadows:
            if (mine := _fleet(shadow)) != (theirs := _fleet(variant)):
                yield Hit(shadow.path, f"the shadow runs on {mine}, variant {name_variant(variant)} on {theirs}")


@TRAFFIC.rule(
    "RW406",
    "warning",
    "A shadow without traffic",
    why="With a weight of 0 nothing is copied to the shadow: it costs its instances and shows nothing.",
    remedy="Give the shadow the production variant's weight, so that every request is copied.",
)
def idle_shadow(subject: Subject) -> Found:
    """Look for shadows with a weight of 0."""
    for shadow in subject.shadows:
        if shadow.number("InitialVariantWeight") == 0:
            yield Hit(shadow.at("InitialVariantWeight"), f"shadow {name_variant(shadow)} gets no traffic")


def _fleet(variant: Section) -> str:
    count = variant.number("InitialInstanceCount")
    return f"{'? ' if count is None else f'{count:g} × '}{' or '.join(instance_types(variant)) or 'no instances'}"
