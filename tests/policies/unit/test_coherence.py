"""What the fields of a policy demand of one another, also in half-broken documents."""

from typing import Any

import pytest

from policies.coherence import find_problems
from policies.errors import PolicyError
from policies.loading import parse_policy

SMALL: dict[str, Any] = {"share": 5, "bake": "1m"}
ALL: dict[str, Any] = {"share": 100, "bake": "1m"}
COMPARING = {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.2}}
AVERAGE = {"metric": "CPUUtilization", "namespace": "/aws/sagemaker/Endpoints", "no_worse_than": "50%"}


def ladder(*shares: object) -> dict[str, Any]:
    return {"stages": [{"share": share, "bake": "1m"} for share in shares]}


def where(document: dict[str, Any]) -> list[str]:
    return [problem.where for problem in find_problems(document)]


@pytest.mark.parametrize(
    ("document", "wheres"),
    [
        (ladder(5, 25, 50, 95), []),
        (ladder(5, 5), ["stages[1].share"]),
        (ladder(50, 25, 10), ["stages[1].share", "stages[2].share"]),
        (ladder(5, "ten", 3), ["stages[2].share"]),
        (ladder(5, 100), ["stages[1].share"]),
        (ladder(5, 100) | {"keep_control": False}, []),
        (ladder(), ["stages"]),
        (ladder(*range(1, 51)), []),
        (ladder(*range(1, 52)), ["stages"]),
        (ladder(5) | {"deadline": "3m"}, ["deadline"]),
        (ladder(5) | {"deadline": "4m"}, []),
        (ladder(5) | {"deadline": "4m", "metrics": {"settle": "5m"}}, ["deadline"]),
        (ladder(5) | {"deadline": "soon", "metrics": 7, "gates": [1], "guardrails": "x"}, []),
        (ladder(5) | {"lease": "149s"}, ["lease"]),
        (ladder(5) | {"lease": "150s"}, []),
        (ladder(5) | {"metrics": {"look_every": "61s"}}, ["lease"]),
        (ladder(5) | {"lease": "10m", "metrics": {"look_every": "2m"}}, []),
        (ladder(5) | {"lease": "long"}, []),
        ({"stages": {"a": 1}}, ["stages"]),
        ({"stages": [7, None]}, []),
    ],
)
def test_incoherent_fields_are_found_where_they_are(document: dict[str, Any], wheres: list[str]) -> None:
    """The path points at the field to change; what the schema complains about already is not said twice."""
    assert where(document) == wheres


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"gates": {"errors": COMPARING}, "stages": [SMALL, ALL]}, "stages[1].gates"),
        ({"guardrails": {"errors": COMPARING}, "stages": [SMALL, ALL]}, "guardrails.errors"),
        ({"gates": {"cpu": AVERAGE, "peak": AVERAGE | {"statistic": "Maximum"}}}, "gates.peak.metric"),
        ({"gates": {"cpu": AVERAGE | {"metric": "errors_5xx"}}}, "gates.cpu.metric"),
        ({"gates": {"cpu": AVERAGE | {"no_worse_than": {"ratio": 2, "or_absolute": "1%"}}}}, "gates.cpu.no_worse_than"),
    ],
    ids=[
        "nothing to compare with",
        "nor for a guardrail",
        "two of one name",
        "a name that is taken",
        "no share of a metric",
    ],
)
def test_comparisons_that_could_never_be_made_are_refused(fields: dict[str, Any], place: str) -> None:
    """A gate that would hold the rollout for ever, or compare something else than it says, is told before anything is touched."""
    with pytest.raises(PolicyError) as refused:
        parse_policy({"strategy": "canary", "stages": [SMALL], "keep_control": False} | fields)
    assert place in [problem.where for problem in refused.value.problems]


def test_a_stage_of_all_traffic_may_need_nothing_compared() -> None:
    """With an empty list of gates sample and split remain, and they can pass."""
    policy = parse_policy(
        {
            "strategy": "canary",
            "stages": [SMALL, ALL | {"gates": list[str]()}],
            "keep_control": False,
            "gates": {"errors": COMPARING},
        }
    )
    assert policy.gates_at(1) == ("sample", "split")


def test_a_lease_that_is_too_short_is_told_with_the_least_one() -> None:
    """Whoever looks rarely must be allowed to be silent for longer, or a living process would be taken for a dead one."""
    with pytest.raises(PolicyError) as refused:
        parse_policy({"strategy": "canary", "stages": [SMALL], "lease": "1m", "metrics": {"look_every": "40s"}})
    (problem,) = refused.value.problems
    assert problem.what == "1m is less than 5 looks of 40s"
    assert problem.remedy == "give it at least 3m20s, or shorten metrics.look_every"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"strategy": "shadow"}, "stages[0].shadow"),
        ({"strategy": "canary", "stages": [{"share": 5, "bake": "5m", "shadow": True}]}, "stages[0].shadow"),
        ({"strategy": "control_twin", "stages": [{"share": 60, "bake": "5m"}]}, "stages[0].share"),
        ({"watch": "10m"}, "watch"),
        ({"probes": {"body": "1", "within": "3m"}}, "probes.within"),
        ({"strategy": "linear", "stages": None, "step": {"share": 1, "bake": "5m"}}, "step.share"),
        ({"strategy": "linear", "stages": None, "step": {"share": 20, "bake": "x"}}, "step.bake"),
    ],
)
def test_what_a_strategy_asks_of_its_policy(fields, where):
    """A policy that its strategy cannot be played by is refused, once and at the field to change."""
    document = {"strategy": "canary", "stages": [{"share": 5, "bake": "5m"}, {"share": 50, "bake": "5m"}]} | fields
    given = {name: value for name, value in document.items() if value is not None}
    with pytest.raises(PolicyError) as caught:
        parse_policy(given)
    assert [problem.where for problem in caught.value.problems] == [where]


def test_equal_steps_are_spelled_out():
    """Twenty percent a step: five stages, of which the last leaves the control its share, unless the policy does without."""
    step = {"strategy": "linear", "step": {"share": 20, "bake": "5m", "instances": 3}}
    assert [(stage.share, stage.instances) for stage in parse_policy(step).stages] == [
        (20, 3),
        (40, 3),
        (60, 3),
        (80, 3),
        (95, 3),
    ]
    assert parse_policy(step | {"keep_control": False}).stages[-1].share == 100


METRIC = {"metric": "Purchase", "namespace": "Shop", "better_by": "0%"}


def ab_test(**more: Any) -> dict[str, Any]:
    return {"strategy": "ab_test", "gates": {"purchases": METRIC}} | ladder(30) | more


@pytest.mark.parametrize(
    ("document", "wheres"),
    [
        (ab_test(), []),
        (ab_test(**ladder(30, 95)), []),
        (ab_test(**ladder(30, 60, 95)), ["stages"]),
        (ab_test(**ladder(96)), ["stages[0].share"]),
        (ab_test(gates={}), ["gates"]),
        (ab_test(gates={"purchases": METRIC, "visits": METRIC}), ["gates"]),
        (ab_test(guardrails={"visits": METRIC}), ["guardrails.visits"]),
        (ab_test(stages=[{"share": 30, "bake": "1m", "gates": []}]), ["stages[0].gates"]),
        (ab_test() | {"strategy": "canary"}, ["gates.purchases"]),
        (ab_test(extend_at_most="14d"), ["metrics.period"]),
        (ab_test(extend_at_most="14d", metrics={"period": "30m"}), []),
    ],
)
def test_an_ab_test_has_one_metric_and_one_stage_beside_the_winners(
    document: dict[str, Any], wheres: list[str]
) -> None:
    """One gate decides, the first stage needs it, nobody else has one, and every look can go through all periods."""
    assert where(document) == wheres
