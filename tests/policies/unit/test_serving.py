"""What serves, from a description of the endpoint: models by configuration, shares, and what is not known."""

import pytest

from policies.endpoint_config import replace_model
from policies.headline import headline, is_confirmed
from policies.lifecycle import Ending, Outcome
from policies.observation import Unavailable
from policies.plan import Plan
from policies.serving import (
    NO_READING,
    NotReadBack,
    ReadBack,
    Serving,
    describe_serving,
    is_on_baseline,
    promoted_model,
    read_back,
    same_traffic,
)
from tests.policies.building import BASELINE, START, make_config, make_endpoint, make_policy, make_rollout

TEST = {
    "strategy": "ab_test",
    "stages": [{"share": 30, "bake": "12m"}],
    "gates": {"buys": {"metric": "Purchase", "namespace": "Shop", "better_by": "0%"}},
}


@pytest.fixture
def contest() -> Plan:
    """An A/B test of fraud-v7, fraud-v8 and fraud-v9 against fraud-v6."""
    return make_rollout(make_policy(**TEST), rivals=("fraud-v8", "fraud-v9"))


def reading(plan: Plan, config: str, shares: dict[str, float], foreign=None, **more) -> ReadBack:
    return read_back(plan, make_endpoint(config, shares, {}, **more), START, foreign)


def ending(outcome: Outcome, serving: Serving) -> Ending:
    return Ending(outcome=outcome, reason="so", at=START, serving=serving)


def test_every_configuration_of_the_plan_is_known_by_its_models(contest: Plan) -> None:
    """The promoted configuration of each challenger, the original and the one side by side, whoever has won meanwhile."""
    configs = {"fraud-v7": contest.promoted.name}
    configs |= {each.contender.model: each.promoted.name for each in contest.rivals}
    beside = {BASELINE: 40.0, "candidate": 30.0, "candidate-2": 0.0, "candidate-3": 30.0}
    for seen in (contest, contest.duel("candidate-2"), contest.duel("candidate-3")):
        for model, config in configs.items():
            found = reading(seen, config, {BASELINE: 100.0})
            winner = promoted_model(seen, found)
            assert describe_serving(found) == f"{model} serves all traffic"
            assert winner is not None
            assert winner.model == model
        told = describe_serving(reading(seen, seen.side_by_side.name, beside))
        assert told == "the traffic goes to fraud-v6 40 %, fraud-v7 30 %, fraud-v9 30 %"
        assert is_on_baseline(seen, reading(seen, seen.original.name, {BASELINE: 100.0}))
        assert is_on_baseline(seen, reading(seen, seen.side_by_side.name, {BASELINE: 100.0, "candidate": 0.0}))


def test_a_foreign_configuration_is_named_or_said_to_be_unknown(contest: Plan) -> None:
    """What the plan does not know comes from AWS; where AWS does not say either, no model is claimed."""
    foreign = replace_model(make_config(), "stranger").model_copy(update={"name": "theirs"})

    known = reading(contest, "theirs", {BASELINE: 100.0}, foreign)
    unknown = reading(contest, "theirs", {BASELINE: 100.0}, Unavailable("access denied"))

    assert describe_serving(known) == "stranger (theirs) serves all traffic"
    assert unknown.served[0].model is None
    assert "not known: access denied" in describe_serving(unknown)
    for each in (known, unknown):
        assert promoted_model(contest, each) is None
        assert not is_on_baseline(contest, each)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_headline_claims_what_was_read_back_only(contest: Plan, outcome: Outcome) -> None:
    """Whatever the outcome: nothing is claimed without a reading, and with one its models are named."""
    unread = headline(contest, ending(outcome, NotReadBack(why="AWS was away")))
    promoted = reading(contest, contest.rivals[0].promoted.name, {BASELINE: 100.0})
    mixed = reading(contest, contest.side_by_side.name, {BASELINE: 40.0, "candidate": 60.0})

    assert "was not read back: AWS was away" in unread
    assert not any(claim in unread for claim in ("serves all traffic", "is back on"))
    assert "fraud-v8 serves all traffic" in headline(contest, ending(outcome, promoted))
    assert "fraud-v6 40 %, fraud-v7 60 %" in headline(contest, ending(outcome, mixed))
    assert not is_confirmed(contest, ending(outcome, NO_READING))
    assert is_confirmed(contest, ending(outcome, promoted)) is (outcome is Outcome.PROMOTED)


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"status": "Failed"}, "the traffic goes to fraud-v7 100 %, and the endpoint is Failed"),
        ({"status": "OutOfService"}, "the endpoint is OutOfService"),
        ({"pending_config": "next"}, "config next is being deployed"),
    ],
)
def test_an_endpoint_in_trouble_or_in_change_confirms_nothing(contest: Plan, more: dict[str, str], part: str) -> None:
    """An endpoint that answers nothing, or is being moved, is described as that and confirms no promotion."""
    found = reading(contest, contest.promoted.name, {BASELINE: 100.0}, **more)

    assert part in describe_serving(found)
    assert promoted_model(contest, found) is None


def test_nothing_gets_traffic(contest: Plan) -> None:
    """Weights that are all zero are told as such."""
    assert describe_serving(reading(contest, contest.original.name, {BASELINE: 0.0})) == "no variant gets traffic"


def test_readings_are_compared_by_models_and_shares(contest: Plan) -> None:
    """The baseline alone is the same traffic on either configuration; another model is not, nor is what could not be read."""
    on_original = reading(contest, contest.original.name, {BASELINE: 100.0})
    beside = reading(contest, contest.side_by_side.name, {BASELINE: 100.0, "candidate": 0.0})
    promoted = reading(contest, contest.promoted.name, {BASELINE: 100.0})

    assert same_traffic(on_original, beside)
    assert not same_traffic(on_original, promoted)
    assert not same_traffic(on_original, NO_READING)
    assert same_traffic(NO_READING, NotReadBack(why="for another reason"))


def test_a_journal_from_before_readings_is_read() -> None:
    """An ending without a reading says that there is none."""
    old = Ending.model_validate({"outcome": "PROMOTED", "reason": "so", "at": START})
    assert old.serving == NO_READING
