"""The configurations that a rollout derives from the live one."""

import re

import pytest

from policies.endpoint_config import (
    CANDIDATE_NAMES,
    EndpointConfig,
    choose_name,
    creatable,
    make,
    name_config,
    replace_model,
)
from tests.policies.building import BASELINE, make_beside, make_config, make_rollout

VALID_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
COUNTS = {BASELINE: 7, "candidate": 1, "challenger": 1}


@pytest.mark.parametrize("endpoint", ["e", "fraud-prod", "a" * 63, "a" * 51 + "-" + "b" * 11, "a-" * 31 + "b"])
def test_a_name_is_valid_and_fits(endpoint: str) -> None:
    """SageMaker takes every name: its pattern and its 63 characters (oracle: the pattern in botocore's service model)."""
    name = name_config(endpoint, {"ProductionVariants": []})
    assert VALID_NAME.fullmatch(name)
    assert len(name) <= 63
    assert name.startswith(endpoint[:40].rstrip("-"))


def test_a_name_follows_the_content_only() -> None:
    """The same content has the same name in every process and whatever the order of its members (oracle: sha256sum)."""
    assert name_config("e", {"a": 1, "b": [2]}) == name_config("e", {"b": [2], "a": 1}) == "e-0855bfc20e"
    assert name_config("e", {"a": 1}) != name_config("e", {"a": 2})


def test_unknown_members_are_kept() -> None:
    """A member that SageMaker adds tomorrow is carried into both configurations, for both variants."""
    live = make_config()
    beside, promoted = make_beside(live, "e", "fraud-v7", COUNTS), replace_model(live, "fraud-v7")
    for config in (beside, promoted):
        assert config.fields["KmsKeyId"] == "key-1"
        assert all(variant["FutureMember"] == {"deep": [1, 2]} for variant in config.variants)


def test_the_candidate_stands_beside_the_baseline_at_share_0() -> None:
    """Adding the candidate neither moves traffic nor undoes what autoscaling did to the baseline."""
    beside = make_beside(make_config(), "e", "fraud-v7", COUNTS)
    baseline, candidate = beside.variant(BASELINE), beside.variant("candidate")
    assert (baseline["InitialVariantWeight"], candidate["InitialVariantWeight"]) == (100.0, 0.0)
    assert (baseline["InitialInstanceCount"], candidate["InitialInstanceCount"]) == (7, 1)
    assert (baseline["ModelName"], candidate["ModelName"]) == ("fraud-v6", "fraud-v7")


def test_promotion_changes_the_model_and_nothing_else() -> None:
    """The promoted configuration differs from the original in its model's name alone."""
    live = make_config()
    (variant,) = replace_model(live, "fraud-v7").variants
    assert variant == live.variant(BASELINE) | {"ModelName": "fraud-v7"}


def test_the_candidate_never_takes_the_live_variants_name() -> None:
    """An endpoint whose variant is called candidate already gets a challenger."""
    assert choose_name(make_config(), CANDIDATE_NAMES) == "candidate"
    assert choose_name(make_config(VariantName="candidate"), CANDIDATE_NAMES) == "challenger"


def test_tags_that_only_aws_may_set_are_dropped() -> None:
    """SageMaker refuses a request with aws: tags, so neither new configurations nor the one to return to carry any."""
    assert creatable(make_config()).tags == {"team": "fraud"}
    marked = make(make_config(), "e", "r-1")
    assert marked.tags == {"team": "fraud", "rollway:made-by": "rollway", "rollway:rollout": "r-1"}
    plan = make_rollout()
    for config in (plan.original, plan.side_by_side, plan.promoted):
        assert not any(key.startswith("aws:") for key in config.tags)


def test_a_variant_that_is_not_there_is_a_key_error() -> None:
    """Asking for an unknown variant never answers with another one."""
    with pytest.raises(KeyError):
        EndpointConfig(name="c", fields={"ProductionVariants": []}).variant("x")
