"""Which variant a request goes to."""

from random import Random

import pytest
from scipy.stats import binomtest

from rollway.sandbox.errors import Refusal
from rollway.sandbox.runtime.routing import choose_shadows, choose_variant
from rollway.sandbox.sagemaker.serving import Serving, ServingVariant


def seeded(seed: int) -> Random:
    return Random(seed)


def variant(name: str, weight: float) -> ServingVariant:
    return ServingVariant(name, f"{name}-1", name, weight, 1, "config")


def serving(*weights: float, shadow: tuple[ServingVariant, ...] = ()) -> Serving:
    return Serving("digits-prod", tuple(variant(f"v{i}", weight) for i, weight in enumerate(weights)), shadow)


@pytest.mark.parametrize("weights", [(9, 1), (1, 1), (0.05, 0.95), (2, 3, 5)])
def test_shares_follow_weights(weights: tuple[float, ...]) -> None:
    """A variant's share of 10,000 requests is its weight over the sum of weights (oracle: scipy's exact binomial test)."""
    rng = seeded(1)
    routed = [choose_variant(serving(*weights), None, rng).name for _ in range(10_000)]
    for index, weight in enumerate(weights):
        share = weight / sum(weights)
        assert binomtest(routed.count(f"v{index}"), len(routed), share).pvalue > 0.001


def test_same_seed_routes_the_same() -> None:
    """A rehearsal can be repeated: the seed decides every choice."""
    first, second = seeded(5), seeded(5)
    for _ in range(100):
        assert choose_variant(serving(1, 1), None, first) == choose_variant(serving(1, 1), None, second)


def test_zero_weight_gets_no_routed_traffic_but_can_be_targeted() -> None:
    """A candidate at weight 0 is warmed up through TargetVariant while users never reach it."""
    rng = seeded(2)
    assert {choose_variant(serving(1, 0), None, rng).name for _ in range(1_000)} == {"v0"}
    assert choose_variant(serving(1, 0), "v1", rng).name == "v1"


def test_unknown_target_is_refused_by_name() -> None:
    """A misspelt TargetVariant is a ValidationError that names what there is, not a random variant."""
    with pytest.raises(Refusal, match=r"typo.*v0, v1") as refused:
        choose_variant(serving(1, 1), "typo", seeded(0))
    assert (refused.value.code, refused.value.status) == ("ValidationError", 400)


def test_all_zero_weights_serve_nobody() -> None:
    """With no weight above 0 no variant is picked by accident."""
    with pytest.raises(Refusal, match="no variant with a weight above 0"):
        choose_variant(serving(0, 0), None, seeded(0))


def test_shadow_of_equal_weight_gets_every_request() -> None:
    """A shadow with the production weight sees all traffic, as AWS's example has it."""
    watched = serving(1, shadow=(variant("shadow", 1),))
    assert all(choose_shadows(watched, seeded(seed)) for seed in range(100))


def test_shadow_of_a_quarter_weight_gets_a_quarter() -> None:
    """A lighter shadow samples the traffic (oracle: scipy's exact binomial test)."""
    rng, watched = seeded(3), serving(4, shadow=(variant("shadow", 1),))
    copies = sum(len(choose_shadows(watched, rng)) for _ in range(10_000))
    assert binomtest(copies, 10_000, 0.25).pvalue > 0.001
