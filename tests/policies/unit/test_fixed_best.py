"""The best of several variants: none is left out without having been beaten."""

import numpy as np
import pandas as pd
import pytest

from policies.compare.fixed.best import find_best
from policies.compare.fixed.design import Design, Metric

SCORE = Metric("score", "mean", "score", better="higher")
DESIGN = Design("a", ("b", "c"), (SCORE, Metric("gap", "distribution", "score")))


def scores(means: dict[str, float], size: int = 100, seed: int = 13) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.concat(
        [pd.DataFrame({"variant": name, "score": rng.normal(mean, 1, size)}) for name, mean in means.items()]
    )


def test_a_clear_winner_is_alone() -> None:
    """A variant that beats both others is the best, and they are told who beat them."""
    found = find_best(scores({"a": 0, "b": 3, "c": 1.5}), DESIGN, "score")
    assert found.unbeaten == ("b",)
    assert found.beaten == {"a": ("b", "c"), "c": ("b",)}
    assert found.sentence == (
        "b is the best (at a risk of 5 % of any false claim): a is beaten by b and c; c is beaten by b"
    )


def test_the_control_can_be_the_best() -> None:
    """No variant has a lead by its role."""
    assert find_best(scores({"a": 3, "b": 0, "c": 0}), DESIGN, "score").unbeaten == ("a",)


def test_rivals_that_no_test_separates_remain() -> None:
    """Only the beaten one is left out."""
    found = find_best(scores({"a": 0, "b": 3, "c": 3}), DESIGN, "score")
    assert found.unbeaten == ("b", "c")
    assert found.sentence.startswith("the best is one of b, c (at a risk of 5 % of any false claim): a is beaten by")


def test_a_variant_without_data_is_never_left_out() -> None:
    """What could not be compared remains possible, and the sentence says so."""
    found = find_best(scores({"a": 0, "b": 3}), DESIGN, "score")
    assert found.unbeaten == ("b", "c")
    assert set(found.inconclusive) == {("a", "c"), ("b", "c")}
    assert "not compared: a and c: too few requests in the treatment: 0" in found.sentence


@pytest.mark.parametrize(
    ("name", "message"), [("gap", "which way is better"), ("cost", "no metric 'cost'; it has score, gap")]
)
def test_best_needs_a_direction(name: str, message: str) -> None:
    """A metric that is unknown, or never better, ranks nothing."""
    with pytest.raises(ValueError, match=message):
        find_best(scores({"a": 0, "b": 0, "c": 0}), DESIGN, name)
